/**
 * The relay workers: processes that share the ports, each with its own table of grants, told by main and started again
 * when they die. A worker that dies takes its own sessions with it and nobody else's.
 */
import type { GrantId, SessionId, StreamId } from '@tidegate/core';
import type { Contact, FromWorker, RelayListener, SessionNote, ToWorker } from '../worker-protocol.ts';
import type { Runtime } from './runtime.ts';
import { WorkerProcess } from './worker-process.ts';

type Init = Extract<ToWorker, { type: 'init' }>;
type State = Omit<Extract<ToWorker, { type: 'state' }>, 'revision'>;
type Change = Omit<Extract<ToWorker, { type: 'change' }>, 'revision'>;
type Closed = Extract<FromWorker, { type: 'session-closed' }>;

export interface PoolLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface PoolOptions {
  /** 1 to 256. */
  readonly count: number;
  /** `port` 0 asks for a free one, which all workers then share. */
  readonly listeners: readonly RelayListener[];
  /** What a worker that starts now must know. */
  readonly knowledge: () => Pick<Init, 'tls' | 'contact' | 'resources' | 'grants'>;
  /** The stream that a worker (`start` counts its starts from 1) will write. */
  readonly openSpool: (worker: number, start: number) => Init['spool'];
  /** Its writer is gone. */
  readonly onStreamOver: (stream: StreamId) => void;
  readonly onSessionOpened: (session: SessionNote) => void;
  readonly onSessionClosed: (closed: Omit<Closed, 'type'>) => void;
  readonly log: PoolLog;
  /** Default: Node. */
  readonly runtime?: Runtime;
  /** The worker's entry, for tests. */
  readonly entry?: string;
}

const RESTART_MIN_MS = 100;
const RESTART_MAX_MS = 5_000;
/** A worker that lived this long was well: its successor starts at once. */
const WELL_AFTER_MS = 30_000;
/** Between a worker's `stop` and its end: sessions say goodbye and their ends are recorded. */
const STOP_MS = 3_000;

interface Slot {
  process: WorkerProcess | null;
  starts: number;
  failures: number;
  restart: NodeJS.Timeout | null;
}

