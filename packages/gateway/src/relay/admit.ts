/**
 * The one way in, for every engine: login name → grant → resource → in touch? → proof → ticket → phase → window →
 * database → room, in that order, and a permit at the end. Whatever is in doubt is a refusal (promise 1). An engine's
 * handshake brings the proof and needs the permit to tell its client "you are in"; nothing else makes one.
 */
import type { Engine, GrantId, RandomBytes, SessionId, TicketId } from '@tidegate/core';
import { newSessionId } from '@tidegate/core';
import type { RelayGrant, RelayResource } from '../worker-protocol.ts';
import type { ControlClock } from './clock.ts';
import type { Grants, KnownGrant, TicketVerifiers } from './grants.ts';
import type { Penalties } from './penalties.ts';
import { LoginRefused } from './refusal.ts';
import { personOf } from './tokens.ts';

/** Who knocks, as the client says itself. */
export interface Attempt {
  readonly loginName: string;
  readonly database: string;
  readonly application: string;
  readonly clientAddress: string;
}

/** What an engine found when it held the client's proof against the challenge's tickets. */
export type Proof = { readonly accepted: true; readonly index: number } | { readonly accepted: false };

/** That `attempt` may try to prove itself, and against what. Says nothing of whether the login name is anybody's. */
export interface Challenge {
  readonly attempt: Attempt;
  /** null: no grant has this login name. The engine must then go through the motions with candidates of its own making. */
  readonly tickets: TicketVerifiers | null;
  readonly known: KnownGrant | null;
}

/** Not exported: with it a permit is made. */
const ISSUER = Object.freeze({});

/** That a client was authorised and admitted, and to what. */
export class Permit {
  readonly #over = new AbortController();
  readonly session: SessionId;
  readonly grant: RelayGrant;
  readonly resource: RelayResource;
  /** The ticket whose password the client proved to know; null: it came with a token of its person's own sign-in. */
  readonly ticket: TicketId | null;
  readonly attempt: Attempt;

  constructor(
    issuer: typeof ISSUER,
    session: SessionId,
    grant: RelayGrant,
    resource: RelayResource,
    ticket: TicketId | null,
    attempt: Attempt,
  ) {
    if (issuer !== ISSUER) throw new TypeError('a permit is made by admission alone');
    this.session = session;
    this.grant = grant;
    this.resource = resource;
    this.ticket = ticket;
    this.attempt = attempt;
    Object.freeze(this);
  }

