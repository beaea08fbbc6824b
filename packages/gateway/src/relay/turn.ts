/**
 * One turn of the event loop, and the order of promise 3 in it: read → record → forward. Chunks are held as they are
 * read; when everything that was ready to be read has been read, they are told to the record one after the other, the
 * record goes out in one write, and then they go. One worker has one turn, so that its sessions share each write, and
 * the processor does one kind of work at a time.
 */
import type { Buffer } from 'node:buffer';
import { Arena } from './arena.ts';
import type { Recorder } from './recorder.ts';

/** Whose chunks are held. */
export interface Holder {
  /** Tells the record what the chunk means. Gives what of it may be forwarded once the record stands, or null: nothing. */
  record(chunk: Buffer): Buffer | null;
  /** The record stands: the chunk may go. */
  release(chunk: Buffer): void;
  /** The record could not be written: the chunk must not go. */
  withhold(chunk: Buffer, error: unknown): void;
}

/** Chunks and whose they are, in two lists because objects for each would be garbage for each. */
interface Held {
  readonly holders: Holder[];
  readonly chunks: Buffer[];
}

export class Turn {
  readonly arena = new Arena();
  readonly #recorder: Recorder;
  readonly #failed: (error: unknown) => void;
  #held: Held = { holders: [], chunks: [] };
  #spare: Held = { holders: [], chunks: [] };
  #scheduled = false;
  /** A record that takes time (durability `disk`), until it stands. */
  #underway: Promise<void> | undefined;

  /** `failed` hears of every record that could not be written, also of those that held nobody up. */
  constructor(recorder: Recorder, failed: (error: unknown) => void) {
    this.#recorder = recorder;
    this.#failed = failed;
  }

  /** Holds a chunk until the end of the turn. */
  hold(holder: Holder, chunk: Buffer): void {
    this.#held.holders.push(holder);
    this.#held.chunks.push(chunk);
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
    this.#held = this.#spare;
    this.#record(held);
    try {
      // What needs no record itself must still not overtake what waits for one.
      this.#underway = this.#recorder.flush() ?? this.#underway;
    } catch (error) {
      this.#withhold(held, error);
      return;
    }
    if (this.#underway === undefined) this.#release(held);
    else this.#releaseAfter(this.#underway, held);
  };

  /** Leaves in `held` what may be forwarded. */
  #record({ holders, chunks }: Held): void {
    let left = 0;
    for (let i = 0; i < holders.length; i++) {
      const holder = holders[i];
      const chunk = chunks[i];
      if (holder === undefined || chunk === undefined) continue;
      const forward = holder.record(chunk);
      if (forward === null) continue;
      holders[left] = holder;
      chunks[left] = forward;
      left += 1;
    }
    holders.length = left;
    chunks.length = left;
  }

  #releaseAfter(recorded: Promise<void>, held: Held): void {
    // These lists are in use for longer than the turn.
    this.#spare = { holders: [], chunks: [] };
    const settled = () => {
      if (this.#underway === recorded) this.#underway = undefined;
    };
    recorded.then(
      () => {
        settled();
        this.#release(held);
      },
      (error: unknown) => {
        settled();
        this.#withhold(held, error);
      },
    );
  }

  #release(held: Held): void {
    const { holders, chunks } = held;
    for (let i = 0; i < holders.length; i++) {
      const chunk = chunks[i];
      if (chunk !== undefined) holders[i]?.release(chunk);
    }
    this.#recycle(held);
  }

  #withhold(held: Held, error: unknown): void {
    this.#failed(error);
    const { holders, chunks } = held;
    for (let i = 0; i < holders.length; i++) {
      const chunk = chunks[i];
      if (chunk !== undefined) holders[i]?.withhold(chunk, error);
    }
    this.#recycle(held);
  }

  #recycle(held: Held): void {
    held.holders.length = 0;
    held.chunks.length = 0;
    this.#spare = held;
  }
}
