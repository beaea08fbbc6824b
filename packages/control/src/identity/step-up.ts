/**
 * A login that cannot show a second factor itself (a terminal's, and the factor is a passkey) asks its person to show it
 * in a browser: by a link, with a short code on both sides. When they have, both logins count as fresh.
 */
import type { StepUpView } from '@tidegate/contract';
import { type ChallengeId, newChallengeId, randomText, reached, TidegateError } from '@tidegate/core';
import type { Context } from '../context.ts';
import { appendEvent, type ControlEvent } from '../record/events.ts';
import type { Tx } from '../store/schema.ts';
import type { FactorShown } from '../store/schema-logins.ts';
import { notify } from '../store/store.ts';
import { type Caller, loginOf } from './caller.ts';
import { proveByCode } from './codes.ts';
import { stepUp } from './logins.ts';
import { proveByPasskey } from './passkeys/show.ts';
import type { Answer } from './passkeys/verify.ts';

/** Announced at commit with a step-up's id when it is settled. */
const STEP_UP_CHANNEL = 'tidegate_step_up';
/** Long enough to open the link and to sign in there. */
const GOOD_FOR = Temporal.Duration.from({ minutes: 10 });
const CODE_LENGTH = 4;

/**
 * The caller's login asks; where it has asked already, and waits still, it goes on waiting for the same. Throws `forbidden`
 * for a browser's: it shows its factor itself, and gets another token for it.
 */
export async function beginStepUp(context: Context, caller: Caller): Promise<StepUpView> {
  const login = loginOf(caller);
  if (caller.carriedBy === 'cookie') {
    throw new TidegateError('forbidden', 'This is a browser already.', 'Show your second factor here.');
  }
  const at = context.now();
  const id = await context.store.transaction(async (tx) => {
    // Two at once do not both ask: the person is to see one code.
    const asks = await tx.selectFrom('logins').select('id').where('id', '=', login).forUpdate().executeTakeFirst();
    if (asks === undefined) throw new TidegateError('unauthenticated', 'You are no longer signed in.', 'Sign in.');
    const waiting = await tx
      .selectFrom('mfaChallenges')
      .select('id')
      .where('login', '=', login)
      .where('state', '=', 'pending')
      .where('expiresAt', '>', at.add({ minutes: 1 }))
      .executeTakeFirst();
    if (waiting !== undefined) return waiting.id;
    const made = newChallengeId(context.random);
    const code = randomText(context.random, CODE_LENGTH).toUpperCase();
    await tx
      .insertInto('mfaChallenges')
      .values({ id: made, login, person: caller.name, code, createdAt: at, expiresAt: at.add(GOOD_FOR) })
      .execute();
    const data = { person: caller.name, address: caller.address, login, challenge: made };
    await appendEvent(tx, { kind: 'mfa.asked', at, data });
    return made;
  });
  return readStepUp(context, caller, id);
}

/** Where its person shows the factor. */
export const linkOf = ({ signIn }: Pick<Context, 'signIn'>, id: ChallengeId): string =>
  `${signIn.publicUrl()}/mfa?challenge=${id}`;

/** Throws `not_found`, for somebody else's too. */
export async function readStepUp(context: Context, caller: Caller, id: ChallengeId): Promise<StepUpView> {
  const row = await context.store.db
    .selectFrom('mfaChallenges')
    .innerJoin('logins', 'logins.id', 'mfaChallenges.login')
    .select(['mfaChallenges.id', 'login', 'state', 'code', 'mfaChallenges.createdAt', 'mfaChallenges.expiresAt'])
    .select(['logins.address', 'logins.userAgent'])
    .where('mfaChallenges.id', '=', id)
    .where('mfaChallenges.person', '=', caller.name)
    .executeTakeFirst();
  if (row === undefined) throw noSuchStepUp();
  const over = row.state === 'pending' && reached(row.expiresAt, context.now());
  return {
    id,
    state: over ? 'over' : row.state,
    code: row.code,
    link: linkOf(context, id),
    login: row.login,
    address: row.address,
    userAgent: row.userAgent,
    createdAt: row.createdAt.toString(),
    expiresAt: row.expiresAt.toString(),
  };
}

/** The same, as soon as it is settled or `seconds` are over. Holds no connection meanwhile. */
export async function waitForStepUp(
  context: Context,
  caller: Caller,
  id: ChallengeId,
  { seconds, signal }: { readonly seconds: number; readonly signal: AbortSignal },
): Promise<StepUpView> {
  if (seconds === 0) return readStepUp(context, caller, id);
  const over = AbortSignal.any([signal, AbortSignal.timeout(seconds * 1000)]);
  const patience = Promise.withResolvers<void>();
  over.addEventListener('abort', () => patience.resolve());
  let heard = Promise.withResolvers<void>();
  // null: the connection is new, and anything may have been missed.
  const forget = context.store.listen(STEP_UP_CHANNEL, (payload) => {
    if (payload === null || payload === id) heard.resolve();
  });
  try {
    for (;;) {
      // Listening came first, and goes on while this is read: what is settled meanwhile is heard.
      heard = Promise.withResolvers();
      const latest = await readStepUp(context, caller, id);
      if (latest.state !== 'pending' || over.aborted) return latest;
      await Promise.race([heard.promise, patience.promise]);
    }
  } finally {
    forget();
  }
}

