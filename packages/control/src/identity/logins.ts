/**
 * Logins: opaque tokens, found by their digest, ended by idleness, age, logout, or the end of the account. Whatever
 * brings a person in (a password, a passkey, an identity provider) ends in `openLogin`.
 */
import { createHash } from 'node:crypto';
import { type LoginId, newLoginId, type PersonName, reached, TidegateError } from '@tidegate/core';
import { configOf, keyInForce } from '../config/current.ts';
import type { Context } from '../context.ts';
import { appendEvent, type ControlEvent } from '../record/events.ts';
import type { Tx } from '../store/schema.ts';
import type { FactorShown, LoginHow, LoginKind } from '../store/schema-logins.ts';
import { WINDOW } from './attempts.ts';
import { type Caller, type HandToken, loginOf } from './caller.ts';
import { groupsOfRow, loadPerson, toPerson } from './people.ts';
import { powersUnder } from './permissions/powers.ts';

/** `last_used_at` is moved no more often than this, so that reading costs no writing. */
const TOUCH_EVERY = Temporal.Duration.from({ minutes: 1 });
const TOKEN_BYTES = 32;
const USER_AGENT_MAX = 256;

export interface Opening {
  readonly person: PersonName;
  readonly address: string;
  readonly userAgent: string | null;
  readonly how: LoginHow;
  readonly kind: LoginKind;
  /** When a second factor was shown for it; null: none was. */
  readonly mfaAt: Temporal.Instant | null;
  /** When the person proved who they are: now, or when their identity provider says. */
  readonly authTime: Temporal.Instant;
  /** Earlier than logins end anyway: with the token, certificate or session it hangs on. */
  readonly ends?: Temporal.Instant | undefined;
  /** The identity provider's session; `endIssuerSession` ends the login with it. */
  readonly issuerSession?: string | undefined;
}

export interface OpenedLogin {
  readonly id: LoginId;
  /** Shown this once: here, or in a cookie. */
  readonly token: string;
  readonly kind: LoginKind;
  readonly person: PersonName;
  readonly expiresAt: Temporal.Instant;
}

/** Opens a login in a transaction of its own. Throws `not_found` and, for a disabled account, `forbidden`. */
export function openLogin(context: Context, opening: Opening): Promise<OpenedLogin> {
  return context.store.transaction((tx) => openLoginIn(tx, context, opening));
}

/** The same as the LAST step of the caller's transaction: it appends its event. `first` are events to stand before it. */
export async function openLoginIn(
  tx: Tx,
  context: Context,
  opening: Opening,
  first: readonly ControlEvent[] = [],
): Promise<OpenedLogin> {
  const { person, address, how, kind, mfaAt, authTime } = opening;
  await loadPerson(tx, person);
  const at = context.now();
  const id = newLoginId(context.random);
  const token = newToken(context);
  const longest = at.add(context.signIn.longest);
  const expiresAt = opening.ends !== undefined && reached(opening.ends, longest) ? opening.ends : longest;
  if (reached(expiresAt, at)) {
    throw new TidegateError('login_failed', 'What you signed in with is over already.', 'Sign in again.');
  }
  await tx
    .insertInto('logins')
    .values({
      id,
      token: digest(token),
      kind,
      how,
      person,
      address,
      expiresAt,
      mfaAt,
      authTime,
      userAgent: opening.userAgent?.slice(0, USER_AGENT_MAX) ?? null,
      createdAt: at,
      lastUsedAt: at,
      issuerSession: opening.issuerSession ?? null,
    })
    .execute();
  const data = { person, address, login: id, how, kind, mfa: mfaAt !== null };
  await appendEvent(tx, ...first, { kind: 'login.succeeded', at, data });
  return { id, token, kind, person, expiresAt };
}

/** What a call brings to show who it is from. */
export interface Credential {
  readonly kind: LoginKind;
  readonly token: string;
}

/**
 * Finds who holds a token. Throws `unauthenticated` for one that is unknown, over, idle for too long, of a disabled
 * account, or carried otherwise than it was given: what was a cookie is none as a bearer token.
 */
export async function authenticate(
  { store, now, signIn }: Context,
  { kind, token }: Credential,
  address: string,
  handToken: HandToken,
): Promise<Caller> {
  const at = now();
  const row = await store.db
    .selectFrom('logins')
    .innerJoin('people', 'people.name', 'logins.person')
    .select(['logins.id', 'logins.how', 'logins.person', 'logins.lastUsedAt', 'logins.expiresAt'])
    .select(['logins.mfaAt', 'logins.authTime'])
    .select(['people.name', 'people.kind', 'people.runBy', 'people.manager'])
    .select([groupsOfRow.as('groups'), keyInForce.as('inForce')])
    .where('logins.token', '=', digest(token))
    .where('logins.kind', '=', kind)
    .where('people.disabledAt', 'is', null)
    .executeTakeFirst();
  if (row === undefined || reached(row.expiresAt, at) || reached(row.lastUsedAt.add(signIn.idle), at)) {
    throw new TidegateError('unauthenticated', 'You are not signed in, or no longer.', 'Sign in: tidegate login.');
  }
  if (reached(row.lastUsedAt.add(TOUCH_EVERY), at)) {
    await store.db.updateTable('logins').set({ lastUsedAt: at }).where('id', '=', row.id).execute();
  }
  const person = toPerson(row, row.groups);
  return {
    ...person,
    powers: powersUnder(await configOf(store.db, row.inForce), person),
    login: row.id,
    carriedBy: kind,
    how: row.how,
    loginExpiresAt: row.expiresAt,
    authTime: row.authTime,
    mfaAt: row.mfaAt,
    address,
    handToken,
  };
}

