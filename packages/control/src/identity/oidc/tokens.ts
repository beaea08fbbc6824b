/** What a provider's token endpoint answered, checked to the end, before anything in it counts. */
import { jwtVerify } from 'jose';
import * as openid from 'openid-client';
import { type Claims, groupsIn, hasOverage, identityOf, readClaims } from './claims.ts';
import { groupsInGraph } from './graph.ts';
import { CLOCK_TOLERANCE_S, type Provider } from './provider.ts';
import { meaningOf, RefusedToken } from './refused.ts';

/** Keys the provider alone holds. Not HMAC, whose key is the client's secret, and never `none`. */
export const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

type Tokens = openid.TokenEndpointResponse & openid.TokenEndpointResponseHelpers;

/** A person, as their provider shows them. */
export interface Shown {
  /** Of the ID token. */
  readonly claims: Claims;
  /** Of the ID token, and below it of UserInfo, where that was needed. */
  readonly all: Readonly<Record<string, unknown>>;
  readonly groups: readonly string[];
  /** null: the provider gave none. */
  readonly refreshToken: string | null;
}

/**
 * Checks the ID token (OpenID Connect Core 3.1.3.7) and reads what more there is to know. openid-client has held issuer,
 * audience, times and nonce against what was asked; here its signature is checked as well, though TLS has said already
 * whom it comes from (the standard leaves that to us), and all of them again with it.
 * Throws `RefusedToken`, `ProviderUnavailable`.
 */
export async function readTokens(provider: Provider, tokens: Tokens): Promise<Shown> {
  const { settings } = provider;
  try {
    if (tokens.id_token === undefined) throw new RefusedToken('there is no ID token with it');
    const claims = await checkIdToken(provider, tokens.id_token);
    const all = needsUserInfo(provider, claims)
      ? { ...(await openid.fetchUserInfo(provider.client, tokens.access_token, claims.sub)), ...claims }
      : claims;
    const groups = groupsIn(settings, all);
    if (!settings.entra || !hasOverage(settings, claims)) {
      return { claims, all, groups, refreshToken: tokens.refresh_token ?? null };
    }
    const looked = await groupsInGraph(provider, identityOf(settings, claims).subject);
    return { claims, all, groups: [...new Set([...groups, ...looked])], refreshToken: tokens.refresh_token ?? null };
  } catch (error) {
    throw meaningOf(error);
  }
}

async function checkIdToken({ settings, keys }: Provider, token: string): Promise<Claims> {
  const { payload } = await jwtVerify(token, keys, {
    issuer: settings.issuer,
    audience: settings.clientId,
    algorithms: ALGORITHMS,
    clockTolerance: CLOCK_TOLERANCE_S,
    requiredClaims: ['sub', 'iat', 'exp'],
  });
  const claims = readClaims(payload);
  if (claims.azp !== undefined && claims.azp !== settings.clientId) throw new RefusedToken('it is for another client');
  return claims;
}

/** Many providers put into the ID token only who somebody is. Entra ID's UserInfo says nothing that its tokens don't. */
function needsUserInfo({ settings, client }: Provider, claims: Claims): boolean {
  if (settings.entra || client.serverMetadata().userinfo_endpoint === undefined) return false;
  return ![settings.nameFrom, settings.groups.claim].every((name) => Object.hasOwn(claims, name));
}
