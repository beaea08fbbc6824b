import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { EmbeddedError } from './errors.ts';
import { plainEnvironment, spawnBound } from './lifeline.ts';
import { LogFile } from './log-file.ts';
import { Output } from './output.ts';
import { files, type Place } from './place.ts';
import type { ClusterLog, ServerEnd, StopMode } from './types.ts';

/** Twice this on disk at most. */
const LOG_BYTES = 4 * 1024 * 1024;
/** A fast stop writes one checkpoint; past this time the data is left to crash recovery rather than waited for. */
const FAST_STOP_MS = 20_000;
/** Time for the kernel to hand over the last words of a server that failed. */
const LAST_WORDS_MS = 500;
const READY = 'database system is ready to accept connections';

/** One run of the postmaster. */
export class Server {
  readonly pid: number;
  /** Resolves at the end of the postmaster, whatever its cause. */
  readonly ended: Promise<ServerEnd>;
  #running = true;

  private constructor(child: ChildProcess, pid: number, output: Output) {
    this.pid = pid;
    // 'exit', not 'close': backends of a killed postmaster may hold its stderr for as long as their statement runs.
    this.ended = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.#running = false;
        resolve({ code, signal, tail: output.tail() });
      });
    });
  }

  /** Starts the server and waits until it takes connections. @throws EmbeddedError `start_failed`, with the log's end */
  static async start(
    binaries: Binaries,
    place: Place,
    account: Account | null,
    timeoutMs: number,
    log: ClusterLog | undefined,
  ): Promise<Server> {
    const child = spawnBound(join(binaries.bin, 'postgres'), serverArguments(place), account, plainEnvironment());
    const { pid, stderr } = child;
    if (pid === undefined || stderr === null) {
      const [reason] = await once(child, 'error');
      throw new EmbeddedError('start_failed', `/bin/sh did not start: ${String(reason)}`, reason);
    }
    const output = new Output(stderr);
    const ready = output.said(READY);
    const logPath = files.log(place);
    stderr.pipe(new LogFile(logPath, LOG_BYTES, (error) => log?.warn({ err: error }, `cannot write ${logPath}`)));
    const server = new Server(child, pid, output);
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
    throw new EmbeddedError('start_failed', `PostgreSQL did not start (${why}): ${output.tail()}`);
  }

  /** Idempotent. Escalates: a server that does not end in time is killed, and recovers at its next start. */
  async stop(mode: StopMode): Promise<void> {
    const steps: [NodeJS.Signals, number][] = [
      ['SIGQUIT', 5_000],
      ['SIGKILL', 5_000],
    ];
    if (mode === 'fast') steps.unshift(['SIGINT', FAST_STOP_MS]);
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

function serverArguments(place: Place): string[] {
  const set = (name: string, value: string) => ['-c', `${name}=${value}`];
  return [
    '-D',
    files.data(place),
    ...set('config_file', files.serverConf(place)),
    ...set('hba_file', files.accessRules(place)),
  ];
}
