/**
 * A provider as it is talked to: what it publishes about itself, our client there, its keys. Read when somebody first
 * signs in, kept for an hour; one that can't be read is not asked again for some seconds, however many people try.
 */
import { readFile } from 'node:fs/promises';
import type { IdentityProvider } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import { createRemoteJWKSet, type JWTVerifyGetKey, customFetch as joseFetch } from 'jose';
import * as openid from 'openid-client';
import { currentConfig } from '../../config/current.ts';
import type { Context } from '../../context.ts';
import type { Reader } from '../../store/schema.ts';
import { isLoopback } from '../signing-in.ts';
import { fetchFor, ProviderUnavailable, TIMEOUT_MS } from './fetch.ts';

export interface Provider {
  readonly settings: IdentityProvider;
  readonly client: openid.Configuration;
  /** Its public keys. An unknown one has them read anew, at most every 30 s: whoever sends us rubbish is no reason to. */
  readonly keys: JWTVerifyGetKey;
}

/** Tokens a minute off are taken: clocks differ (issue: drift tolerance). Seconds. */
export const CLOCK_TOLERANCE_S = 60;

const GOOD_FOR_MS = 60 * 60 * 1000;
const RETRY_AFTER_MS = 5_000;
const KEYS_COOLDOWN_MS = 30_000;
/** More than there will be providers at one time; the oldest make room. */
const KEPT_MAX = 100;

interface Kept {
  readonly name: string;
  /** Never rejects: each who asks is told, and that nobody asked is no fault. */
  readonly provider: Promise<Provider | TidegateError>;
  readonly until: number;
}
/** By what the configuration says of them: another word in it makes another provider. */
const kept = new Map<string, Kept>();

/** What the configuration in force says of a provider. Throws `not_found`. */
export async function providerSettings(db: Reader, name: string): Promise<IdentityProvider> {
  const { identityProviders } = await currentConfig(db);
  const found = identityProviders.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw new TidegateError('not_found', `There is no identity provider ${name}.`, 'See /v1/sign-in.');
}

/** Throws `not_found`, and `unavailable` for one that can't be reached, or used as it is configured. */
export async function openProvider(context: Context, name: string): Promise<Provider> {
  return reach(context, await providerSettings(context.store.db, name));
}

/** The same from settings at hand. */
export async function reach(context: Context, settings: IdentityProvider): Promise<Provider> {
  const key = JSON.stringify(settings);
  const known = kept.get(key);
  if (known !== undefined && known.until > performance.now()) return usable(known);
  const provider = discover(settings).catch((error: unknown) => {
    const refused = refusal(settings, error);
    const until = performance.now() + RETRY_AFTER_MS;
    kept.set(key, { name: settings.name, provider: Promise.resolve(refused), until });
    context.log.warn({ provider: settings.name, err: error }, 'an identity provider cannot be used');
    return refused;
  });
  kept.set(key, { name: settings.name, provider, until: performance.now() + GOOD_FOR_MS });
  for (const oldest of kept.keys()) {
    if (kept.size <= KEPT_MAX) break;
    kept.delete(oldest);
  }
  return usable({ provider });
}

async function usable({ provider }: Pick<Kept, 'provider'>): Promise<Provider> {
  const found = await provider;
  if (found instanceof TidegateError) throw found;
  return found;
}

/** Next time everything is read anew: the provider no longer takes our secret, which may have been changed here too. */
export function forgetProvider(name: string): void {
  for (const [key, one] of kept) if (one.name === name) kept.delete(key);
}

async function discover(settings: IdentityProvider): Promise<Provider> {
  const issuer = new URL(settings.issuer);
  const fetch = fetchFor(settings.issuer);
  const local = issuer.protocol === 'http:' && isLoopback(issuer.hostname);
  const options = { [openid.customFetch]: fetch, timeout: TIMEOUT_MS / 1000 };
  const found = await openid.discovery(issuer, settings.clientId, undefined, openid.None(), {
    ...options,
    ...(local ? { execute: [openid.allowInsecureRequests] } : {}),
  });
  const metadata = found.serverMetadata();
  if (metadata.issuer !== settings.issuer) {
    throw new ProviderUnavailable(`it calls itself ${metadata.issuer}, and the configuration ${settings.issuer}`);
  }
  if (metadata.jwks_uri === undefined) throw new ProviderUnavailable('it publishes no keys');
  const client = new openid.Configuration(
    metadata,
    settings.clientId,
    { [openid.clockTolerance]: CLOCK_TOLERANCE_S },
    await authentication(settings, metadata),
  );
  client[openid.customFetch] = fetch;
  client.timeout = TIMEOUT_MS / 1000;
  if (local) openid.allowInsecureRequests(client);
  const keys = createRemoteJWKSet(new URL(metadata.jwks_uri), {
    cooldownDuration: KEYS_COOLDOWN_MS,
    timeoutDuration: TIMEOUT_MS,
    [joseFetch]: (url, { headers, method, signal }) =>
      fetch(url, { method, headers: Object.fromEntries(headers), signal, body: undefined, redirect: 'manual' }),
  });
  return { settings, client, keys };
}

/** By the header where the provider says that it takes it so, or says nothing (the standard's own default); else in the form. */
async function authentication(
  settings: IdentityProvider,
  { token_endpoint_auth_methods_supported: takes }: openid.ServerMetadata,
): Promise<openid.ClientAuth> {
  const secret = await secretOf(settings);
  if (secret === null) return openid.None();
  const basic = takes === undefined || takes.includes('client_secret_basic');
  return basic ? openid.ClientSecretBasic(secret) : openid.ClientSecretPost(secret);
}

async function secretOf({ clientSecret }: IdentityProvider): Promise<string | null> {
  if (clientSecret === undefined) return null;
  const { env, file } = clientSecret;
  const text = file === undefined ? process.env[env ?? ''] : await readFile(file, 'utf8');
  const secret = text?.trim() ?? '';
  if (secret === '') throw new ProviderUnavailable(`there is no client secret in ${file ?? `the variable ${env}`}`);
  return secret;
}

function refusal({ name }: IdentityProvider, error: unknown): TidegateError {
  return new TidegateError(
    'unavailable',
    `The identity provider ${name} cannot be used just now.`,
    'Try again in a moment; if it stays so, an operator finds the reason in the control plane’s log.',
    error,
  );
}
