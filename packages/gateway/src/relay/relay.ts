/**
 * A relay worker without its process: listeners, sessions and the state main tells it. `worker.ts` gives it the channel
 * to main and the spool.
 */
import type { Engine, RandomBytes } from '@tidegate/core';
import type { FromWorker, ToWorker } from '../worker-protocol.ts';
import { Admission } from './admit.ts';
import { Arrival, type ArrivalOptions } from './arrival.ts';
import { Cancels } from './cancels.ts';
import type { Clock, ControlClock } from './clock.ts';
import { connection } from './connection.ts';
import { because, grantCut } from './cut.ts';
import { Deadlines } from './deadlines.ts';
import type { RelayEngine } from './engine.ts';
import { Grants } from './grants.ts';
import { Kills } from './kills.ts';
import { type Limits, type Place, Places } from './limits.ts';
import { listenOn } from './listener.ts';
import type { Log } from './log.ts';
import { Penalties } from './penalties.ts';
import type { Recorder } from './recorder.ts';
import { LoginRefused } from './refusal.ts';
import type { Session } from './session.ts';
import { type Ended, Sessions } from './sessions.ts';
import type { Listening, RelaySocket } from './sockets.ts';
import { type ServerTls, serverTls } from './tls.ts';
import { Turn } from './turn.ts';

/** From `stop` to the last closed socket, at most: a client may not read its farewell. */
const STOP_WITHIN_MS = 1_000;

export type Init = Extract<ToWorker, { type: 'init' }>;

export interface RelayOptions {
  readonly init: Init;
  /** One for each engine that has a listener. */
  readonly engines: ReadonlyMap<Engine, RelayEngine>;
  readonly recorder: Recorder;
  /** The control plane's clock and contact, which the spool dates its entries by too. */
  readonly control: ControlClock;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly limits: Limits;
  readonly log: Log;
  readonly tell: (message: FromWorker) => void;
}

export class Relay {
  readonly #options: RelayOptions;
  readonly #grants = new Grants();
  readonly #control: ControlClock;
  readonly #turn: Turn;
  readonly #places: Places;
  readonly #sessions: Sessions;
  readonly #cancels: Cancels;
  readonly #kills: Kills;
  readonly #admission: Admission;
  readonly #deadlines: Deadlines;
  readonly #arrivals = new Set<Arrival>();
  readonly #listening: Listening[] = [];
  /** What clients that arrive from now on are shown. */
  #tls: ServerTls;
  /** States are put into force one after the other, so that `ack`s keep their order. */
  #inForce: Promise<void> = Promise.resolve();

