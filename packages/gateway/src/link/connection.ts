/** One connection of the link: a WebSocket whose every message is one of the contract's, and whose silence ends it. */
import type { IncomingMessage } from 'node:http';
import {
  type FromGateway,
  LINK_MAX_MESSAGE_BYTES,
  LINK_PATHS,
  LINK_PING_EVERY_MS,
  LINK_SILENT_AFTER_MS,
  type ToGateway,
  toGateway,
} from '@tidegate/contract';
import WebSocket from 'ws';
import { type LinkAddress, type LinkTls, tlsOptions } from './http.ts';

const HANDSHAKE_MS = 5_000;

export interface ConnectionOptions {
  readonly address: LinkAddress;
  readonly tls: LinkTls;
  readonly onOpen: () => void;
  readonly onMessage: (message: ToGateway) => void;
}

/** How a connection ended. `status`: the HTTP status with which the control plane refused it, null: it did not. */
export interface Ended {
  readonly why: string;
  readonly status: number | null;
}

export class LinkConnection {
  /** Resolves when the connection is over, however that comes. */
  readonly ended: Promise<Ended>;
  readonly #socket: WebSocket;
  readonly #end: (ended: Ended) => void;
  #heardAt = performance.now();
  #ticker: NodeJS.Timeout | null = null;
  #pingEveryMs = LINK_PING_EVERY_MS;

  constructor({ address, tls, onOpen, onMessage }: ConnectionOptions) {
    const { promise, resolve } = Promise.withResolvers<Ended>();
    this.ended = promise;
    this.#end = resolve;
    const host = address.host.includes(':') ? `[${address.host}]` : address.host;
    const socket = new WebSocket(`wss://${host}:${address.port}${LINK_PATHS.link}`, {
      ...tlsOptions(address, tls),
      maxPayload: LINK_MAX_MESSAGE_BYTES,
      handshakeTimeout: HANDSHAKE_MS,
      perMessageDeflate: false,
    });
    this.#socket = socket;
    socket.on('unexpected-response', (_request, response: IncomingMessage) => {
      this.#over(`refused with HTTP ${response.statusCode}`, response.statusCode ?? null);
      socket.terminate();
    });
    socket.on('open', () => {
      this.#heardAt = performance.now();
      onOpen();
      this.#tick();
    });
    socket.on('message', (data: Buffer, binary: boolean) => this.#read(data, binary, onMessage));
    socket.on('error', (error) => this.#over(error.message));
    socket.on('close', (code, reason) => this.#over(`closed (${code} ${reason.toString('utf8')})`));
  }

  /** Dropped where the connection is not open: what matters is said again on the next. */
  send(message: FromGateway): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** Pings at least this often, in milliseconds, where the contract's pace is too slow to notice staleness in time. */
  pingEvery(ms: number): void {
    this.#pingEveryMs = Math.min(LINK_PING_EVERY_MS, Math.max(100, ms));
    if (this.#ticker !== null) this.#tick();
  }

  close(): void {
    this.#over('closed by this gateway');
    this.#socket.close(1000);
    setTimeout(() => this.#socket.terminate(), 500).unref();
  }

  #read(data: Buffer, binary: boolean, onMessage: (message: ToGateway) => void): void {
    let message: ToGateway;
    try {
      if (binary) throw new SyntaxError('a binary message');
      message = toGateway.parse(JSON.parse(data.toString('utf8')));
    } catch (error) {
      // Never with the message itself in the log: it holds secrets.
      this.#over(`the control plane said something that is not in the contract (${describe(error)})`);
      this.#socket.close(1002);
      return;
    }
    this.#heardAt = performance.now();
    onMessage(message);
  }

  #tick(): void {
    if (this.#ticker !== null) clearTimeout(this.#ticker);
    const now = performance.now();
    const most = Math.min(LINK_SILENT_AFTER_MS, this.#pingEveryMs * 3);
    if (now - this.#heardAt > most) {
      this.#over(`silent for ${Math.round(most / 1000)} s`);
      this.#socket.terminate();
      return;
    }
    this.send({ type: 'ping', at: now });
    this.#ticker = setTimeout(() => this.#tick(), this.#pingEveryMs);
  }

  #over(why: string, status: number | null = null): void {
    if (this.#ticker !== null) clearTimeout(this.#ticker);
    this.#ticker = null;
    this.#end({ why, status });
  }
}

function describe(error: unknown): string {
  if (error instanceof SyntaxError) return 'not JSON';
  if (error instanceof Error && 'issues' in error && Array.isArray(error.issues)) {
    return error.issues.map((issue: { path: unknown[] }) => issue.path.join('.')).join(', ');
  }
  return 'unreadable';
}
