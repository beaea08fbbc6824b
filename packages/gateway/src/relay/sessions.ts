/** All sessions of this worker, from their permits on: counted, found, and cut. */
import { performance } from 'node:perf_hooks';
import type { DisconnectReason, GrantId, SessionId } from '@tidegate/core';
import type { RelayGrant } from '../worker-protocol.ts';
import type { Permit, Seats } from './admit.ts';
import type { Cut } from './cut.ts';
import { Session, type SessionOptions } from './session.ts';

/**
 * Cutting may keep those sessions waiting that go on, at most so long in one turn of the event loop. Not shorter: the
 * hundreds of clients that hear their end are busy with that, and would have the processor before the next are told.
 */
const CUTTING_MS = 50;
/**
 * Sessions that were cut hang up on the database in batches, when everybody who is to be cut has been told: hundreds of
 * server processes that end at once would take the processor from those who still wait to hear it.
 */
const HANG_UPS = 16;
const HANG_UP_EVERY_MS = 10;

const NONE: ReadonlySet<Session> = new Set();

export type Ended = { readonly because: DisconnectReason; readonly by: string | null };

export interface SessionsOptions {
  /** All that a session needs beside its permit. */
  readonly make: (permit: Permit) => Omit<SessionOptions, 'permit' | 'over' | 'afterwards'>;
  /** A session is over; `ended` is null when it never opened. */
  readonly over: (session: Session, ended: Ended | null) => void;
}

export class Sessions implements Seats {
  readonly #options: SessionsOptions;
  readonly #all = new Map<SessionId, Session>();
  readonly #byGrant = new Map<GrantId, Set<Session>>();
  #cutting: { readonly session: Session; readonly cut: Cut; readonly done: () => void }[] = [];
  readonly #hangUps: (() => void)[] = [];
  #hangUpTimer: NodeJS.Timeout | null = null;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#all.size;
  }

  /** Grants with sessions, those still being opened included. */
  grants(): Iterable<GrantId> {
    return this.#byGrant.keys();
  }

  all(): Iterable<Session> {
    return this.#all.values();
  }

  get(id: SessionId): Session | null {
    return this.#all.get(id) ?? null;
  }

  ofGrant(id: GrantId): ReadonlySet<Session> {
    return this.#byGrant.get(id) ?? NONE;
  }

  count(grant: RelayGrant): number {
    return this.ofGrant(grant.id).size;
  }

  take(permit: Permit): void {
    const over = (session: Session, ended: Ended | null) => this.#over(session, ended);
    const afterwards = (then: () => void) => this.#afterwards(then);
    const session = new Session({ ...this.#options.make(permit), permit, over, afterwards });
    this.#all.set(permit.session, session);
    const ofGrant = this.#byGrant.get(permit.grant.id) ?? new Set();
    this.#byGrant.set(permit.grant.id, ofGrant.add(session));
  }

  /** Cuts each; resolves when all cuts have begun. */
  cut(sessions: Iterable<Session>, cut: Cut): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let left = 1;
    const done = () => {
      left -= 1;
      if (left === 0) resolve();
    };
    const idle = this.#cutting.length === 0;
    for (const session of sessions) {
      left += 1;
      this.#cutting.push({ session, cut, done });
    }
    done();
    if (idle) this.#cutSome();
    return promise;
  }

  readonly #cutSome = (): void => {
    const until = performance.now() + CUTTING_MS;
    let count = 0;
    for (const { session, cut, done } of this.#cutting) {
      session.cut(cut);
      done();
      count += 1;
      if (performance.now() > until) break;
    }
    this.#cutting.splice(0, count);
    if (this.#cutting.length > 0) setImmediate(this.#cutSome);
  };

  /** Hangs up for all at once: nobody is left to be told. */
  hangUp(): void {
    if (this.#hangUpTimer !== null) clearTimeout(this.#hangUpTimer);
    this.#hangUpTimer = null;
    for (const hangUp of this.#hangUps.splice(0)) hangUp();
  }

  #afterwards(hangUp: () => void): void {
    this.#hangUps.push(hangUp);
    this.#hangUpTimer ??= setTimeout(this.#hangUpSome, 0);
  }

  readonly #hangUpSome = (): void => {
    const batch = this.#cutting.length > 0 ? [] : this.#hangUps.splice(0, HANG_UPS);
    for (const hangUp of batch) hangUp();
    this.#hangUpTimer = this.#hangUps.length > 0 ? setTimeout(this.#hangUpSome, HANG_UP_EVERY_MS) : null;
  };

  #over(session: Session, ended: Ended | null): void {
    const { session: id, grant } = session.permit;
    this.#all.delete(id);
    const ofGrant = this.#byGrant.get(grant.id);
    ofGrant?.delete(session);
    if (ofGrant?.size === 0) this.#byGrant.delete(grant.id);
    this.#options.over(session, ended);
  }
}
