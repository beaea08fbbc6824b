/**
 * Takes all that is in the spool to the control plane, and keeps the spool within its limit. Runs in main, off the hot
 * path, at its own pace (pace.ts). Finds what earlier runs and dead workers left, and brings that home first.
 */
import { join } from 'node:path';
import { gatewayStream } from '@tidegate/contract';
import type { StreamId } from '@tidegate/core';
import { UnreachableError } from '../../link/http.ts';
import { entriesOf, listContexts, listSegments } from '../segments.ts';
import { SpoolBudget } from './budget.ts';
import { recordsAtOnce, restAfter } from './pace.ts';
import { type ShipperLog, StreamShipper } from './stream-shipper.ts';
import type { Uploader } from './uploader.ts';

export interface SpoolStatus {
  readonly bytes: number;
  readonly limitBytes: number;
  /** When the oldest record that is not uploaded was made, RFC 3339; null: all are uploaded. */
  readonly oldestAt: string | null;
}

export interface ShipperOptions {
  /** `TIDEGATE_HOME/gateway/spool`. */
  readonly folder: string;
  /** This gateway's id. */
  readonly gateway: string;
  readonly limitBytes: number;
  /** Relay workers that share the limit. */
  readonly workers: number;
  readonly uploader: Uploader;
  readonly log: ShipperLog;
  /** The writer of this stream may write so many bytes in all. */
  readonly onAllowance: (stream: StreamId, bytes: number) => void;
}

/** How often to look for something new; a lone statement is uploaded in about this time. */
const POLL_MS = 200;
const RETRY_MIN_MS = 200;
const RETRY_MAX_MS = 5_000;
/** So many failures in a row, and a drain waits no longer. */
const GIVE_UP_DRAINING = 3;
/** An operator should hear of it from here on. */
const NEARLY_FULL = 0.8;

export class Shipper {
  readonly #options: ShipperOptions;
  readonly #budget: SpoolBudget;
  readonly #streams = new Map<StreamId, StreamShipper>();
  readonly #live = new Set<StreamId>();
  /** Streams that failed on their own account wait until then (`performance.now()`). */
  readonly #waiting = new Map<StreamId, number>();
  #bytes = 0;
  #freed = 0;
  #growth = 0;
  #lookedAt = 0;
  #failures = 0;
  #running: Promise<void> | null = null;
  #stopped = false;
  #wake: (() => void) | null = null;
  /** The last round left something. */
  #behind = false;
  #level = false;
  #toldFull = false;
  #levelWaiters: (() => void)[] = [];

  constructor(options: ShipperOptions) {
    this.#options = options;
    this.#budget = new SpoolBudget(options.limitBytes, options.workers);
  }

