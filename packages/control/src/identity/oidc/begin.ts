/**
 * The way to the provider: authorization code, PKCE, state and nonce (OAuth 2.0, RFC 7636, OpenID Connect Core 3.1).
 * Tidegate is the client for everybody, terminals too: its secret and the refresh tokens stay here (ADR 3).
 */
import type { IdentityProvider } from '@tidegate/contract';
import { type ChallengeId, TidegateError } from '@tidegate/core';
import * as openid from 'openid-client';
import type { Context } from '../../context.ts';
import { type Caller, loginOf } from '../caller.ts';
import { ourPath } from '../signing-in.ts';
import { openProvider } from './provider.ts';
import { begin, newSecret } from './under-way.ts';

/** Where the provider sends browsers back to: the one redirect URI that is registered there. */
export const CALLBACK_PATH = '/v1/sign-in/callback';
export const callbackUrl = ({ signIn }: Context): string => `${signIn.publicUrl()}${CALLBACK_PATH}`;

/** Where the answer goes: back to this browser, or to a terminal that listens on this machine. */
export type Destination =
  | {
      readonly browser: true;
      readonly returnTo: string | undefined;
      /** What the browser brings already: of a sign-in that another of its tabs began. */
      readonly bound: string | null;
    }
  | { readonly browser: false; readonly port: number; readonly challenge: string };

export interface Begun {
  /** The provider's page. */
  readonly location: string;
  /** What the browser must bring again, in a cookie; null for a terminal's sign-in. */
  readonly cookie: string | null;
}

/** Throws `not_found`, `unavailable`, `too_many_attempts`. */
export function beginSignIn(
  context: Context,
  provider: string,
  destination: Destination,
  address: string,
): Promise<Begun> {
  return toProvider(context, provider, destination, { address, login: null, asked: null, more: () => ({}) });
}

/**
 * Sends the caller to their provider again, to prove anew who they are, with a second factor. Throws `conflict` for a
 * login that did not come from a provider.
 */
export async function beginStepUp(
  context: Context,
  caller: Caller,
  destination: Destination,
  asked: ChallengeId | null,
): Promise<Begun> {
  const login = loginOf(caller);
  const session = await context.store.db
    .selectFrom('providerSessions')
    .select('provider')
    .where('login', '=', login)
    .executeTakeFirst();
  if (session === undefined) {
    throw new TidegateError('conflict', 'You did not sign in at an identity provider.', 'Show your own second factor.');
  }
  return toProvider(context, session.provider, destination, {
    address: caller.address,
    login,
    asked,
    more: asksForFactor,
  });
}

/**
 * Signing in anew (`prompt=login`, `max_age=0`), with what counts here as a second factor. The standard has `acr_values`
 * for that; Entra ID its authentication context, asked for as a claim.
 */
function asksForFactor({ entra, mfa }: IdentityProvider): Record<string, string> {
  const [acrs] = mfa.acrs;
  const claims = JSON.stringify({ id_token: { acrs: { essential: true, value: acrs } } });
  return {
    prompt: 'login',
    max_age: '0',
    ...(mfa.acr.length === 0 ? {} : { acr_values: mfa.acr.join(' ') }),
    ...(entra && acrs !== undefined ? { claims } : {}),
  };
}

interface Asking {
  readonly address: string;
  readonly login: Parameters<typeof begin>[2]['login'];
  /** A terminal’s question that the step-up answers too. */
  readonly asked: ChallengeId | null;
  readonly more: (settings: IdentityProvider) => Record<string, string>;
}

async function toProvider(
  context: Context,
  name: string,
  destination: Destination,
  { address, login, asked, more }: Asking,
): Promise<Begun> {
  const { client, settings } = await openProvider(context, name);
  const state = newSecret(context);
  const cookie = destination.browser ? boundTo(context, destination.bound) : null;
  const secrets = { verifier: newSecret(context), nonce: newSecret(context), asked };
  const at = { provider: name, address, login, secrets };
  await begin(
    context,
    state,
    destination.browser
      ? { ...at, way: 'browser', browser: cookie ?? '', returnTo: ourPath(destination.returnTo) }
      : { ...at, way: 'loopback', port: destination.port, challenge: destination.challenge },
  );
  const location = openid.buildAuthorizationUrl(client, {
    redirect_uri: callbackUrl(context),
    scope: settings.scopes.join(' '),
    state,
    nonce: secrets.nonce,
    code_challenge: await openid.calculatePKCECodeChallenge(secrets.verifier),
    code_challenge_method: 'S256',
    // OpenID Connect Core 11: without consent asked for, some providers give no refresh token.
    ...(settings.scopes.includes('offline_access') && !settings.entra ? { prompt: 'consent' } : {}),
    ...more(settings),
  });
  return { location: location.href, cookie };
}

/** The same for every tab: each may be answered, in any order. */
const boundTo = (context: Context, bound: string | null): string =>
  bound !== null && /^[\w-]{43}$/.test(bound) ? bound : newSecret(context);
