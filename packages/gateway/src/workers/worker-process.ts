/** One relay worker as main sees it: a child process, what it was told, what it said. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { SessionId, StreamId } from '@tidegate/core';
import type { FromWorker, SessionNote, ToWorker } from '../worker-protocol.ts';
import { NODE } from './runtime.ts';

type Ports = Extract<FromWorker, { type: 'ready' }>['ports'];

export interface WorkerEvents {
  readonly onMessage: (message: FromWorker) => void;
  readonly onExit: (how: string) => void;
}

const ENTRY = fileURLToPath(new URL('../worker.ts', import.meta.url));
/** What a worker may know of main's environment: no tokens, no keys, no administrator's password. */
const PASSED_ON = /^(PATH|HOME|TZ|LANG|LC_.*|NODE_.*|UV_.*|TMPDIR)$/;

export class WorkerProcess {
  readonly stream: StreamId;
  readonly sessions = new Map<SessionId, SessionNote>();
  /** The last revision it acknowledged; -1: it isn't ready yet. */
  revision = -1;
  /** Resolves when it listens; rejects when it can't, or ends first. */
  readonly ready: Promise<Ports>;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #early: ToWorker[] = [];
  readonly startedAt = performance.now();

  constructor(init: Extract<ToWorker, { type: 'init' }>, events: WorkerEvents, entry = ENTRY, runtime = NODE) {
    this.stream = init.spool.stream;
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => PASSED_ON.test(name)));
    this.#child = fork(entry, [], {
      env: { ...env, ...runtime.env },
      execPath: runtime.execPath,
      execArgv: [...runtime.execArgv],
      serialization: 'json',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const { promise: ready, resolve, reject } = Promise.withResolvers<Ports>();
    const { promise: exited, resolve: gone } = Promise.withResolvers<void>();
    this.ready = ready;
    this.#exited = exited;
    // Whoever started it may be interested in its end only.
    ready.catch(() => undefined);
    let fatal = '';
    this.#child.on('message', (message: FromWorker) => {
      if (message.type === 'fatal') fatal = message.message;
      if (message.type === 'ready') {
        this.revision = init.revision;
        for (const early of this.#early.splice(0)) this.#post(early);
        resolve(message.ports);
      }
      this.#note(message);
      events.onMessage(message);
    });
    let over = false;
    const end = (how: string): void => {
      if (over) return;
      over = true;
      const why = fatal === '' ? how : fatal;
      reject(new Error(why));
      events.onExit(why);
      gone();
    };
    // `exit`, not `close`: its output may be held open by nobody we care about.
    this.#child.on('exit', (code, signal) => end(signal === null ? `exit code ${code ?? 1}` : signal));
    this.#child.on('error', (error) => end(error.message));
    this.#post(init);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Kept until the worker is ready for it; dropped when it is going away: its end is told by `onExit`. */
  send(message: ToWorker): void {
    if (this.revision < 0) this.#early.push(message);
    else this.#post(message);
  }

  /** Ends it at once. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Asks it to stop, and makes it after `mostMs`; resolves when it is gone. */
  async stop(mostMs: number): Promise<void> {
    this.#post({ type: 'stop' });
    const killer = setTimeout(() => this.kill(), mostMs);
    await this.#exited;
    clearTimeout(killer);
  }

  #post(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #note(message: FromWorker): void {
    if (message.type === 'ack') this.revision = Math.max(this.revision, message.revision);
    else if (message.type === 'session-opened') this.sessions.set(message.session.id, message.session);
    else if (message.type === 'session-closed') this.sessions.delete(message.session);
  }
}
