/**
 * A step-up at the provider: the person has proved anew who they are, and the token says how and when. It counts for the
 * login that asked, if it is the same person, if a second factor was shown, and if that was since it asked.
 */
import { after, type ChallengeId, type LoginId, TidegateError } from '@tidegate/core';
import { currentConfig } from '../../config/current.ts';
import type { Context } from '../../context.ts';
import { recorded } from '../../refusals.ts';
import type { Caller, HandToken } from '../caller.ts';
import { stepUp } from '../logins.ts';
import { groupsOf, toPerson } from '../people.ts';
import { powersUnder } from '../permissions/powers.ts';
import { settleShown } from '../step-up.ts';
import { identityOf, proofIn } from './claims.ts';
import { CLOCK_TOLERANCE_S, type Provider } from './provider.ts';
import { RefusedToken } from './refused.ts';
import type { Shown } from './tokens.ts';

const TOLERANCE = Temporal.Duration.from({ seconds: CLOCK_TOLERANCE_S });

/** The login that asked, as whoever holds it would call. Throws `unauthenticated` when it is over. */
export async function loginThatRises(
  { store, now }: Context,
  login: LoginId,
  address: string,
  handToken: HandToken,
): Promise<Caller> {
  const row = await store.db
    .selectFrom('logins')
    .innerJoin('people', 'people.name', 'logins.person')
    .select([
      'logins.id',
      'logins.kind as carriedBy',
      'logins.how',
      'logins.expiresAt',
      'logins.mfaAt',
      'logins.authTime',
    ])
    .select(['people.name', 'people.kind', 'people.runBy', 'people.manager'])
    .where('logins.id', '=', login)
    .where('logins.expiresAt', '>', now())
    .where('people.disabledAt', 'is', null)
    .executeTakeFirst();
  if (row === undefined) {
    throw new TidegateError('unauthenticated', 'You are no longer signed in.', 'Sign in: tidegate login.');
  }
  const { carriedBy, how, mfaAt, authTime, expiresAt } = row;
  const person = toPerson(row, await groupsOf(store.db, row.name));
  const powers = powersUnder(await currentConfig(store.db), person);
  return {
    ...person,
    powers,
    login,
    carriedBy,
    how,
    mfaAt,
    authTime,
    address,
    handToken,
    loginExpiresAt: expiresAt,
  };
}

export interface Rising {
  readonly caller: Caller;
  /** A terminal’s question that is answered with it. */
  readonly asked: ChallengeId | null;
  readonly startedAt: Temporal.Instant;
}

/**
 * Throws `RefusedToken` for another person than the login's, and `mfa_invalid` where the provider does not say that a
 * second factor was shown, and when, since `startedAt` (give or take the drift of two clocks).
 */
export async function rise(
  context: Context,
  { settings }: Provider,
  { claims }: Shown,
  { caller, asked, startedAt }: Rising,
): Promise<void> {
  const tried = { kind: 'mfa.refused', data: { person: caller.name, address: caller.address, how: 'oidc' } };
  await recorded(context, tried, async () => {
    const { issuer, subject } = identityOf(settings, claims);
    const own = await context.store.db
      .selectFrom('providerSessions')
      .select('id')
      .where('login', '=', caller.login)
      .where('issuer', '=', issuer)
      .where('subject', '=', subject)
      .executeTakeFirst();
    if (own === undefined) throw new RefusedToken('it is somebody else’s than the login’s');
    const { mfaAt } = proofIn(settings, claims, context.now());
    if (mfaAt === null || Temporal.Instant.compare(after(mfaAt, TOLERANCE), startedAt) < 0) {
      throw new TidegateError(
        'mfa_invalid',
        mfaAt === null
          ? 'Your identity provider does not say that you have shown a second factor, and when.'
          : 'Your identity provider let you in without asking for your second factor anew.',
        'Tell your administrator: docs/IDENTITY.md says what the provider must tell.',
      );
    }
    await stepUp(context, caller, {
      how: 'oidc',
      at: mfaAt,
      also: async (tx, at) => (asked === null ? [] : settleShown(tx, caller, asked, 'oidc', at)),
    });
  });
}