export interface StepUp {
  readonly how: FactorShown;
  /** When the factor was shown, where that was not just now (an identity provider says when). */
  readonly at?: Temporal.Instant;
  /** Work of the same transaction that the step-up hangs on, and what it leaves on record. */
  readonly also?: (tx: Tx, at: Temporal.Instant) => Promise<readonly ControlEvent[]>;
}

/**
 * A second factor was shown on this login: it counts as fresh from now. A browser gets another token, and the old one is
 * dead: whoever had it before (a page left open elsewhere, a thief) does not rise with it. Throws `unauthenticated` when
 * the login is over meanwhile.
 */
export async function stepUp(context: Context, caller: Caller, { how, at, also }: StepUp): Promise<Caller> {
  const login = loginOf(caller);
  const token = caller.carriedBy === 'cookie' ? newToken(context) : null;
  const mfaAt = await context.store.transaction(async (tx) => {
    const now = context.now();
    const shownAt = at ?? now;
    const { numUpdatedRows } = await tx
      .updateTable('logins')
      .set({ mfaAt: shownAt, ...(token === null ? {} : { token: digest(token) }) })
      .where('id', '=', login)
      .executeTakeFirstOrThrow();
    if (numUpdatedRows !== 1n) throw new TidegateError('unauthenticated', 'You are no longer signed in.', 'Sign in.');
    const events = (await also?.(tx, shownAt)) ?? [];
    const data = { person: caller.name, address: caller.address, login, how };
    await appendEvent(tx, ...events, { kind: 'mfa.shown', at: now, data });
    return shownAt;
  });
  // Only once it stands: a token that was rolled back would sign its browser out.
  if (token !== null) caller.handToken(token, caller.loginExpiresAt);
  return { ...caller, mfaAt };
}

/** Ends the caller's login. */
export async function logout({ store, now }: Context, caller: Caller): Promise<void> {
  const login = loginOf(caller);
  await store.transaction(async (tx) => {
    await tx.deleteFrom('logins').where('id', '=', login).execute();
    const data = { person: caller.name, address: caller.address, login };
    await appendEvent(tx, { kind: 'login.ended', at: now(), data });
  });
}

/** Ends the login that another takes the place of in the same browser; nothing where there was none. */
export async function endReplaced({ store, now }: Context, token: string, by: OpenedLogin): Promise<void> {
  await store.transaction(async (tx) => {
    const row = await tx
      .deleteFrom('logins')
      .where('token', '=', digest(token))
      .where('kind', '=', 'cookie')
      .returning(['id', 'person'])
      .executeTakeFirst();
    if (row === undefined) return;
    const data = { person: row.person, login: row.id, replacedBy: by.id };
    await appendEvent(tx, { kind: 'login.ended', at: now(), data });
  });
}

/** Ends every login of a person, but for the one to keep. */
export async function endLogins(tx: Tx, person: PersonName, keep: LoginId | null = null): Promise<void> {
  const all = tx.deleteFrom('logins').where('person', '=', person);
  await (keep === null ? all : all.where('id', '!=', keep)).execute();
}

/** Ends the logins that hang on a session at the identity provider; answers which, for the record. */
export async function endIssuerSession(
  tx: Tx,
  issuerSession: string,
): Promise<readonly { readonly id: LoginId; readonly person: PersonName }[]> {
  return tx.deleteFrom('logins').where('issuerSession', '=', issuerSession).returning(['id', 'person']).execute();
}

/** Ended logins and challenges, and attempts that no limit looks at any more. */
export async function purgeLogins({ store, now, signIn }: Context): Promise<void> {
  const at = now();
  await store.db
    .deleteFrom('logins')
    .where((eb) => eb.or([eb('expiresAt', '<=', at), eb('lastUsedAt', '<=', at.subtract(signIn.idle))]))
    .execute();
  await store.db.deleteFrom('passkeyChallenges').where('expiresAt', '<=', at).execute();
  await store.db.deleteFrom('mfaChallenges').where('expiresAt', '<=', at).execute();
  await store.db.deleteFrom('loginAttempts').where('at', '<', at.subtract(WINDOW)).execute();
}

/** 256 random bits, with a mark that scanners for leaked secrets can look for. */
const newToken = ({ random }: Context): string => `tdg_${Buffer.from(random(TOKEN_BYTES)).toString('base64url')}`;
const digest = (token: string): Buffer => createHash('sha256').update(token).digest();
