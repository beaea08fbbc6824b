import { type FileHandle, open, rename } from 'node:fs/promises';
import { Writable } from 'node:stream';

/**
 * The server's log: `file` and, when that is full, `file.1` before it; never more than twice `maxBytes` on disk.
 * A write that fails loses that piece and is told once. The server must not come to a stop because its log cannot be
 * written, which would happen if nobody read its stderr any more.
 */
export class LogFile extends Writable {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #onTrouble: (error: unknown) => void;
  #file: FileHandle | null = null;
  #size = 0;
  #troubled = false;

  constructor(path: string, maxBytes: number, onTrouble: (error: unknown) => void) {
    super({ decodeStrings: true });
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#onTrouble = onTrouble;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#append(chunk).then(done, (error: unknown) => {
      if (!this.#troubled) this.#onTrouble(error);
      this.#troubled = true;
      done();
    });
  }

  override _final(done: (error?: Error | null) => void): void {
    const file = this.#file;
    this.#file = null;
    (file?.close() ?? Promise.resolve()).then(() => done(), done);
  }

  async #append(chunk: Buffer): Promise<void> {
    this.#file ??= await this.#open();
    if (this.#size > 0 && this.#size + chunk.length > this.#maxBytes) {
      await this.#file.close();
      this.#file = null;
      await rename(this.#path, `${this.#path}.1`);
      this.#file = await this.#open();
    }
    await this.#file.write(chunk);
    this.#size += chunk.length;
    this.#troubled = false;
  }

  async #open(): Promise<FileHandle> {
    const file = await open(this.#path, 'a', 0o600);
    this.#size = (await file.stat()).size;
    return file;
  }
}
