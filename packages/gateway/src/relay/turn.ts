/**
 * One turn of the event loop, and the order of promise 3 in it: read → record → forward. What clients send is held as it
 * is read; when everything that was ready to be read has been read, it is told to the record chunk after chunk, the
 * record goes out in one write, and then the chunks go. One worker has one turn, so that its sessions share each write.
 *
 * What servers send is not held: it tells outcomes of what is on record already. Those ride along with the next write,
 * or have one of their own when none comes soon.
 */
import type { Buffer } from 'node:buffer';
import { Arena } from './arena.ts';
import type { Recorder } from './recorder.ts';

/** An outcome waits for another write to ride along with, at most so long, in milliseconds. */
const OUTCOME_MS = 5;
/**
 * When so many chunks in a row were one client's, nobody else is busy: there is nothing to share a write with, and the
 * end of the turn is not waited for.
 */
const ALONE_AFTER = 16;

/** Whose chunks are held. */
export interface Holder {
  /** Tells the record what the chunk means. Gives what of it may be forwarded once the record stands, or null: nothing. */
  record(chunk: Buffer): Buffer | null;
  /** The record stands: the chunk may go. */
  release(chunk: Buffer): void;
  /** The record could not be written: the chunk must not go. */
  withhold(chunk: Buffer, error: unknown): void;
}

/** Whose outcomes wait. */
export interface Owing {
  /** The record of what its server said could not be written. */
  unrecorded(error: unknown): void;
}

/** Lists that are used again turn after turn: objects for each chunk would be garbage for each. */
interface Held {
  readonly holders: (Holder | undefined)[];
  readonly chunks: (Buffer | undefined)[];
  count: number;
}

const noneHeld = (): Held => ({ holders: [], chunks: [], count: 0 });

export class Turn {
  readonly arena = new Arena();
  readonly #recorder: Recorder;
  readonly #failed: (error: unknown) => void;
  #held = noneHeld();
  #spare = noneHeld();
  #scheduled = false;
  #ending = false;
  readonly #owing = new Set<Owing>();
  #outcomeTimer: NodeJS.Timeout | null = null;
  /** Whose chunk was held last, and how many of that client's in a row. */
  #last: Holder | null = null;
  #streak = 0;
  /** A record that takes time (durability `disk`), until it stands. */
  #underway: Promise<void> | undefined;

  /** `failed` hears of every record that could not be written, also of those that held nobody up. */
  constructor(recorder: Recorder, failed: (error: unknown) => void) {
    this.#recorder = recorder;
    this.#failed = failed;
  }

  /** Holds a chunk until the end of the turn, or of this call. */
  hold(holder: Holder, chunk: Buffer): void {
    const held = this.#held;
    held.holders[held.count] = holder;
    held.chunks[held.count] = chunk;
    held.count += 1;
    if (holder === this.#last) this.#streak += 1;
    else this.#streak = 0;
    this.#last = holder;
    if (this.#streak >= ALONE_AFTER && !this.#scheduled && !this.#ending) this.#end();
    else this.soon();
  }

  /** Writes the record at the end of this turn, though no chunk waits for it. */
  soon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#end);
  }

  /** How much of the record waits to be written: grown by whatever was recorded since it was last asked. */
  get waiting(): number {
    return this.#recorder.waiting;
  }

  /** The record has something of `owing` that no chunk waits for: it is written soon, and `owing` told if it can't be. */
  owes(owing: Owing): void {
    this.#owing.add(owing);
    if (this.#outcomeTimer === null) this.#outcomeTimer = setTimeout(this.#outcomesDue, OUTCOME_MS);
  }

  /** Resolves when everything recorded so far stands; rejects when it could not be written. */
  async recorded(): Promise<void> {
    await this.#recorder.flush();
  }

  readonly #outcomesDue = (): void => {
    this.#outcomeTimer = null;
    if (this.#owing.size > 0 && !this.#scheduled) this.#end();
  };

  readonly #end = (): void => {
    this.#scheduled = false;
    this.#ending = true;
    this.#endWith();
    this.#ending = false;
  };

  #endWith(): void {
    const held = this.#held;
    this.#held = this.#spare;
    this.#record(held);
    let written: Promise<void> | undefined;
    try {
      written = this.#recorder.flush();
    } catch (error) {
      this.#failedWith(error, held, this.#owed());
      return;
    }
    // What needs no record itself must still not overtake what waits for one.
    this.#underway = written ?? this.#underway;
    if (this.#underway !== undefined) this.#releaseAfter(this.#underway, held);
    else {
      this.#owing.clear();
      this.#release(held);
    }
  }

  /** Leaves in `held` what may be forwarded. */
  #record(held: Held): void {
    const { holders, chunks, count } = held;
    let left = 0;
    for (let i = 0; i < count; i++) {
      const holder = holders[i];
      const chunk = chunks[i];
      if (holder === undefined || chunk === undefined) continue;
      const forward = holder.record(chunk);
      if (forward === null) continue;
      holders[left] = holder;
      chunks[left] = forward;
      left += 1;
    }
    for (let i = left; i < count; i++) holders[i] = chunks[i] = undefined;
    held.count = left;
  }

  #releaseAfter(recorded: Promise<void>, held: Held): void {
    // These lists are in use for longer than the turn.
    this.#spare = noneHeld();
    const owed = this.#owed();
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
        this.#failedWith(error, held, owed);
      },
    );
  }

  #release(held: Held): void {
    const { holders, chunks, count } = held;
    for (let i = 0; i < count; i++) {
      const chunk = chunks[i];
      if (chunk !== undefined) holders[i]?.release(chunk);
      holders[i] = chunks[i] = undefined;
    }
    this.#recycle(held);
  }

  #failedWith(error: unknown, held: Held, owed: readonly Owing[]): void {
    this.#failed(error);
    const { holders, chunks, count } = held;
    for (let i = 0; i < count; i++) {
      const chunk = chunks[i];
      if (chunk !== undefined) holders[i]?.withhold(chunk, error);
      holders[i] = chunks[i] = undefined;
    }
    this.#recycle(held);
    for (const owing of owed) owing.unrecorded(error);
  }

  #owed(): readonly Owing[] {
    const owed = [...this.#owing];
    this.#owing.clear();
    return owed;
  }

  #recycle(held: Held): void {
    held.count = 0;
    this.#spare = held;
  }
}