export class WorkerPool {
  readonly #options: PoolOptions;
  readonly #slots: Slot[];
  #listeners: readonly RelayListener[];
  #stopping = false;
  /** Our own count: the control plane's begins anew with each connection. */
  #revision = 0;
  #waiters: { revision: number; resolve: () => void }[] = [];

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#listeners = options.listeners;
    this.#slots = Array.from({ length: options.count }, () => ({
      process: null,
      starts: 0,
      failures: 0,
      restart: null,
    }));
  }

  /** Resolves with the ports when all workers listen; rejects with words for an operator when one can't. */
  async start(): Promise<readonly RelayListener[]> {
    const [first, ...others] = this.#slots.keys();
    if (first === undefined) throw new Error('a gateway needs at least one relay worker');
    const firstPorts = this.#begin(first).ready;
    const found = async (): Promise<void> => {
      const ports = await firstPorts;
      this.#listeners = this.#listeners.map((listener, index) => ({ ...listener, port: ports[index]?.port ?? 0 }));
    };
    // Where a free port is to be found, the first one finds it and the others join it there; else nobody waits.
    if (this.#listeners.some(({ port }) => port === 0)) await found();
    await Promise.all([firstPorts, ...others.map((worker) => this.#begin(worker).ready)]);
    return this.#listeners;
  }

  /**
   * Resolves when every worker that lives knows this, and at least one does. A worker that starts from now on gets it by
   * `knowledge`.
   */
  apply(message: State | Change): Promise<void> {
    this.#revision += 1;
    const revision = this.#revision;
    this.#broadcast({ ...message, revision });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiters.push({ revision, resolve });
    this.#settle();
    return promise;
  }

  opened(grant: GrantId): void {
    this.#broadcast({ type: 'opened', grant });
  }

  contact(contact: Contact): void {
    this.#broadcast({ type: 'contact', ...contact });
  }

  tls(tls: Init['tls']): void {
    this.#broadcast({ type: 'tls', ...tls });
  }

  allow(stream: StreamId, bytes: number): void {
    for (const { process } of this.#slots) {
      if (process?.stream === stream) process.send({ type: 'spool-allowance', bytes });
    }
  }

  cut(session: SessionId, comment: string, by: string): void {
    const target = { session };
    this.#broadcast({ type: 'cut', target, reason: 'session_cut', by, comment });
  }

  sessions(): SessionNote[] {
    return this.#slots.flatMap(({ process }) => [...(process?.sessions.values() ?? [])]);
  }

  /** Process ids of the workers that live. */
  pids(): number[] {
    return this.#slots.flatMap(({ process }) => process?.pid ?? []);
  }

  /** Ends all sessions and all workers; resolves when they are gone. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const slot of this.#slots) if (slot.restart !== null) clearTimeout(slot.restart);
    await Promise.all(this.#slots.flatMap(({ process }) => process?.stop(STOP_MS) ?? []));
  }

  #begin(worker: number): WorkerProcess {
    const slot = this.#slot(worker);
    const { knowledge, openSpool, entry, runtime } = this.#options;
    slot.starts += 1;
    slot.restart = null;
    const spool = openSpool(worker, slot.starts);
    const revision = this.#revision;
    const init: Init = { type: 'init', worker, listeners: this.#listeners, spool, revision, ...knowledge() };
    const started = new WorkerProcess(
      init,
      {
        onMessage: (message) => this.#heard(worker, message),
        onExit: (how) => this.#ended(worker, started, how),
      },
      entry,
      runtime,
    );
    slot.process = started;
    return started;
  }

  #heard(worker: number, message: FromWorker): void {
    const { onSessionOpened, onSessionClosed } = this.#options;
    switch (message.type) {
      case 'ready':
      case 'ack':
        this.#settle();
        break;
      case 'session-opened':
        onSessionOpened(message.session);
        break;
      case 'session-closed':
        onSessionClosed(message);
        break;
      case 'cancel': {
        const { type, key } = message;
        this.#slots[message.worker]?.process?.send({ type, key });
        break;
      }
      case 'fatal':
        this.#options.log.warn({ worker, why: message.message }, 'a relay worker cannot go on');
        break;
    }
  }

  #ended(worker: number, ended: WorkerProcess, how: string): void {
    const slot = this.#slot(worker);
    slot.process = null;
    for (const { id, grant } of ended.sessions.values()) {
      const because = this.#stopping ? 'gateway_stopping' : 'relay_worker_lost';
      this.#options.onSessionClosed({ session: id, grant, because, by: null, statements: 0 });
    }
    this.#options.onStreamOver(ended.stream);
    // A worker that never listened is told by `start`, or, later, tried again like any other.
    if (!this.#stopping && (slot.starts > 1 || ended.revision >= 0)) this.#beginAgain(worker, ended, how);
    this.#settle();
  }

  #beginAgain(worker: number, ended: WorkerProcess, how: string): void {
    const slot = this.#slot(worker);
    slot.failures = performance.now() - ended.startedAt > WELL_AFTER_MS ? 0 : slot.failures + 1;
    const wait = slot.failures === 0 ? 0 : Math.min(RESTART_MAX_MS, RESTART_MIN_MS * 2 ** (slot.failures - 1));
    this.#options.log.warn({ worker, how, againInMs: wait }, 'a relay worker ended and is started again');
    slot.restart = setTimeout(() => this.#begin(worker), wait);
  }

  #broadcast(message: ToWorker): void {
    for (const { process } of this.#slots) process?.send(message);
  }

  /** Tells those who wait for a revision that every living worker knows by now. */
  #settle(): void {
    const living = this.#slots.flatMap(({ process }) => process ?? []);
    if (living.length === 0) return;
    const known = Math.min(...living.map((process) => process.revision));
    const done = this.#waiters.filter((waiter) => waiter.revision <= known);
    if (done.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => waiter.revision > known);
    for (const { resolve } of done) resolve();
  }

  #slot(worker: number): Slot {
    const slot = this.#slots[worker];
    if (slot === undefined) throw new Error(`there is no worker ${worker}`);
    return slot;
  }
}