  /** Aborts with a `LoginRefused` when the grant ends while the session is being opened. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  withdraw(why: LoginRefused): void {
    this.#over.abort(why);
  }

  /** Throws unless admission made this permit and it was not withdrawn. What only looks like one has no such field. */
  static demand(permit: Permit): void {
    if (!(#over in permit)) throw new TypeError('not a permit');
    permit.signal.throwIfAborted();
  }
}

/** Where admitted sessions are counted, from the permit on. */
export interface Seats {
  count(grant: RelayGrant): number;
  take(permit: Permit): void;
}

export interface AdmissionOptions {
  readonly grants: Grants;
  readonly clock: ControlClock;
  readonly penalties: Penalties;
  readonly seats: Seats;
  readonly random: RandomBytes;
}

/** Who has proved something, and what must still be so when they enter. */
interface Entrant {
  readonly attempt: Attempt;
  readonly ticket: TicketId | null;
  readonly holds: (grant: RelayGrant) => boolean;
}

/** A ticket that is revoked lets nobody in any more. Sessions it has opened stay: they end with their grant, or by a cut. */
export class Admission {
  readonly #options: AdmissionOptions;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /**
   * The first half, before any proof. Throws LoginRefused for what holds for everybody alike. A login name of another
   * engine's resource is nobody's at this engine's listener: its session would be walked by the wrong protocol.
   */
  challenge(attempt: Attempt, engine: Engine): Challenge {
    this.#inTouch();
    const named = this.#options.grants.byLoginName(attempt.loginName);
    const fits = named !== null && this.#options.grants.resource(named.grant.resource)?.engine === engine;
    const known = fits ? named : null;
    // A client that names no database gets the resource's first: what it may see there is the grant's to say all the same.
    const [first = ''] = fits ? (this.#options.grants.resource(named.grant.resource)?.databases ?? []) : [];
    const database = attempt.database === '' ? first : attempt.database;
    return { attempt: { ...attempt, database }, tickets: known?.tickets ?? null, known };
  }

  /**
   * The second half. Throws LoginRefused, after a pause when the proof was wrong; `signal` is the handshake's deadline.
   * The permit holds a seat from here on, so whoever gets it must open the session or give the seat back.
   */
  async admit(challenge: Challenge, proof: Proof, signal: AbortSignal): Promise<Permit> {
    const { attempt } = challenge;
    if (!proof.accepted || challenge.known === null) throw await this.#slowly(attempt, signal);
    const { id, tickets } = challenge.known.grant;
    const ticket = tickets[proof.index]?.id;
    if (ticket === undefined) throw await this.#slowly(attempt, signal);
    // A ticket that was revoked in the meantime never was the right one.
    const holds = ({ tickets: live }: RelayGrant) => live.some((one) => one.id === ticket);
    return this.#enter(id, { attempt, ticket, holds }, signal);
  }

  /** The tenants whose tokens are looked at, on any resource of the engine. */
  tenants(engine: Engine): readonly string[] {
    return this.#options.grants.trusts(engine).map(({ tenant }) => tenant);
  }

  /**
   * Both halves at once, where the client brings a token of its person's own sign-in instead of a ticket: whose it is
   * says which grant. One that names no database gets the first of the resource that the person's only open grant is on.
   * Throws LoginRefused as `admit` does, and where several of the person's grants would do.
   */
  async admitByToken(attempt: Attempt, engine: Engine, token: string, signal: AbortSignal): Promise<Permit> {
    this.#inTouch();
    const { grants, clock } = this.#options;
    const person = await personOf(token, grants.trusts(engine), clock.now());
    if (person === null) throw await this.#slowly(attempt, signal);
    const databasesOf = ({ grant }: KnownGrant) => grants.resource(grant.resource)?.databases ?? [];
    const named = attempt.database !== '';
    const theirs = grants
      .ofIdentity(person, engine)
      .filter((known) => known.grant.phase === 'open' && (!named || databasesOf(known).includes(attempt.database)));
    const [only, ...more] = theirs;
    if (only === undefined) {
      const where = named ? `for the database "${attempt.database}"` : 'here';
      throw new LoginRefused('grant_not_open', `you have no open grant ${where}`, {
        next: 'Ask for one with: tidegate request RESOURCE --role ROLE',
      });
    }
    if (more.length > 0) {
      const what = named ? `for a database "${attempt.database}"` : 'and have named no database';
      throw new LoginRefused('not_supported', `you have several open grants ${what}`, {
        next: `${named ? '' : 'Name the database. '}Say which one with a login of its own: tidegate connect RESOURCE --grant ID --print`,
      });
    }
    const [first = ''] = databasesOf(only);
    const database = named ? attempt.database : first;
    const holds = ({ entra }: RelayGrant) => entra?.tenant === person.tenant && entra.object === person.object;
    return this.#enter(only.grant.id, { attempt: { ...attempt, database }, ticket: null, holds }, signal);
  }

  /** What every way in comes to. */
  async #enter(id: GrantId, { attempt, ticket, holds }: Entrant, signal: AbortSignal): Promise<Permit> {
    // Waiting for the principal is part of the window check: everything is looked up again after it.
    for (;;) {
      const known = this.#options.grants.get(id);
      if (known === null || !holds(known.grant)) throw await this.#slowly(attempt, signal);
      this.#inTouch();
      phaseOpen(known);
      this.#withinWindow(known);
      const resource = this.#options.grants.resource(known.grant.resource);
      if (resource === null) throw gone(known.grant);
      coversDatabase(known.grant, resource, attempt.database);
      this.#hasRoom(known.grant, resource);
      if (known.opened) return this.#issue(known, resource, ticket, attempt);
      await this.#options.grants.changed(id, signal);
      if (signal.aborted) throw notOpen(known.grant);
    }
  }

  #issue(known: KnownGrant, resource: RelayResource, ticket: TicketId | null, attempt: Attempt): Permit {
    const session = newSessionId(this.#options.random);
    const permit = new Permit(ISSUER, session, known.grant, resource, ticket, attempt);
    this.#options.seats.take(permit);
    return permit;
  }

  #inTouch(): void {
    const { clock } = this.#options;
    if (!clock.stale) return;
    const since = Number.isFinite(clock.silentMs) ? `for ${Math.round(clock.silentMs / 1000)} s` : 'since it started';
    throw new LoginRefused(
      'out_of_touch',
      `the gateway has been out of touch with the control plane ${since} and lets nobody in`,
      { next: 'Try again in a moment; if it lasts, tell an administrator.' },
    );
  }

  #withinWindow({ grant, startsAt, expiresAt }: KnownGrant): void {
    const { clock } = this.#options;
    if (startsAt === null || expiresAt === null) throw notOpen(grant);
    if (clock.untilPassed(expiresAt) <= 0) {
      throw new LoginRefused('grant_over', `grant ${grant.id} expired at ${grant.expiresAt}`, {
        next: askAgain(grant),
      });
    }
    // A start lies in the past by its nature; one that doesn't is a clock's error, and then the control plane's counts.
    if (clock.now() < startsAt - START_TOLERANCE_MS) throw notOpen(grant);
  }

