/** A response under way: tokens in, packets out, with the next one only when the client reads. */
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { HEADER_BYTES, PacketType, packet } from './packets.ts';

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
    // `once` rejects when the stream errs; a stream that closes without an error never drains.
    if (this.#stream.writableNeedDrain && !this.#stream.destroyed) {
      const closed = new AbortController();
      const stop = () => closed.abort();
      this.#stream.once('close', stop);
      try {
        await once(this.#stream, 'drain', { signal: closed.signal });
      } finally {
        this.#stream.off('close', stop);
      }
      return;
    }
    await new Promise((resolve) => setImmediate(resolve));
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
