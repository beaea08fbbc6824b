/**
 * One gateway's live connection. Messages are taken one after the other; whatever cannot be taken ends the connection:
 * the gateway dials again, says all that is, and is told all that should be.
 */
import { randomUUID } from 'node:crypto';
import {
  type FromGateway,
  fromGateway,
  LINK_PROTOCOL,
  LINK_SILENT_AFTER_MS,
  LOOK_SINCE,
  type LookAnswer,
  type LookFor,
  type ToGateway,
} from '@tidegate/contract';
import { type GatewayId, type ResourceName, type SessionId, TidegateError } from '@tidegate/core';
import { WebSocket } from 'ws';
import { grantClosed, grantOpened, grantPrepared, grantProblem } from '../access/reports.ts';
import type { Context } from '../context.ts';
import { appendEvent } from '../record/events.ts';
import { isOutage } from '../store/outage.ts';
import type { LinkCaller } from './callers.ts';
import { saveFinding } from './findings.ts';
import { saveHealth, saveSpool } from './health.ts';
import { closeSession, openSessions, reconcileSessions } from './live-sessions.ts';
import { Looks, TOO_OLD } from './looks.ts';
import { claimConnection, type Heard, markKnown, releaseConnection } from './presence.ts';
import type { WantedCut } from './snapshot.ts';
import { Told, type View } from './told.ts';

type Hello = Extract<FromGateway, { type: 'hello' }>;
type Queued = Exclude<FromGateway, { type: 'ping' | 'hello' | 'seen' }>;

/** A gateway that says nothing after it connected. */
const HELLO_WITHIN_MS = 10_000;
/** Messages that wait to be taken; then it is not read any more until some are. */
const QUEUE_MAX = 100;
/** Bytes that a gateway has not taken; then it is too slow to be told anything in time. */
const UNSENT_MAX = 64 * 1024 * 1024;

/** Why a connection was closed by us; WebSocket status codes (RFC 6455, 7.4). */
const CLOSE = {
  stopping: [1001, 'the control plane stops'],
  contract: [1002, 'not in the contract'],
  replaced: [4000, 'another connection of this gateway took its place'],
  refused: [4001, 'the certificate is not good any more'],
  slow: [1013, 'too slow'],
  silent: [1001, 'silent'],
  trouble: [1013, 'try again'],
} as const satisfies Readonly<Record<string, readonly [number, string]>>;
export type CloseReason = keyof typeof CLOSE;

export interface ConnectionOptions {
  readonly staleAfterMs: number;
  readonly cutAfterMs: number;
  /** The gateway said hello, and the store knows that it is here. */
  readonly onReady: (connection: GatewayConnection) => void;
  readonly onClosed: (connection: GatewayConnection) => void;
  /** What this control plane knows of the store is of just now: only then may a gateway count on it. */
  readonly isFresh: () => boolean;
}

export class GatewayConnection {
  /** Random; which connection the store knows the gateway by. */
  readonly id = randomUUID();
  readonly caller: LinkCaller;
  readonly #context: Context;
  readonly #socket: WebSocket;
  readonly #options: ConnectionOptions;
  readonly #told = new Told();
  readonly #looks = new Looks((message) => this.#send(message));
  readonly #toldCuts = new Set<SessionId>();
  readonly #queue: Queued[] = [];
  #view: View | null = null;
  /** What the gateway speaks. */
  #protocol = 1;
  #heardAt = performance.now();
  #deadline: NodeJS.Timeout;
  #working: Promise<void> = Promise.resolve();
  #state: 'new' | 'greeted' | 'ready' | 'closed' = 'new';