/** A factor, shown now. */
export interface Proof {
  readonly code?: string | undefined;
  readonly passkey?: Answer | undefined;
}

/**
 * The caller shows a factor, on their own login, for the one that asked. Throws `not_found` for somebody else's,
 * `wrong_state` for what is settled or over, `invalid_input` without a proof, and what showing a factor throws.
 */
export async function completeStepUp(context: Context, caller: Caller, id: ChallengeId, proof: Proof) {
  await assertWaiting(context, caller, id);
  const how = await prove(context, caller, proof);
  await stepUp(context, caller, { how, also: (tx, at) => settleShown(tx, caller, id, how, at) });
  return readStepUp(context, caller, id);
}

async function prove(context: Context, caller: Caller, { code, passkey }: Proof): Promise<FactorShown> {
  if (code !== undefined && passkey === undefined) return proveByCode(context, caller, code);
  if (passkey === undefined || code !== undefined) {
    throw new TidegateError('invalid_input', 'Show a code or a passkey.', 'Send one of the two.');
  }
  await proveByPasskey(context, caller, passkey);
  return 'passkey';
}

/**
 * The login that asked counts as fresh from `at`. For who has shown a factor elsewhere (at their identity provider), too:
 * call it within `stepUp`. Throws `wrong_state` for what was settled meanwhile.
 */
export async function settleShown(
  tx: Tx,
  caller: Caller,
  id: ChallengeId,
  how: FactorShown,
  at: Temporal.Instant,
): Promise<readonly ControlEvent[]> {
  const { login } = await settle(tx, caller, id, { state: 'shown', how, settledAt: at });
  await tx.updateTable('logins').set({ mfaAt: at }).where('id', '=', login).execute();
  const data = { person: caller.name, address: caller.address, login, challenge: id, how, by: loginOf(caller) };
  return [{ kind: 'mfa.shown', at, data }];
}

/**
 * It was not them: whoever asked is told no, and the login that asked ends, for somebody else has it. Throws
 * `not_found`, `wrong_state`.
 */
export async function refuseStepUp(context: Context, caller: Caller, id: ChallengeId): Promise<StepUpView> {
  await assertWaiting(context, caller, id);
  await context.store.transaction(async (tx) => {
    const at = context.now();
    const { login } = await settle(tx, caller, id, { state: 'refused', settledAt: at });
    // Over, and not gone yet: whoever waits there is told why, in the call that waits.
    await tx.updateTable('logins').set({ expiresAt: at }).where('id', '=', login).execute();
    const about = { person: caller.name, address: caller.address, login };
    const why = 'not asked by them';
    await appendEvent(
      tx,
      { kind: 'mfa.refused', at, data: { ...about, challenge: id, why } },
      { kind: 'login.ended', at, data: { ...about, why: 'it asked for a second factor, and its person did not' } },
    );
  });
  return readStepUp(context, caller, id);
}

type Settled =
  | { readonly state: 'shown'; readonly how: FactorShown; readonly settledAt: Temporal.Instant }
  | { readonly state: 'refused'; readonly settledAt: Temporal.Instant };

async function settle(tx: Tx, caller: Caller, id: ChallengeId, settled: Settled) {
  const row = await tx
    .updateTable('mfaChallenges')
    .set({ ...settled, settledBy: loginOf(caller) })
    .where('id', '=', id)
    .where('person', '=', caller.name)
    .where('state', '=', 'pending')
    .where('expiresAt', '>', settled.settledAt)
    .returning('login')
    .executeTakeFirst();
  if (row === undefined) throw noLongerWaiting();
  await notify(tx, STEP_UP_CHANNEL, id);
  return row;
}

/** Before a code is spent on it. */
async function assertWaiting(context: Context, caller: Caller, id: ChallengeId): Promise<void> {
  if ((await readStepUp(context, caller, id)).state !== 'pending') throw noLongerWaiting();
}

const noSuchStepUp = (): TidegateError =>
  new TidegateError('not_found', 'Nobody of yours asks for this.', 'Ask again where you were sent from.');
const noLongerWaiting = (): TidegateError =>
  new TidegateError('wrong_state', 'This is no longer waited for.', 'Ask again where you were sent from.');
