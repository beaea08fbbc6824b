/**
 * Commits that are flushed together. A transaction that appends to the control stream holds its head until its commit is
 * through: were that on disk by then, all writers would wait for the disk one after the other, milliseconds each. It
 * commits without waiting instead (`synchronous_commit` off, for it alone) and is answered once a flush that began after its commit is through: one for
 * all that wait. What is answered is on disk as ever; only the lock is given back earlier.
 */
import type pg from 'pg';
import type { Tx } from './schema.ts';

/** Transactions that commit without waiting for the disk. */
const early = new WeakSet<Tx>();

/** The trigger `appended_at_commit` has the commit not wait: whoever leaves it something to append says so here. */
export function commitsEarly(tx: Tx): void {
  early.add(tx);
}

export const committedEarly = (tx: Tx): boolean => early.has(tx);

/** A commit of its own that writes: its flush takes with it all that was committed before (the log has one order). */
const FLUSH = "SELECT pg_logical_emit_message(true, 'tidegate', 'flush')";

export class Flush {
  readonly #pool: pg.Pool;
  #waiting: PromiseWithResolvers<void> | null = null;
  #running = false;

  /** `pool`: a connection of its own, so that no flush waits behind those who wait for it. */
  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  /** When all that is committed now is on disk. Rejects when that is not known: as a COMMIT that got no answer. */
  done(): Promise<void> {
    // A flush that runs may have begun before the commit: whoever comes meanwhile waits for the next one, together.
    this.#waiting ??= Promise.withResolvers();
    const { promise } = this.#waiting;
    void this.#run();
    return promise;
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    while (this.#waiting !== null) {
      const { resolve, reject } = this.#waiting;
      this.#waiting = null;
      await this.#pool.query(FLUSH).then(() => resolve(), reject);
    }
    this.#running = false;
  }
}
