/** TLS as TDS 7 does it: the handshake rides in PRELOGIN packets (MS-TDS 2.2.6.5), what follows goes as it is. */

import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { sqlserver } from '@tidegate/wire';

/** The stream for a TLS client to sit on; `done` once its handshake is over. */
export class PreloginStream extends Duplex {
  readonly #socket: Socket;
  readonly #reader = new sqlserver.MessageReader('server');
  #done = false;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  done(): void {
    this.#done = true;
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: string, callback: (error?: Error | null) => void): void {
    const bytes = this.#done ? chunk : sqlserver.packets(sqlserver.PacketType.prelogin, chunk);
    if (this.#socket.write(bytes)) callback();
    else this.#socket.once('drain', () => callback());
  }

  override _final(callback: () => void): void {
    this.#socket.end(callback);
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#socket.destroy();
    callback(error);
  }

  #received(chunk: Buffer): void {
    if (this.#done) {
      if (!this.push(chunk)) this.#socket.pause();
      return;
    }
    try {
      this.#reader.push(chunk);
      for (let message = this.#reader.message(); message !== null; message = this.#reader.message()) {
        this.push(message.body);
      }
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
