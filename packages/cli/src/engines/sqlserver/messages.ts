/** A handshake's messages over one socket. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { sqlserver } from '@tidegate/wire';

/** A peer that says nothing for so long is not there. */
const LOGIN_MS = 15_000;

export class Messages {
  readonly #socket: Socket;
  readonly #reader: sqlserver.MessageReader;
  readonly #deadline: AbortSignal;

  /** `from`: whose messages are read. */
  constructor(socket: Socket, from: 'client' | 'server') {
    const gone = new AbortController();
    socket.once('close', () => gone.abort(new Error('the connection was closed during the login')));
    this.#socket = socket;
    this.#reader = new sqlserver.MessageReader(from);
    this.#deadline = AbortSignal.any([gone.signal, AbortSignal.timeout(LOGIN_MS)]);
  }

  /** True when the peer begins with TLS. */
  get beginsWithTls(): boolean {
    return this.#reader.first === sqlserver.TLS_HANDSHAKE;
  }

  async receive(): Promise<sqlserver.RawMessage> {
    for (;;) {
      if (this.beginsWithTls) throw new Error('this local port speaks no TLS: turn encryption off in the tool');
      const message = this.#reader.message();
      if (message !== null) return message;
      const [chunk] = await once(this.#socket, 'data', { signal: this.#deadline });
      if (Buffer.isBuffer(chunk)) this.#reader.push(chunk);
    }
  }

  send(type: number, body: Buffer): void {
    this.#socket.write(sqlserver.packets(type, body));
  }

  /** Ends the reading, and gives what had come beyond it; the socket is paused. */
  over(): Buffer {
    this.#socket.pause();
    return this.#reader.rest();
  }
}