  get status(): SpoolStatus {
    let oldestAt: string | null = null;
    for (const stream of this.#streams.values()) {
      if (stream.oldestAt !== null && (oldestAt === null || stream.oldestAt < oldestAt)) oldestAt = stream.oldestAt;
    }
    return { bytes: this.#bytes, limitBytes: this.#budget.limit, oldestAt };
  }

  folderOf(stream: StreamId): string {
    return join(this.#options.folder, stream);
  }

  /** A worker is about to write this stream; answers how many bytes it may write for now. */
  openStream(stream: StreamId): number {
    this.#live.add(stream);
    this.#look();
    return this.#budget.open(stream);
  }

  /** Main's own stream: small, and never refused, because doors must close whatever the spool holds. */
  openOwnStream(stream: StreamId): void {
    this.#live.add(stream);
  }

  /** The stream's writer is gone: what it left is brought home, and the stream closed. */
  release(stream: StreamId): void {
    this.#live.delete(stream);
    this.#budget.close(stream);
    // It may have written since we looked last.
    this.#look();
    this.#streams.get(stream)?.writerIsGone();
    this.kick();
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Don't wait: the control plane can be reached again, or something was written that should not wait. */
  kick(): void {
    this.#failures = 0;
    this.#wake?.();
  }

  /** Resolves when all that was written before this call is uploaded, when nobody answers, or after `mostMs`. */
  async drain(mostMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#level = false;
    this.#levelWaiters.push(resolve);
    const timer = setTimeout(resolve, mostMs);
    this.kick();
    await promise;
    clearTimeout(timer);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake?.();
    await this.#running;
    for (const stream of this.#streams.values()) stream.close();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const before = process.cpuUsage();
      const wasBehind = this.#behind;
      this.#behind = await this.#round();
      const { user, system } = process.cpuUsage(before);
      const usedMs = (user + system) / 1000;
      await this.#rest(this.#behind ? restAfter(usedMs, this.#fullness, this.#growth, wasBehind) : this.#idle());
    }
  }

  /** Whoever waits for all to be uploaded is as urgent as a full spool. */
  get #fullness(): number {
    return this.#levelWaiters.length > 0 ? 1 : this.#bytes / this.#budget.limit;
  }

  /** One step of every stream. True: there is more to do. */
  async #round(): Promise<boolean> {
    this.#look();
    this.#warnWhenFull();
    const records = recordsAtOnce(this.#fullness, this.#growth, this.#behind);
    let behind = false;
    let failed = false;
    for (const [stream, shipper] of this.#streams) {
      if (this.#stopped) return false;
      if ((this.#waiting.get(stream) ?? 0) > performance.now()) continue;
      try {
        const progress = await shipper.step(records);
        if (progress === 'over') this.#streams.delete(stream);
        if (progress === 'behind') behind = true;
        this.#waiting.delete(stream);
      } catch (error) {
        failed = true;
        this.#failed(stream, error);
        if (error instanceof UnreachableError) break;
      }
    }
    if (!failed) this.#failures = 0;
    if (!behind && !failed) this.#reachedLevel();
    for (const [stream, bytes] of this.#budget.raise()) this.#options.onAllowance(stream, bytes);
    return behind && !failed;
  }

  #failed(stream: StreamId, error: unknown): void {
    const { log } = this.#options;
    if (error instanceof UnreachableError) {
      if (this.#failures === 0) log.warn({ stream, why: error.message }, 'records stay in the spool for now');
      this.#failures += 1;
      if (this.#failures >= GIVE_UP_DRAINING) this.#endDrains();
    } else {
      log.error({ stream, err: error }, 'a stream of records cannot be uploaded');
      this.#waiting.set(stream, performance.now() + RETRY_MAX_MS);
    }
  }

  #look(): void {
    try {
      this.#lookAtFolder();
    } catch (error) {
      // The disk is in trouble; workers find that out for themselves, and what was known stays.
      this.#options.log.error({ err: error }, 'the spool’s folder cannot be read');
    }
  }

  /** Streams that are there, and what they take. */
  #lookAtFolder(): void {
    const sizes = new Map<StreamId, number>();
    let bytes = 0;
    for (const name of entriesOf(this.#options.folder)) {
      const stream = gatewayStream.safeParse(name);
      if (!stream.success) continue;
      const id = stream.data as StreamId;
      const folder = this.folderOf(id);
      let size = 0;
      for (const file of listSegments(folder)) size += file.bytes;
      for (const file of listContexts(folder)) size += file.bytes;
      sizes.set(id, size);
      bytes += size;
      this.#known(id, folder);
    }
    const now = performance.now();
    const grown = bytes + this.#freed - this.#bytes;
    if (now > this.#lookedAt + POLL_MS / 2) {
      this.#growth = (Math.max(0, grown) / (now - this.#lookedAt)) * 1000;
      this.#lookedAt = now;
      this.#bytes = bytes;
      this.#freed = 0;
    }
    this.#budget.seen(sizes);
  }

  #known(stream: StreamId, folder: string): void {
    if (this.#streams.has(stream)) return;
    const { gateway, uploader, log } = this.#options;
    const shipper = new StreamShipper({
      folder,
      stream,
      gateway,
      uploader,
      log,
      onFreed: (bytes) => this.#onFreed(stream, bytes),
    });
    if (this.#live.has(stream)) shipper.writerIsOurs();
    this.#streams.set(stream, shipper);
  }

  #warnWhenFull(): void {
    const full = this.#bytes > this.#budget.limit * NEARLY_FULL;
    if (full && !this.#toldFull) {
      this.#options.log.warn({ ...this.status }, 'the spool is nearly full: at its limit sessions end');
    }
    this.#toldFull = full;
  }

  #onFreed(stream: StreamId, bytes: number): void {
    this.#freed += bytes;
    this.#budget.deleted(stream, bytes);
  }

  #reachedLevel(): void {
    if (!this.#level) {
      // What was written while this round ran is read in the next.
      this.#level = true;
      return;
    }
    this.#endDrains();
  }

  #endDrains(): void {
    for (const resolve of this.#levelWaiters.splice(0)) resolve();
  }

  #idle(): number {
    if (this.#failures === 0) return this.#levelWaiters.length > 0 ? 0 : POLL_MS;
    const most = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** (this.#failures - 1));
    return most * (0.5 + Math.random() / 2);
  }

  async #rest(ms: number): Promise<void> {
    if (this.#stopped) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = ms <= 0 ? setImmediate(resolve) : setTimeout(resolve, ms);
    await promise;
    this.#wake = null;
    if (ms > 0) clearTimeout(timer as NodeJS.Timeout);
  }
}
