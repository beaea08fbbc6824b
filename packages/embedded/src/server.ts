import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { Account } from './account.ts';
import { EmbeddedError } from './errors.ts';
import { plainEnvironment, spawnBound } from './lifeline.ts';
import { LogFile } from './log-file.ts';
import { Output } from './output.ts';
import { files, type Place } from './place.ts';
import type { Product } from './product.ts';
import type { ClusterLog, ServerEnd, StopMode } from './types.ts';

/** Twice this on disk at most. */
const LOG_BYTES = 4 * 1024 * 1024;
/** A fast stop writes one checkpoint; past this time the data is left to crash recovery rather than waited for. */
const FAST_STOP_MS = 20_000;
/** Time for the kernel to hand over the last words of a server that failed. */
const LAST_WORDS_MS = 500;

export interface ServerStart {
  readonly product: Product;
  readonly place: Place;
  readonly account: Account | null;
  /** The server's program and what it is told. */
  readonly program: string;
  readonly args: readonly string[];
  readonly timeoutMs: number;
  readonly log: ClusterLog | undefined;
}

/** One run of a database server. */
export class Server {
  readonly #product: Product;
  readonly pid: number;
  /** Resolves at the end of the server's first process, whatever its cause. */
  readonly ended: Promise<ServerEnd>;
  #running = true;

  private constructor(product: Product, child: ChildProcess, pid: number, output: Output) {
    this.#product = product;
    this.pid = pid;
    // 'exit', not 'close': what a killed server leaves behind may hold its stderr for as long as their statement runs.
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#running = false;
        resolve({ code, signal, tail: output.tail() });
      });
    });
  }

  /** Starts the server and waits until it takes connections. @throws EmbeddedError `start_failed`, with the log's end */
  static async start(options: ServerStart): Promise<Server> {
    const { product, place, account, program, args, timeoutMs, log } = options;
    const child = spawnBound(program, args, account, plainEnvironment(), product.endings.fast);
    const { pid, stderr } = child;
    if (pid === undefined || stderr === null) {
      const [reason] = await once(child, 'error');
      throw new EmbeddedError('start_failed', `/bin/sh did not start: ${String(reason)}`, reason);
    }
    const output = new Output(stderr);
    const ready = output.said(product.ready);
    const logPath = files.log(place, product);
    stderr.pipe(new LogFile(logPath, LOG_BYTES, (error) => log?.warn({ err: error }, `cannot write ${logPath}`)));
    const server = new Server(product, child, pid, output);
    await server.#untilReady(ready, output, stderr, timeoutMs);
    return server;
  }

  async #untilReady(ready: Promise<void>, output: Output, stderr: Readable, timeoutMs: number): Promise<void> {
    const timer = new AbortController();
    const outcome = await Promise.race([
      ready.then(() => 'ready' as const),
      this.ended.then(() => 'ended' as const),
      pause(timeoutMs, 'late' as const, { signal: timer.signal, ref: false }),
    ]).finally(() => timer.abort());
    if (outcome === 'ready') return;
    if (outcome === 'late') await this.stop('immediate');
    if (!stderr.readableEnded) await Promise.race([once(stderr, 'end'), pause(LAST_WORDS_MS)]);
    const why = outcome === 'late' ? `not ready after ${timeoutMs} ms` : 'it ended';
    throw new EmbeddedError('start_failed', `${this.#product.name} did not start (${why}): ${output.tail()}`);
  }

  /** Idempotent. Escalates: a server that does not end in time is killed, and recovers at its next start. */
  async stop(mode: StopMode): Promise<void> {
    const { fast, immediate } = this.#product.endings;
    const steps: [NodeJS.Signals, number][] = [
      [immediate, 5_000],
      ['SIGKILL', 5_000],
    ];
    if (mode === 'fast') steps.unshift([fast, FAST_STOP_MS]);
    for (const [signal, patienceMs] of steps) {
      if (!this.#running) return;
      process.kill(this.pid, signal);
      const timer = new AbortController();
      const late = pause(patienceMs, undefined, { signal: timer.signal }).catch((error: unknown) => {
        if (!timer.signal.aborted) throw error;
      });
      await Promise.race([this.ended, late]);
      timer.abort();
    }
  }
}
