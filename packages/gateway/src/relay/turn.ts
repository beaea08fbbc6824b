/**
 * One turn of the event loop, and the order of promise 3 in it: read → record → forward. Chunks that come while anything
 * waits to be recorded are held; when everything that was ready to be read has been read, the record of them all goes
 * out at once, and then they go. One worker has one turn, so that its sessions share each write.
 */
import type { Buffer } from 'node:buffer';
import { Arena } from './arena.ts';
import type { Recorder } from './recorder.ts';

/** Whose chunks are held. */
export interface Holder {
  /** The record stands: the chunk may go. */
  release(chunk: Buffer): void;
  /** The record could not be written: the chunk must not go. */
  withhold(chunk: Buffer, error: unknown): void;
}

interface Held {
  readonly holder: Holder;
  readonly chunk: Buffer;
}

export class Turn {
  readonly arena = new Arena();
  readonly #recorder: Recorder;
  readonly #failed: (error: unknown) => void;
  #held: Held[] = [];
  #scheduled = false;

  /** `failed` hears of every record that could not be written, also of those that held nobody up. */
  constructor(recorder: Recorder, failed: (error: unknown) => void) {
    this.#recorder = recorder;
    this.#failed = failed;
  }

  /** True while something recorded is not yet out of the process's hands: nothing may be forwarded but through `hold`. */
  get recording(): boolean {
    return this.#recorder.pending;
  }

  hold(holder: Holder, chunk: Buffer): void {
    this.#held.push({ holder, chunk });
    this.soon();
  }

  /** Writes the record at the end of this turn, though no chunk waits for it. */
  soon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#end);
  }

  /** Resolves when everything recorded so far stands; rejects when it could not be written. */
  async recorded(): Promise<void> {
    await this.#recorder.flush();
  }

  readonly #end = (): void => {
    this.#scheduled = false;
    const held = this.#held;
    this.#held = [];
    let waiting: Promise<void> | undefined;
    try {
      waiting = this.#recorder.flush();
    } catch (error) {
      this.#withhold(held, error);
      return;
    }
    if (waiting === undefined) this.#release(held);
    else {
      waiting.then(
        () => this.#release(held),
        (error: unknown) => this.#withhold(held, error),
      );
    }
  };

  #release(held: readonly Held[]): void {
    for (const { holder, chunk } of held) holder.release(chunk);
  }

  #withhold(held: readonly Held[], error: unknown): void {
    this.#failed(error);
    for (const { holder, chunk } of held) holder.withhold(chunk, error);
  }
}
