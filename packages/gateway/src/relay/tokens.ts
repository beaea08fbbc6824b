/**
 * A token of a person's own sign-in at Entra ID, as SQL Server's clients bring it: whose is it? Checked against the keys
 * that the control plane passed on, so that a gateway needs no way to the identity provider.
 */
import type { EntraIdentity, EntraTrust } from '@tidegate/contract';
import { entraIdentity } from '@tidegate/contract';
import { createLocalJWKSet, decodeJwt, errors, jwtVerify } from 'jose';

/** What the client asks its token for (ENGINES: scope `https://database.windows.net/.default`). */
const AUDIENCES = ['https://database.windows.net/', 'https://database.windows.net'];
/** Both sides' clocks are kept by machines. */
const TOLERANCE_S = 60;
/** A token with many groups has some kilobytes. */
const TOKEN_MAX = 64 * 1024;

/**
 * The person, or null where the token is not good: not a token, of no tenant that is trusted, for another service, not
 * valid now (`nowMs`: the control plane's clock), signed by somebody else, or an application's own.
 */
export async function personOf(
  token: string,
  trusts: readonly EntraTrust[],
  nowMs: number,
): Promise<EntraIdentity | null> {
  if (token.length > TOKEN_MAX) return null;
  try {
    const { tid } = decodeJwt(token);
    const trust = trusts.find(({ tenant }) => tenant === tid);
    if (trust === undefined) return null;
    const { payload } = await jwtVerify(token, createLocalJWKSet({ keys: trust.keys.map(withKind) }), {
      issuer: trust.issuers,
      audience: AUDIENCES,
      algorithms: ['RS256', 'ES256'],
      requiredClaims: ['exp', 'tid', 'oid'],
      clockTolerance: TOLERANCE_S,
      currentDate: new Date(nowMs),
    });
    // An application acting for itself is not the person, whatever its `oid` is.
    if (payload.idtyp === 'app') return null;
    const identity = entraIdentity.safeParse({ tenant: payload.tid, object: payload.oid });
    return identity.success ? identity.data : null;
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return null;
    throw error;
  }
}

/** What is not a key is passed over by the set: nothing matches it. */
const withKind = (key: EntraTrust['keys'][number]) => ({ ...key, kty: key.kty ?? 'none' });
