/**
 * A terminal without a browser (RFC 8628): its person types a code at the provider, on any device. We are the client, and
 * ask the provider as often as it wants to be asked, however often the terminal asks us.
 */
import { reached, TidegateError } from '@tidegate/core';
import * as openid from 'openid-client';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import type { OpenedLogin } from '../logins.ts';
import { enter } from './enter.ts';
import { codeOf, explain } from './explain.ts';
import { openProvider, type Provider } from './provider.ts';
import { DeniedByProvider, meaningOf } from './refused.ts';
import { readTokens, type Shown } from './tokens.ts';
import { begin, digestOf, newSecret, overAlready, type SignInRow, secretsOf } from './under-way.ts';

const secrets = z.object({ deviceCode: z.string(), interval: z.number() });
/** RFC 8628, 3.2: where the provider does not say. Seconds. */
const INTERVAL_S = 5;
/** RFC 8628, 3.5: by so much when it wants to be asked less often. */
const SLOWER_S = 5;
const LONGEST_S = 30 * 60;

export interface Device {
  /** What the terminal asks with; a secret. */
  readonly handle: string;
  readonly userCode: string;
  readonly verificationUri: string;
  /** With the code in it, for who can click or scan; null where the provider has none. */
  readonly verificationUriComplete: string | null;
  readonly intervalSeconds: number;
  readonly expiresAt: Temporal.Instant;
}

/** Throws `not_found`, `unavailable`, `conflict` (a provider without this grant), `too_many_attempts`. */
export async function beginDevice(context: Context, name: string, address: string): Promise<Device> {
  const { client, settings } = await openProvider(context, name);
  if (client.serverMetadata().device_authorization_endpoint === undefined) {
    throw new TidegateError(
      'conflict',
      `The identity provider ${name} has no sign-in by device code.`,
      'Sign in with a browser.',
    );
  }
  try {
    const answer = await openid.initiateDeviceAuthorization(client, { scope: settings.scopes.join(' ') });
    const at = context.now();
    const expiresAt = at.add({ seconds: Math.min(answer.expires_in, LONGEST_S) });
    const interval = Math.max(1, answer.interval ?? INTERVAL_S);
    const handle = newSecret(context);
    await begin(context, handle, {
      provider: name,
      way: 'device',
      address,
      endsAt: expiresAt,
      nextAskAt: at.add({ seconds: interval }),
      secrets: { deviceCode: answer.device_code, interval },
    });
    return {
      handle,
      expiresAt,
      intervalSeconds: interval,
      userCode: answer.user_code,
      verificationUri: shownUrl(answer.verification_uri),
      verificationUriComplete:
        answer.verification_uri_complete === undefined ? null : shownUrl(answer.verification_uri_complete),
    };
  } catch (error) {
    if (error instanceof TidegateError) throw error;
    throw await explain(context, { provider: name }, address, meaningOf(error));
  }
}

/** It will be opened by somebody's browser: nothing but a web page. */
function shownUrl(text: string): string {
  const { protocol, href } = new URL(text);
  if (protocol === 'https:' || protocol === 'http:') return href;
  throw new TidegateError('unavailable', 'The identity provider answered with an address that is no web page.');
}

export interface Polled {
  /** null: not yet. */
  readonly opened: OpenedLogin | null;
  /** How long to wait before asking again. */
  readonly waitSeconds: number;
}

export interface Polling {
  readonly handle: string;
  readonly address: string;
  readonly userAgent: string | null;
}

/** Throws `token_invalid` (over, or taken already), `login_failed`, `unavailable`. */
export async function pollDevice(context: Context, { handle, address, userAgent }: Polling): Promise<Polled> {
  const row = await findDevice(context, handle);
  const { deviceCode, interval } = secretsOf(context, row, secrets);
  if (!(await mayAsk(context, row, interval))) return { opened: null, waitSeconds: interval };
  try {
    const provider = await openProvider(context, row.provider);
    const shown = await askProvider(provider, deviceCode);
    if (shown === 'pending') return { opened: null, waitSeconds: interval };
    if (shown === 'slow_down') {
      await mayAskIn(context, row, interval + SLOWER_S);
      return { opened: null, waitSeconds: interval + SLOWER_S };
    }
    // Only one of several that ask at once is let in.
    if (!(await remove(context, row))) throw overAlready();
    return { opened: await enter(context, provider, shown, { address, userAgent, kind: 'bearer' }), waitSeconds: 0 };
  } catch (error) {
    const told = await explain(context, row, address, error);
    if (codeOf(told) !== 'unavailable') await remove(context, row);
    throw told;
  }
}

async function findDevice({ store, now }: Context, handle: string): Promise<SignInRow> {
  const row = await store.db
    .selectFrom('signIns')
    .selectAll()
    .where('state', '=', digestOf(handle))
    .where('way', '=', 'device')
    .executeTakeFirst();
  if (row === undefined || reached(row.expiresAt, now())) throw overAlready();
  return row;
}

/** True at most once in an interval, whoever asks. */
async function mayAsk({ store, now }: Context, { state }: SignInRow, interval: number): Promise<boolean> {
  const at = now();
  const { numUpdatedRows } = await store.db
    .updateTable('signIns')
    .set({ nextAskAt: at.add({ seconds: interval }) })
    .where('state', '=', state)
    .where('nextAskAt', '<=', at)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

async function mayAskIn({ store, now }: Context, { state }: SignInRow, seconds: number): Promise<void> {
  await store.db
    .updateTable('signIns')
    .set({ nextAskAt: now().add({ seconds }) })
    .where('state', '=', state)
    .execute();
}

async function remove({ store }: Context, { state }: SignInRow): Promise<boolean> {
  const { numDeletedRows } = await store.db.deleteFrom('signIns').where('state', '=', state).executeTakeFirstOrThrow();
  return numDeletedRows === 1n;
}

/** One question. (openid-client has one that goes on asking: that would keep a call, and its connection, for minutes.) */
async function askProvider(provider: Provider, deviceCode: string): Promise<Shown | 'pending' | 'slow_down'> {
  try {
    const tokens = await openid.genericGrantRequest(provider.client, 'urn:ietf:params:oauth:grant-type:device_code', {
      device_code: deviceCode,
    });
    return await readTokens(provider, tokens);
  } catch (error) {
    const meaning = meaningOf(error);
    if (!(meaning instanceof DeniedByProvider)) throw meaning;
    if (meaning.error === 'authorization_pending') return 'pending';
    if (meaning.error === 'slow_down') return 'slow_down';
    throw meaning;
  }
}
