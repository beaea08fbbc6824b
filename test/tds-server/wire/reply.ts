/** A response under way: tokens in, packets out, with the next one only when the client reads. */
import { Buffer } from 'node:buffer';
import type { Duplex } from 'node:stream';
import { HEADER_BYTES, PacketType, packet } from './packets.ts';

/** Nobody is there to answer. */
export class ClientGone extends Error {}

export class Reply {
  readonly #stream: Duplex;
  readonly #bodyBytes: number;
  readonly #spid: number;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #sequence = 1;

  constructor(stream: Duplex, packetSize: number, spid: number) {
    this.#stream = stream;
    this.#bodyBytes = packetSize - HEADER_BYTES;
    this.#spid = spid;
  }

  write(token: Buffer): void {
    this.#pending.push(token);
    this.#pendingBytes += token.length;
    // One body is kept back: the last packet says that it is, and it can't be empty.
    if (this.#pendingBytes <= this.#bodyBytes) return;
    let bytes = Buffer.concat(this.#pending);
    while (bytes.length > this.#bodyBytes) {
      this.#send(bytes.subarray(0, this.#bodyBytes), false);
      bytes = bytes.subarray(this.#bodyBytes);
    }
    this.#pending = [bytes];
    this.#pendingBytes = bytes.length;
  }

  /** Resolves when the client has room for more, and at least once round the event loop, so that attention is heard. */
  async room(): Promise<void> {
    const stream = this.#stream;
    if (stream.destroyed) throw new ClientGone('the client has gone');
    if (stream.writableNeedDrain) {
      const { promise, resolve } = Promise.withResolvers<void>();
      // A stream that closes never drains.
      for (const event of ['drain', 'close']) stream.once(event, resolve);
      await promise;
      for (const event of ['drain', 'close']) stream.off(event, resolve);
      return;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** More was written than the client has taken: `room` is worth waiting for. */
  get full(): boolean {
    return this.#stream.writableNeedDrain;
  }

  end(): void {
    this.#send(Buffer.concat(this.#pending), true);
    this.#pending = [];
    this.#pendingBytes = 0;
  }

  #send(body: Buffer, last: boolean): void {
    if (!this.#stream.writable) return;
    this.#stream.write(packet(PacketType.response, body, last, this.#sequence, this.#spid));
    this.#sequence += 1;
  }
}
