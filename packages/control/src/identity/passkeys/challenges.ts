/** What authenticators are asked to sign: random, for one purpose and one login, once, for five minutes. */
import { type LoginId, randomText, reached } from '@tidegate/core';
import { sql } from 'kysely';
import type { Context } from '../../context.ts';
import { TooManyAttempts } from '../attempts.ts';
import { PasskeyRefused } from './refused.ts';

export const GOOD_FOR = Temporal.Duration.from({ minutes: 5 });
const CHALLENGE_BYTES = 32;
/** 130 random bits: to sign in, whoever knows the id is who was asked. */
const ID_LENGTH = 26;
/** Open ones, to sign in, from one address: a row each, for nobody we know. A whole company may be behind it. */
const OPEN_MAX = 1000;

/** `login` is null to sign in, and only then. */
export type Bound =
  | { readonly purpose: 'sign-in'; readonly login: null }
  | { readonly purpose: 'register' | 'step-up'; readonly login: LoginId };

export interface Challenge {
  readonly id: string;
  /** base64url, as it comes back in the authenticator's answer. */
  readonly challenge: string;
}

/** Throws `too_many_attempts`. */
export async function newChallenge(context: Context, bound: Bound, address: string): Promise<Challenge> {
  const { store, now, random } = context;
  const createdAt = now();
  if (bound.login === null) await assertRoom(context, address, createdAt);
  const made = {
    id: randomText(random, ID_LENGTH),
    challenge: Buffer.from(random(CHALLENGE_BYTES)).toString('base64url'),
  };
  await store.db
    .insertInto('passkeyChallenges')
    .values({ ...made, ...bound, address, createdAt, expiresAt: createdAt.add(GOOD_FOR) })
    .execute();
  return made;
}

async function assertRoom({ store }: Context, address: string, now: Temporal.Instant): Promise<void> {
  const { open } = await store.db
    .selectFrom('passkeyChallenges')
    .select(sql<number>`count(*)`.as('open'))
    .where('login', 'is', null)
    .where('address', '=', address)
    .where('expiresAt', '>', now)
    .executeTakeFirstOrThrow();
  if (open >= OPEN_MAX) throw new TooManyAttempts(GOOD_FOR.total('seconds'));
}

/**
 * What was asked under `id`; from then on it is used, whatever becomes of the answer. Throws `PasskeyRefused` for one
 * that is unknown, of another login or for another purpose, used, or over.
 */
export async function takeChallenge({ store, now }: Context, id: string, bound: Bound): Promise<string> {
  const at = now();
  const taken = await store.db
    .updateTable('passkeyChallenges')
    .set({ usedAt: at })
    .where('id', '=', id)
    .where('purpose', '=', bound.purpose)
    .where('login', bound.login === null ? 'is' : '=', bound.login)
    .where('usedAt', 'is', null)
    .where('expiresAt', '>', at)
    .returning('challenge')
    .executeTakeFirst();
  if (taken !== undefined) return taken.challenge;
  const row = await store.db
    .selectFrom('passkeyChallenges')
    .select(['usedAt', 'expiresAt', 'login', 'purpose'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined || row.login !== bound.login || row.purpose !== bound.purpose) {
    throw new PasskeyRefused('challenge_unknown');
  }
  throw new PasskeyRefused(reached(row.expiresAt, at) ? 'challenge_over' : 'challenge_used');
}
