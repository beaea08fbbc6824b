/**
 * Sign-ins under way at a provider. Each is a row that the first answer takes out: an answer that comes twice, late, to
 * another browser, or that nobody asked for, finds none. Kept in the store, so that any control plane takes the answer.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type LoginId, reached, TidegateError } from '@tidegate/core';
import type { Insertable, Selectable } from 'kysely';
import type { z } from 'zod';
import type { Context } from '../../context.ts';
import type { Reader } from '../../store/schema.ts';
import type { SignInsTable, SignInWay } from '../../store/schema-oidc.ts';
import { TooManyAttempts } from '../attempts.ts';

const SECRET_BYTES = 32;
/** Long enough to find a phone for the second factor. */
const ANSWER_WITHIN = Temporal.Duration.from({ minutes: 10 });
/** From one address, unanswered: an office behind one address signs in of a morning; more is somebody filling the table. */
const PENDING_MAX = 200;

export type SignInRow = Selectable<SignInsTable>;

/** 256 random bits. */
export const newSecret = ({ random }: Context): string => Buffer.from(random(SECRET_BYTES)).toString('base64url');
export const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

export interface Beginning {
  readonly provider: string;
  readonly way: SignInWay;
  readonly address: string;
  readonly browser?: string | undefined;
  readonly login?: LoginId | null | undefined;
  readonly returnTo?: string | undefined;
  readonly port?: number | undefined;
  readonly challenge?: string | undefined;
  /** What only we may know, as JSON. */
  readonly secrets: unknown;
  readonly endsAt?: Temporal.Instant | undefined;
  readonly nextAskAt?: Temporal.Instant | undefined;
}

/** Puts down that `key` (which the answer will bring) begins a sign-in. Throws `too_many_attempts`. */
export async function begin(context: Context, key: string, beginning: Beginning): Promise<void> {
  const { store, sealer, now } = context;
  const { provider, way, address, browser, secrets } = beginning;
  const at = now();
  await assertRoom(store.db, address, at);
  const row: Insertable<SignInsTable> = {
    provider,
    way,
    address,
    state: digestOf(key),
    browser: browser === undefined ? null : digestOf(browser),
    login: beginning.login ?? null,
    returnTo: beginning.returnTo ?? null,
    port: beginning.port ?? null,
    challenge: beginning.challenge ?? null,
    secrets: sealer.seal(JSON.stringify(secrets), `sign-in/${way}`),
    startedAt: at,
    expiresAt: beginning.endsAt ?? at.add(ANSWER_WITHIN),
    nextAskAt: beginning.nextAskAt ?? null,
  };
  await store.db.insertInto('signIns').values(row).execute();
}

async function assertRoom(db: Reader, address: string, at: Temporal.Instant): Promise<void> {
  const pending = await db
    .selectFrom('signIns')
    .select('expiresAt')
    .where('address', '=', address)
    .where('expiresAt', '>', at)
    .orderBy('expiresAt', 'desc')
    .offset(PENDING_MAX - 1)
    .limit(1)
    .executeTakeFirst();
  if (pending === undefined) return;
  throw new TooManyAttempts(Math.max(1, Math.ceil(at.until(pending.expiresAt).total('seconds'))));
}

/** Takes the sign-in that `key` belongs to, for good. Throws `token_invalid` when there is none (any more). */
export async function take(context: Context, key: string, ways: readonly SignInWay[]): Promise<SignInRow> {
  const row = await context.store.db
    .deleteFrom('signIns')
    .where('state', '=', digestOf(key))
    .where('way', 'in', [...ways])
    .returningAll()
    .executeTakeFirst();
  if (row === undefined || reached(row.expiresAt, context.now())) throw overAlready();
  return row;
}

export const overAlready = (): TidegateError =>
  new TidegateError(
    'token_invalid',
    'This sign-in was not begun here, was answered already, or took too long.',
    'Begin again.',
  );

/** Throws `token_invalid` unless the answer comes to the very browser that began it. */
export function assertSameBrowser({ signIn }: Context, row: SignInRow, cookie: string | null): void {
  if (row.browser === null) return;
  if (cookie !== null && timingSafeEqual(digestOf(cookie), row.browser)) return;
  throw new TidegateError(
    'token_invalid',
    'This sign-in was begun in another browser.',
    `Begin again at ${signIn.publicUrl()}.`,
  );
}

/** What `begin` sealed. */
export function secretsOf<S extends z.ZodType>({ sealer }: Context, row: SignInRow, schema: S): z.output<S> {
  return schema.parse(JSON.parse(sealer.open(row.secrets, `sign-in/${row.way}`)));
}

/** What nobody answered, and logout tokens that are too old to come again. */
export async function purgeSignIns({ store, now }: Context): Promise<void> {
  const at = now();
  await store.db.deleteFrom('signIns').where('expiresAt', '<=', at).execute();
  await store.db.deleteFrom('logoutTokens').where('expiresAt', '<=', at).execute();
}