  /** Per worker: over all of them, and over all gateways, the principal's CONNECTION LIMIT keeps the number. */
  #hasRoom(grant: RelayGrant, resource: RelayResource): void {
    const open = this.#options.seats.count(grant);
    if (open < resource.maxSessionsPerGrant) return;
    throw new LoginRefused('too_many_sessions', `grant ${grant.id} has ${open} sessions open, and may have no more`, {
      next: `Close one of them: tidegate sessions ${grant.id}`,
    });
  }

  async #slowly(attempt: Attempt, signal: AbortSignal): Promise<LoginRefused> {
    await pause(this.#options.penalties.failed(attempt.loginName, attempt.clientAddress), signal);
    return new LoginRefused('login_failed', `login failed for user "${attempt.loginName}"`, {
      next: 'Get a new login with: tidegate connect RESOURCE --print. A ticket ends with its grant.',
    });
  }
}

/** The offset between the clocks is measured, not known: a client may be here a moment before the grant starts by it. */
const START_TOLERANCE_MS = 5_000;

function phaseOpen({ grant }: KnownGrant): void {
  if (grant.phase === 'prepare') throw notOpen(grant);
  if (grant.phase !== 'close') return;
  const { reason, by, comment } = grant.closing ?? { reason: 'failed', by: null, comment: null };
  const how = { expired: 'expired', revoked: 'was revoked', relinquished: 'was given back', failed: 'is closed' }[
    reason
  ];
  const whom = by === null ? '' : ` by ${by}`;
  const why = comment === null || comment === '' ? '' : `: ${comment}`;
  throw new LoginRefused('grant_over', `grant ${grant.id} ${how}${whom}${why}`, { next: askAgain(grant) });
}

function coversDatabase(grant: RelayGrant, resource: RelayResource, database: string): void {
  if (resource.databases.includes(database)) return;
  throw new LoginRefused('database_not_covered', `grant ${grant.id} does not cover database "${database}"`, {
    next: `Databases of ${resource.name}: ${resource.databases.join(', ')}`,
  });
}

function notOpen(grant: RelayGrant): LoginRefused {
  return new LoginRefused('grant_not_open', `grant ${grant.id} is not open yet`, { next: 'Try again in a moment.' });
}

function gone(grant: RelayGrant): LoginRefused {
  return new LoginRefused('grant_over', `resource ${grant.resource} is no longer under this gateway`, {
    next: 'Tell an administrator.',
  });
}

function askAgain(grant: RelayGrant): string {
  return `Ask again: tidegate request ${grant.resource} --role ${grant.role.name} --reason "…"`;
}

/** Resolves after `ms`, or at once when the signal aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener('abort', () => resolve(), { once: true });
  return promise.finally(() => clearTimeout(timer));
}
