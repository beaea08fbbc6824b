/** The relay's sockets: the port it knows them by, and the layer behind it, which is that of the runtime at hand. */
import { bunSockets } from './sockets/bun.ts';
import { bunRuntime } from './sockets/bun-handle.ts';
import { nodeSockets } from './sockets/node.ts';
import type { SocketLayer } from './sockets/port.ts';

export {
  type Listening,
  PRESSURE_BYTES,
  type RelaySocket,
  type SocketAddress,
  type SocketReader,
} from './sockets/port.ts';

const bun = bunRuntime();

const layer: SocketLayer = bun === null ? nodeSockets : bunSockets(bun);

export const connectSocket: SocketLayer['connect'] = (...to) => layer.connect(...to);
export const listenForSockets: SocketLayer['listen'] = (...on) => layer.listen(...on);
