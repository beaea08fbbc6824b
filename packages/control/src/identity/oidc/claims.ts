/** What an ID token, and UserInfo, say of a person, in our words. Only what was checked (`tokens.ts`) comes here. */
import type { IdentityProvider } from '@tidegate/contract';
import { after } from '@tidegate/core';
import { z } from 'zod';
import { CLOCK_TOLERANCE_S } from './provider.ts';
import { RefusedToken } from './refused.ts';

/** RFC 7519 and OpenID Connect Core 2, as far as it is read here; whatever else is there may be asked for by name. */
const claimSet = z.looseObject({
  sub: z.string().min(1).max(255),
  sid: z.string().min(1).max(512).optional(),
  iat: z.number(),
  auth_time: z.number().optional(),
  acr: z.string().max(256).optional(),
  amr: z.array(z.string().max(256)).max(64).optional(),
});
export type Claims = z.infer<typeof claimSet>;

const entraClaims = z.looseObject({ tid: z.guid().toLowerCase(), oid: z.guid().toLowerCase() });

/** A name, a group: longer ones are none that anybody would write into a configuration. */
const value = z.string().min(1).max(256);
const GROUPS_MAX = 5000;

/** What a person is known by, for good: never an e-mail address, which can be given to somebody else. */
export interface IdentityKey {
  readonly issuer: string;
  readonly subject: string;
}

/** Throws `RefusedToken` for claims that no token can do without. */
export function readClaims(payload: unknown): Claims {
  const parsed = claimSet.safeParse(payload);
  if (parsed.success) return parsed.data;
  const missing = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new RefusedToken(`its claim “${missing}” is missing, or not as it must be`);
}

/** The key under which `identities` keeps the person. Throws `RefusedToken` for an Entra token without `tid` and `oid`. */
export function identityOf({ entra, issuer }: IdentityProvider, claims: Claims): IdentityKey {
  if (!entra) return { issuer, subject: claims.sub };
  const { tenant, object } = entraOf(claims);
  return { issuer: `entra:${tenant}`, subject: object };
}

export function entraOf(claims: Claims): { tenant: string; object: string } {
  const parsed = entraClaims.safeParse(claims);
  if (!parsed.success) throw new RefusedToken('it has no “tid” and “oid”, as Entra ID’s have');
  return { tenant: parsed.data.tid, object: parsed.data.oid };
}

/** One claim as text; null where it is missing or is none. */
export function textClaim(claims: Readonly<Record<string, unknown>>, name: string): string | null {
  const parsed = value.safeParse(claims[name]);
  return parsed.success ? parsed.data : null;
}

/** Groups and app roles together. A single one may come as text (some providers do that). */
export function groupsIn({ groups, appRoles }: IdentityProvider, claims: Readonly<Record<string, unknown>>): string[] {
  const listed = [groups.claim, appRoles.claim].flatMap((name) => {
    const found = Object.hasOwn(claims, name) ? claims[name] : [];
    return Array.isArray(found) ? found : [found];
  });
  const known = listed.flatMap((one) => {
    const parsed = value.safeParse(one);
    return parsed.success ? [parsed.data] : [];
  });
  return [...new Set(known)].sort().slice(0, GROUPS_MAX);
}

/** True when the token says that there are more groups than it holds (Entra ID: 200 in a JWT). */
export function hasOverage({ groups }: IdentityProvider, claims: Readonly<Record<string, unknown>>): boolean {
  const names = claims._claim_names;
  const elsewhere = typeof names === 'object' && names !== null && Object.hasOwn(names, groups.claim);
  return elsewhere || claims.hasgroups === true || claims.hasgroups === 'true';
}

export interface Proof {
  /** When the person last proved who they are, there. */
  readonly authTime: Temporal.Instant;
  /** When they did so with a second factor; null: it does not say that they did, or not when. */
  readonly mfaAt: Temporal.Instant | null;
}

/**
 * What the token says of how and when its person came in (promise 5: fresh, as the rule says). A second factor counts
 * only with a time: without `auth_time` it may be from last week. Throws `RefusedToken` for a time that is yet to come.
 */
export function proofIn({ mfa }: IdentityProvider, claims: Claims, now: Temporal.Instant): Proof {
  const { auth_time: time, acr, amr = [], iat } = claims;
  const shown =
    amr.some((one) => mfa.amr.includes(one)) ||
    (acr !== undefined && mfa.acr.includes(acr)) ||
    listOf(claims.acrs).some((one) => mfa.acrs.includes(one));
  const authTime = earlier(instantOf(time ?? iat, now), now);
  return { authTime, mfaAt: shown && time !== undefined ? authTime : null };
}

/** Entra ID gives `acrs` as a list, or as one text. */
const listOf = (claim: unknown): string[] =>
  (Array.isArray(claim) ? claim : [claim]).filter((one) => typeof one === 'string');

function instantOf(seconds: number, now: Temporal.Instant): Temporal.Instant {
  const latest = after(now, Temporal.Duration.from({ seconds: CLOCK_TOLERANCE_S }));
  if (!(seconds >= 0 && seconds * 1000 <= latest.epochMilliseconds)) {
    throw new RefusedToken('it says that its person signed in at a time that is yet to come');
  }
  return Temporal.Instant.fromEpochMilliseconds(Math.floor(seconds * 1000));
}

const earlier = (a: Temporal.Instant, b: Temporal.Instant): Temporal.Instant =>
  Temporal.Instant.compare(a, b) <= 0 ? a : b;
