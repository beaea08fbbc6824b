/** The keys of an issuer of workload tokens: found by what it publishes, kept for an hour, read again within limits. */
import { TidegateError } from '@tidegate/core';
import { createRemoteJWKSet, type JWTVerifyGetKey, customFetch as joseFetch } from 'jose';
import { z } from 'zod';
import { fetchFor, ProviderUnavailable, TIMEOUT_MS } from '../oidc/fetch.ts';

const GOOD_FOR_MS = 60 * 60 * 1000;
/** One that can't be read is not asked again for this long, however many workloads try. */
const RETRY_AFTER_MS = 5_000;
/** An unknown key has them read anew at most this often: whoever sends rubbish is no reason to. */
const COOLDOWN_MS = 30_000;
/** More than a configuration will name; the oldest make room. */
const KEPT_MAX = 200;

const metadata = z.object({ issuer: z.string(), jwks_uri: z.url() });

interface Kept {
  readonly keys: Promise<JWTVerifyGetKey>;
  until: number;
}
const kept = new Map<string, Kept>();

/** Only for issuers that the configuration names: nobody has us call where they please. Throws `unavailable`. */
export function keysOf(issuer: string): Promise<JWTVerifyGetKey> {
  const known = kept.get(issuer);
  if (known !== undefined && known.until > performance.now()) return known.keys;
  const keys = discover(issuer).catch((error: unknown) => {
    const failed = kept.get(issuer);
    if (failed !== undefined) failed.until = performance.now() + RETRY_AFTER_MS;
    throw new TidegateError(
      'unavailable',
      `The issuer ${issuer} cannot be asked just now.`,
      'Try again in a moment.',
      error,
    );
  });
  kept.set(issuer, { keys, until: performance.now() + GOOD_FOR_MS });
  for (const oldest of kept.keys()) {
    if (kept.size <= KEPT_MAX) break;
    kept.delete(oldest);
  }
  return keys;
}

/** OpenID Connect Discovery 1.0, sections 4.1 and 4.3: the metadata must be the issuer's own. */
async function discover(issuer: string): Promise<JWTVerifyGetKey> {
  const fetch = fetchFor(issuer);
  const get = async (url: string, signal?: AbortSignal) =>
    fetch(url, { method: 'GET', headers: { accept: 'application/json' }, signal, body: undefined, redirect: 'manual' });
  const response = await get(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  if (!response.ok) throw new ProviderUnavailable(`${issuer} answered with HTTP ${response.status}`);
  const said = metadata.parse(await response.json());
  if (said.issuer !== issuer)
    throw new ProviderUnavailable(`it calls itself ${said.issuer}, the configuration ${issuer}`);
  return createRemoteJWKSet(new URL(said.jwks_uri), {
    cooldownDuration: COOLDOWN_MS,
    timeoutDuration: TIMEOUT_MS,
    [joseFetch]: (url, { signal }) => get(url, signal),
  });
}