  constructor(options: RelayOptions) {
    this.#options = options;
    const { init, recorder, control, clock, random, limits, log, tell } = options;
    this.#control = control;
    this.#tls = serverTls(init.tls);
    this.#turn = new Turn(recorder, (error) => log.error({ err: error }, 'the record could not be written'));
    this.#places = new Places(limits);
    this.#sessions = new Sessions({
      make: (permit) => ({
        engine: engineAt(options.engines, permit.resource.engine),
        turn: this.#turn,
        log,
        expiresAt: () => this.#grants.get(permit.grant.id)?.grant.expiresAt ?? permit.grant.expiresAt,
      }),
      over: (session, ended) => this.#over(session, ended),
    });
    const pass = (worker: number, key: string) => tell({ type: 'cancel', worker, key });
    this.#cancels = new Cancels({ worker: init.worker, sessions: this.#sessions, random, pass });
    this.#kills = new Kills({ worker: init.worker, sessions: this.#sessions, random, pass });
    this.#admission = new Admission({
      grants: this.#grants,
      clock: control,
      penalties: new Penalties(() => clock.monotonic()),
      seats: this.#sessions,
      random,
    });
    this.#deadlines = new Deadlines(this.#grants, this.#sessions, control);
    this.#control.update(init.contact);
    this.#grants.replace(init);
    this.#tellResources();
    this.#deadlines.check();
  }

  /** Binds all ports; rejects when one can't be bound. */
  async listen(): Promise<void> {
    const { init, engines, log, tell } = this.#options;
    const ports = [];
    for (const listen of init.listeners) {
      const engine = engineAt(engines, listen.engine);
      const arrived = (socket: RelaySocket, place: Place) =>
        void this.#arrive(new Arrival(socket, { ...this.#arrival, ...listen, place }), engine);
      const listening = await listenOn({ listen, engine, places: this.#places, log, arrived });
      this.#listening.push(listening);
      ports.push({ engine: listen.engine, host: listen.host, port: listening.port });
    }
    tell({ type: 'ready', ports });
  }

  /** What main says, `init` and `stop` excepted. */
  handle(message: Exclude<ToWorker, { type: 'init' | 'stop' | 'spool-allowance' }>): void {
    switch (message.type) {
      case 'state':
        this.#grants.replace(message);
        this.#tellResources();
        this.#putInForce(message.revision);
        return;
      case 'change':
        this.#grants.change(message);
        this.#tellResources();
        this.#putInForce(message.revision);
        return;
      case 'opened':
        this.#grants.opened(message.grant);
        return;
      case 'tls':
        this.#tls = serverTls(message);
        return;
      case 'contact':
        this.#control.update(message);
        this.#deadlines.check();
        return;
      case 'cut': {
        const { target, reason, by, comment } = message;
        const one = 'session' in target ? this.#sessions.get(target.session) : null;
        const sessions = 'grant' in target ? this.#sessions.ofGrant(target.grant) : one === null ? [] : [one];
        void this.#sessions.cut(sessions, { reason, by, comment });
        return;
      }
      case 'cancel':
        if (!this.#kills.passed(message.key)) void this.#cancels.passed(message.key);
        return;
    }
  }

  /** Lets nobody in any more and ends all sessions; resolves when every client's socket is closed, within a second. */
  async stop(): Promise<void> {
    for (const listening of this.#listening) listening.close();
    this.#deadlines.stop();
    for (const engine of this.#options.engines.values()) engine.resources?.([]);
    const stopping = new LoginRefused('gateway_stopping', 'the gateway is stopping', {
      next: 'Try again in a moment.',
    });
    for (const arrival of this.#arrivals) arrival.end(stopping);
    await this.#sessions.cut([...this.#sessions.all()], because('gateway_stopping'));
    await this.#places.empty(STOP_WITHIN_MS);
    this.#sessions.hangUp();
  }

  get #arrival(): Omit<ArrivalOptions, 'engine' | 'place' | 'tlsRequired'> {
    return {
      tls: this.#tls,
      limits: this.#options.limits,
      admission: this.#admission,
      cancels: this.#cancels,
      kills: this.#kills,
    };
  }

  #tellResources(): void {
    const all = [...this.#grants.resources()];
    for (const engine of this.#options.engines.values()) {
      engine.resources?.(all.filter((resource) => resource.engine === engine.engine));
    }
  }

  async #arrive(arrival: Arrival, engine: RelayEngine): Promise<void> {
    const { recorder, log } = this.#options;
    this.#arrivals.add(arrival);
    try {
      await connection(arrival, {
        engine,
        grants: this.#grants,
        sessions: this.#sessions,
        recorder,
        turn: this.#turn,
        log,
        opened: (session) => this.#opened(session),
      });
    } catch (error) {
      // An error of ours costs the client that met it, and nobody else.
      log.error({ err: error }, 'a client could not even be refused');
      arrival.socket.destroy();
    } finally {
      this.#arrivals.delete(arrival);
    }
  }

  #opened(session: Session): void {
    const { permit, startedAt } = session;
    const { database, clientAddress, application } = permit.attempt;
    const note = { id: permit.session, grant: permit.grant.id, database, clientAddress, application, startedAt };
    this.#options.tell({ type: 'session-opened', session: note });
    this.#deadlines.check();
  }

  #over(session: Session, ended: Ended | null): void {
    const { session: id, grant } = session.permit;
    this.#cancels.forget(id);
    this.#kills.forget(id);
    if (ended === null) return;
    const { statements } = session;
    this.#options.tell({ type: 'session-closed', session: id, grant: grant.id, ...ended, statements });
  }

  /** What the new state forbids is cut, and then main is told that it holds. */
  #putInForce(revision: number): void {
    const cuts: Promise<void>[] = [];
    for (const id of this.#sessions.grants()) {
      const cut = grantCut(this.#grants.get(id));
      if (cut !== null) cuts.push(this.#sessions.cut(this.#sessions.ofGrant(id), cut));
    }
    this.#deadlines.check();
    const before = this.#inForce;
    this.#inForce = Promise.all([before, ...cuts]).then(() => this.#options.tell({ type: 'ack', revision }));
  }
}

function engineAt(engines: ReadonlyMap<Engine, RelayEngine>, name: Engine): RelayEngine {
  const engine = engines.get(name);
  if (engine === undefined) throw new Error(`no relay for the engine ${name} was loaded`);
  return engine;
}
