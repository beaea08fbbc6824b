/** All sessions of this worker, from their permits on: counted, found, and cut. */
import type { DisconnectReason, GrantId, SessionId } from '@tidegate/core';
import type { RelayGrant } from '../worker-protocol.ts';
import type { Permit, Seats } from './admit.ts';
import type { Cut } from './cut.ts';
import { Session, type SessionOptions } from './session.ts';

/** Cut in one turn of the event loop, at most, so that the sessions that go on don't wait for hundreds that end. */
const CUTS_A_TURN = 32;

const NONE: ReadonlySet<Session> = new Set();

export type Ended = { readonly because: DisconnectReason; readonly by: string | null };

export interface SessionsOptions {
  /** All that a session needs beside its permit. */
  readonly make: (permit: Permit) => Omit<SessionOptions, 'permit' | 'over'>;
  /** A session is over; `ended` is null when it never opened. */
  readonly over: (session: Session, ended: Ended | null) => void;
}

export class Sessions implements Seats {
  readonly #options: SessionsOptions;
  readonly #all = new Map<SessionId, Session>();
  readonly #byGrant = new Map<GrantId, Set<Session>>();
  #cutting: { readonly session: Session; readonly cut: Cut; readonly done: () => void }[] = [];

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
    const session = new Session({ ...this.#options.make(permit), permit, over });
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
    for (const { session, cut, done } of this.#cutting.splice(0, CUTS_A_TURN)) {
      session.cut(cut);
      done();
    }
    if (this.#cutting.length > 0) setImmediate(this.#cutSome);
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
