/** The provider's answer, as a browser brings it: who it is for, whether it is to be believed, and what becomes of it. */
import { challengeId } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import * as openid from 'openid-client';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import type { HandToken } from '../caller.ts';
import type { OpenedLogin } from '../logins.ts';
import { callbackUrl } from './begin.ts';
import { enter } from './enter.ts';
import { codeOf, explain, wordsOf } from './explain.ts';
import { openProvider, type Provider } from './provider.ts';
import { keepForTerminal, type Waiting } from './redeem.ts';
import { meaningOf } from './refused.ts';
import { loginThatRises, rise } from './rise.ts';
import { readTokens, type Shown } from './tokens.ts';
import { assertSameBrowser, overAlready, type SignInRow, secretsOf, take } from './under-way.ts';

const secrets = z.object({ verifier: z.string(), nonce: z.string(), asked: challengeId.nullable() });

/** What a browser brings back. */
export interface Brought {
  /** The query of the callback, as it came. */
  readonly query: URLSearchParams;
  /** Of the cookie that `begin` gave, if it is there. */
  readonly cookie: string | null;
  readonly address: string;
  readonly userAgent: string | null;
  /** For a login that rises in this browser: its new token. */
  readonly handToken: HandToken;
}

/** Where the browser goes now, and the login to keep in it, if it is for the browser and new. */
export interface Answered {
  readonly location: string;
  readonly opened: OpenedLogin | null;
}

/**
 * Throws what is to be shown as a plain page; where the sign-in was a terminal's, it is told instead (in `location`).
 * Everything that is refused stands on the record.
 */
export async function answerSignIn(context: Context, brought: Brought): Promise<Answered> {
  const state = brought.query.get('state');
  if (state === null || state.length > 512) throw overAlready();
  const row = await take(context, state, ['browser', 'loopback']);
  try {
    assertSameBrowser(context, row, brought.cookie);
    return await believed(context, row, state, brought);
  } catch (error) {
    const refusal = await explain(context, row, brought.address, error);
    if (row.way !== 'loopback') throw refusal;
    return { location: toTerminal(row, { error: codeOf(refusal), why: wordsOf(refusal) }), opened: null };
  }
}

async function believed(context: Context, row: SignInRow, state: string, brought: Brought): Promise<Answered> {
  const provider = await openProvider(context, row.provider);
  const shown = await exchange(context, provider, row, state, brought.query);
  const { address, userAgent, handToken } = brought;
  if (row.way === 'loopback') {
    const waiting: Waiting = {
      ...shown,
      all: { ...shown.all },
      groups: [...shown.groups],
      startedAt: row.startedAt.toString(),
    };
    return { location: toTerminal(row, { code: await keepForTerminal(context, row, waiting) }), opened: null };
  }
  const location = row.returnTo ?? '/';
  if (row.login === null) {
    const opened = await enter(context, provider, shown, { address, userAgent, kind: 'cookie' });
    return { location, opened };
  }
  const caller = await loginThatRises(context, row.login, address, handToken);
  const { asked } = secretsOf(context, row, secrets);
  await rise(context, provider, shown, { caller, asked, startedAt: row.startedAt });
  return { location, opened: null };
}

/** The code for tokens, and the tokens held against what was asked for. */
async function exchange(
  context: Context,
  provider: Provider,
  row: SignInRow,
  state: string,
  query: URLSearchParams,
): Promise<Shown> {
  const { verifier, nonce } = secretsOf(context, row, secrets);
  try {
    const tokens = await openid.authorizationCodeGrant(
      provider.client,
      new URL(`${callbackUrl(context)}?${query.toString()}`),
      {
        pkceCodeVerifier: verifier,
        expectedState: state,
        expectedNonce: nonce,
        idTokenExpected: true,
      },
    );
    return await readTokens(provider, tokens);
  } catch (error) {
    throw meaningOf(error);
  }
}

/** RFC 8252, 7.3: the terminal listens on the loopback address, at a port of its own. */
function toTerminal({ port }: SignInRow, answer: Readonly<Record<string, string>>): string {
  if (port === null) throw new TidegateError('internal', 'A terminal’s sign-in has no port.');
  return `http://127.0.0.1:${port}/signed-in?${new URLSearchParams(answer).toString()}`;
}
