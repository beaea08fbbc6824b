/** Logs in at the gateway with a ticket, on behalf of a tool that was asked for no password. */
import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Connection } from '@tidegate/contract';
import { mysql } from '@tidegate/wire';
import { Packets } from './packets.ts';

const CONNECT_MS = 15_000;
/** What an ERR packet begins with. */
const ERROR = 0xff;

/** What the gateway answered instead of letting us in: its ERR packet's body, to be handed on as it is. */
export class GatewayRefusal extends Error {
  readonly body: Buffer;

  constructor(body: Buffer) {
    super(mysql.readError(body).message);
    this.body = body;
  }
}

export interface Greeted {
  readonly packets: Packets;
  readonly socket: Socket;
  readonly greeting: mysql.Handshake;
}

/** Connects and hears what the gateway can: the tool is told no more than that. Rejects with a GatewayRefusal. */
export async function greetedBy(connection: Connection): Promise<Greeted> {
  const socket = connect({ host: connection.host, port: connection.port, noDelay: true });
  socket.on('error', () => socket.destroy());
  await once(socket, 'connect', { signal: AbortSignal.timeout(CONNECT_MS) });
  const packets = new Packets(socket, 'server');
  const body = await packets.receive();
  if (body[0] === ERROR) throw new GatewayRefusal(body);
  return { packets, socket, greeting: mysql.readHandshake(body) };
}

/**
 * Answers as the tool did, but as the grant's user and with the ticket; inside TLS where the listener asks for it. Gives
 * the body of the gateway's OK.
 */
export async function logIn(
  { packets, socket, greeting }: Greeted,
  connection: Connection,
  tool: mysql.HandshakeResponse,
): Promise<Buffer> {
  const secure = connection.tlsRequired;
  const { Capability } = mysql;
  const own = Capability.pluginAuth | Capability.secureConnection | Capability.connectWithDatabase;
  const capabilities = ((tool.capabilities & greeting.capabilities) | own | (secure ? Capability.ssl : 0)) >>> 0;
  const mariadbCapabilities = (tool.mariadbCapabilities & greeting.mariadbCapabilities) >>> 0;
  const base = { ...tool, capabilities, mariadbCapabilities, user: connection.user };
  if (secure) {
    packets.send(mysql.sslRequest(base));
    await packets.inside(() => encrypted(socket, connection));
  }
  const plugin = greeting.plugin === mysql.Plugin.native ? mysql.Plugin.native : mysql.Plugin.cachingSha2;
  packets.send(
    mysql.handshakeResponse({ ...base, plugin, proof: proofOf(plugin, connection.password, greeting.nonce) }),
  );
  for (;;) {
    const body = await packets.receive();
    const said = mysql.readAuthPacket(body);
    switch (said.kind) {
      case 'ok':
        return body;
      case 'error':
        throw new GatewayRefusal(body);
      case 'switch':
        packets.send(proofOf(said.plugin, connection.password, said.data));
        break;
      case 'more':
        if (said.data[0] === mysql.CachingSha2.fastDone) break;
        if (!secure) throw new Error('the gateway asks for the ticket in the clear');
        packets.send(mysql.plainPassword(connection.password));
    }
  }
}

async function encrypted(socket: Socket, { host, ca }: Connection): Promise<Socket> {
  const name = isIP(host) === 0 ? { servername: host } : {};
  const tls = connectTls({ socket, ca, host, ...name, minVersion: 'TLSv1.2' });
  tls.on('error', () => socket.destroy());
  await once(tls, 'secureConnect', { signal: AbortSignal.timeout(CONNECT_MS) });
  return tls;
}

function proofOf(plugin: string, ticket: string, nonce: Buffer): Buffer {
  switch (plugin) {
    case mysql.Plugin.native:
      return mysql.nativeProof(ticket, nonce);
    case mysql.Plugin.cachingSha2:
      return mysql.sha2Proof(ticket, nonce);
    default:
      throw new Error('the gateway asks for a login that this command does not know');
  }
}
