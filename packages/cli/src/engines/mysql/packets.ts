/** A login's packets over one socket, numbered as both ends count them. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { mysql } from '@tidegate/wire';

/** A peer that says nothing for so long is not there. */
const LOGIN_MS = 15_000;

export class Packets {
  readonly #reader: mysql.LoginPackets;
  readonly #deadline: AbortSignal;
  #socket: Socket;
  #sequence: number;

  /** `from`: whose packets are read. `sequence`: of the next packet, whoever sends it. */
  constructor(socket: Socket, from: 'client' | 'server', sequence = 0) {
    const gone = new AbortController();
    socket.once('close', () => gone.abort(new Error('the connection was closed during the login')));
    this.#socket = socket;
    this.#reader = new mysql.LoginPackets(from);
    this.#deadline = AbortSignal.any([gone.signal, AbortSignal.timeout(LOGIN_MS)]);
    this.#sequence = sequence;
  }

  get sequence(): number {
    return this.#sequence;
  }

  async receive(): Promise<Buffer> {
    for (;;) {
      const packet = this.#reader.packet();
      if (packet !== null) {
        this.#sequence = packet.sequence + 1;
        return packet.body;
      }
      const [chunk] = await once(this.#socket, 'data', { signal: this.#deadline });
      if (Buffer.isBuffer(chunk)) this.#reader.push(chunk);
    }
  }

  send(...bodies: readonly Buffer[]): void {
    this.#socket.write(Buffer.concat(bodies.map((body) => mysql.packet(this.#sequence++, body))));
  }

  /** Goes on inside TLS; nothing may have come in the clear that was not read: anybody could have put it there. */
  async inside(secure: () => Promise<Socket>): Promise<void> {
    if (this.#reader.waiting > 0) throw new Error('the gateway said more before TLS than it should');
    this.#socket = await secure();
  }

  /** Ends the reading: what had come beyond the login, and the socket to read on from, paused. */
  over(): { readonly socket: Socket; readonly early: Buffer } {
    this.#socket.pause();
    return { socket: this.#socket, early: this.#reader.rest() };
  }
}