  constructor(context: Context, caller: LinkCaller, socket: WebSocket, options: ConnectionOptions) {
    this.#context = context;
    this.caller = caller;
    this.#socket = socket;
    this.#options = options;
    this.#deadline = setTimeout(() => this.close('silent'), HELLO_WITHIN_MS);
    socket.on('message', (data: Buffer, binary: boolean) => this.#read(data, binary));
    socket.on('error', (error) => this.#log('warn', 'the link broke', error));
    socket.on('close', () => this.#closed());
  }

  get gateway(): GatewayId {
    return this.caller.gateway;
  }

  /** When it was last heard, for those who may take its place. */
  heard(): Heard {
    const { gateway, serial } = this.caller;
    return { gateway, connection: this.id, serial, agoMs: performance.now() - this.#heardAt };
  }

  /** Brings the gateway to this state: whole the first time, then what is different. */
  tell(view: View, cuts: readonly WantedCut[]): void {
    if (this.#state !== 'ready') return;
    if (this.#socket.bufferedAmount > UNSENT_MAX) {
      this.close('slow');
      return;
    }
    const message = this.#view === null ? this.#told.whole(view) : this.#told.change(view);
    this.#view = view;
    if (message !== null) this.#socket.send(message);
    this.cut(cuts);
  }

  /** Tells once for each session. */
  cut(cuts: readonly WantedCut[]): void {
    if (this.#state !== 'ready') return;
    for (const { session, reason, by } of cuts) {
      if (!this.#toldCuts.has(session)) this.#send({ type: 'cut', session, reason, by });
      this.#toldCuts.add(session);
    }
  }

  close(reason: CloseReason): void {
    if (this.#state === 'closed') return;
    const [code, words] = CLOSE[reason];
    this.#log('info', `the link is closed: ${words}`);
    this.#socket.close(code, words);
    // A peer that does not answer the close is not waited for.
    setTimeout(() => this.#socket.terminate(), 1_000).unref();
    this.#closed();
  }

  /** Asks the gateway to look at a database, for an answer within the contract's time. */
  async look(resource: ResourceName, wanted: LookFor): Promise<LookAnswer> {
    if (this.#protocol < LOOK_SINCE[wanted.kind]) return TOO_OLD;
    return this.#looks.ask(resource, wanted);
  }

  /** Resolves when nothing of this connection is under way any more. */
  async settled(): Promise<void> {
    await this.#working;
  }

  #closed(): void {
    if (this.#state === 'closed') return;
    const wasKnown = this.#state !== 'new';
    this.#state = 'closed';
    clearTimeout(this.#deadline);
    this.#queue.length = 0;
    this.#looks.end();
    // Before anybody is told: who hears of the end waits until all of it is done (`settled`).
    if (wasKnown) this.#work(() => this.#release());
    this.#options.onClosed(this);
  }

  #read(data: Buffer, binary: boolean): void {
    const message = binary ? null : parse(data);
    if (message === null) {
      this.close('contract');
      return;
    }
    this.#heardAt = performance.now();
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.close('silent'), LINK_SILENT_AFTER_MS);
    if (message.type === 'ping') this.#pong(message.at);
    else if (message.type === 'hello') this.#hello(message);
    else if (message.type === 'seen') this.#looks.heard(message.id, message.answer);
    else this.#enqueue(message);
  }

  /** At once, past the queue: both clocks are measured by it. Not while the store is away: see `isFresh`. */
  #pong(echo: number): void {
    if (this.#options.isFresh()) this.#send({ type: 'pong', echo, now: Date.now() });
  }

  #hello(hello: Hello): void {
    if (this.#state !== 'new') {
      this.close('contract');
      return;
    }
    this.#protocol = hello.protocol;
    this.#state = 'greeted';
    this.#work(() => this.#welcome(hello));
  }

  async #welcome(hello: Hello): Promise<void> {
    const { store, now } = this.#context;
    const { gateway, name } = this.caller;
    await store.transaction(async (tx) => {
      await claimConnection(tx, gateway, this.id, hello);
      await reconcileSessions(tx, gateway, hello.sessions, now());
      const data = { gateway, name, version: hello.version, sessions: hello.sessions.length };
      await appendEvent(tx, { kind: 'gateway.connected', at: now(), data });
    });
    if (this.#state !== 'greeted') return;
    const { staleAfterMs, cutAfterMs } = this.#options;
    this.#send({
      type: 'welcome',
      gateway,
      name,
      now: now().toString(),
      staleAfterMs,
      cutAfterMs,
      protocol: LINK_PROTOCOL,
    });
    this.#state = 'ready';
    this.#log('info', 'a gateway is linked');
    this.#options.onReady(this);
  }

  #enqueue(message: Queued): void {
    if (this.#state === 'new') {
      this.close('contract');
      return;
    }
    this.#queue.push(message);
    if (this.#queue.length >= QUEUE_MAX) this.#socket.pause();
    this.#work(async () => {
      const next = this.#queue.shift();
      if (next === undefined) return;
      await this.#take(next);
      if (this.#socket.isPaused && this.#queue.length < QUEUE_MAX / 2) this.#socket.resume();
    });
  }

  async #take(message: Queued): Promise<void> {
    const { store, now } = this.#context;
    switch (message.type) {
      case 'resync':
        if (this.#view !== null) this.#socket.send(this.#told.whole(this.#view));
        return;
      case 'ack': {
        const known = this.#told.acknowledge(message.revision);
        if (known.length > 0) await store.transaction((tx) => markKnown(tx, this.gateway, this.id, known));
        return;
      }
      case 'report':
        for (const report of message.grants) await this.#report(report);
        return;
      case 'session-opened':
        return openSessions(store.db, this.gateway, [message.session]);
      case 'session-closed':
        this.#toldCuts.delete(message.session);
        return closeSession(store.db, this.gateway, message, now());
      case 'health':
        return saveHealth(this.#context, this.caller, message);
      case 'finding':
        return saveFinding(this.#context, this.caller, message);
      case 'spool':
        return saveSpool(store.db, this.gateway, message);
    }
  }

  async #report({ grant, phase, detail }: Extract<FromGateway, { type: 'report' }>['grants'][number]): Promise<void> {
    const { name } = this.caller;
    try {
      switch (phase) {
        case 'prepared':
          return await grantPrepared(this.#context, grant);
        case 'open':
          return await grantOpened(this.#context, grant, name);
        case 'closed':
          return await grantClosed(this.#context, grant, name);
        case 'failed':
          return await grantProblem(this.#context, grant, detail);
      }
    } catch (error) {
      // Of a grant that is unknown here, or not in a state that fits: nothing follows from it.
      if (!(error instanceof TidegateError)) throw error;
      this.#log('warn', `a report of grant ${grant} was passed over`, error);
    }
  }

  /** One thing after the other; what fails ends the connection. */
  #work(task: () => Promise<void>): void {
    this.#working = this.#working.then(task).catch((error: unknown) => {
      this.#log(isOutage(error) ? 'warn' : 'error', 'what a gateway said could not be taken in', error);
      this.close('trouble');
    });
  }

  async #release(): Promise<void> {
    const { store, now } = this.#context;
    const { gateway, name } = this.caller;
    await store.transaction(async (tx) => {
      if (!(await releaseConnection(tx, gateway, this.id))) return;
      await appendEvent(tx, { kind: 'gateway.disconnected', at: now(), data: { gateway, name } });
    });
  }

  #send(message: ToGateway): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #log(level: 'info' | 'warn' | 'error', message: string, error?: unknown): void {
    const { gateway, name } = this.caller;
    this.#context.log[level]({ gateway, name, ...(error === undefined ? {} : { err: error }) }, message);
  }
}

/** null: not a message of the contract. */
function parse(data: Buffer): FromGateway | null {
  let value: unknown;
  try {
    value = JSON.parse(data.toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  const message = fromGateway.safeParse(value);
  return message.success ? message.data : null;
}
