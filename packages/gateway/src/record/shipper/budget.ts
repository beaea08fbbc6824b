/**
 * Shares TIDEGATE_SPOOL_LIMIT out among the writers. Each may write up to what it was granted, and what was granted is
 * counted as used: together they can never go over the limit, however late main sees what they wrote.
 */
import type { StreamId } from '@tidegate/core';

interface Share {
  granted: number;
  /** Bytes of its segments that are on disk, as last seen, and that were deleted. */
  onDisk: number;
  deleted: number;
}

export class SpoolBudget {
  readonly limit: number;
  readonly #workers: number;
  readonly #shares = new Map<StreamId, Share>();
  /** What streams without a grant take: those of writers that are gone, and main's own. */
  #others = 0;

  /** `limit` in bytes; `workers`: how many writers share it at most. */
  constructor(limit: number, workers: number) {
    this.limit = limit;
    this.#workers = workers;
  }

  /** A new writer; answers its first allowance in bytes. */
  open(stream: StreamId): number {
    const share = { granted: 0, onDisk: 0, deleted: 0 };
    this.#shares.set(stream, share);
    this.#topUp(share);
    return share.granted;
  }

  /** The writer is gone: what it did not use is free again. */
  close(stream: StreamId): void {
    this.#shares.delete(stream);
  }

  /** What streams take on disk now: by those with a grant, and all others together. */
  seen(onDisk: ReadonlyMap<StreamId, number>): void {
    this.#others = 0;
    for (const [stream, bytes] of onDisk) {
      const share = this.#shares.get(stream);
      if (share === undefined) this.#others += bytes;
      else share.onDisk = bytes;
    }
  }

  /** Segments of this stream were uploaded and deleted. */
  deleted(stream: StreamId, bytes: number): void {
    const share = this.#shares.get(stream);
    if (share === undefined) return;
    share.deleted += bytes;
    share.onDisk = Math.max(0, share.onDisk - bytes);
  }

  /** Writers that may write more than they were told last, and how much in all. */
  raise(): Map<StreamId, number> {
    const raised = new Map<StreamId, number>();
    for (const [stream, share] of this.#shares) if (this.#topUp(share)) raised.set(stream, share.granted);
    return raised;
  }

  /** Half of the limit is shared out evenly, the other half goes to whoever needs it. */
  #topUp(share: Share): boolean {
    const target = this.#workers === 1 ? this.limit : this.limit / (2 * this.#workers);
    const left = share.granted - share.deleted - share.onDisk;
    const more = Math.floor(Math.min(target - left, this.#free()));
    // Not for every few bytes.
    if (more <= 0 || (share.granted > 0 && more < target / 16)) return false;
    share.granted += more;
    return true;
  }

  #free(): number {
    let used = this.#others;
    for (const { granted, deleted } of this.#shares.values()) used += granted - deleted;
    return this.limit - used;
  }
}
