/**
 * Branded identifiers: a `GrantId` can never be passed where a `RequestId` is meant, at no cost at run time.
 * The parse functions are the only way to make one from a string that came from outside.
 */
declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

/** A person's name as the identity source gives it; any printable Unicode, compared exactly. */
export type PersonName = Branded<string, 'PersonName'>;
export type GroupName = Branded<string, 'GroupName'>;
export type ResourceName = Branded<string, 'ResourceName'>;
export type RoleName = Branded<string, 'RoleName'>;
/** `req_` and 16 characters of the id alphabet. */
export type RequestId = Branded<string, 'RequestId'>;
/** `g` and 7 characters of the id alphabet: short enough to be part of a database user's name (see `loginName`). */
export type GrantId = Branded<string, 'GrantId'>;
/** `tk_` and 16 characters. */
export type TicketId = Branded<string, 'TicketId'>;
/** `ses_` and 16 characters: one client connection through a gateway. */
export type SessionId = Branded<string, 'SessionId'>;
/** `gw_` and 16 characters. */
export type GatewayId = Branded<string, 'GatewayId'>;
/** `key_` and 16 characters: an API key, which is known by this once it was shown. */
export type ApiKeyId = Branded<string, 'ApiKeyId'>;
/** `lg_` and 16 characters: one sign-in. What it is called, never what it is held by. */
export type LoginId = Branded<string, 'LoginId'>;
/** `pk_` and 16 characters: a passkey, whatever its authenticator calls it. */
export type PasskeyId = Branded<string, 'PasskeyId'>;
/** `mfa_` and 16 characters: a login that waits for its person to show a second factor elsewhere. */
export type ChallengeId = Branded<string, 'ChallengeId'>;
/** `control`, or `gw_….<boot>.<worker>`: one append-only sequence of records with one writer. */
export type StreamId = Branded<string, 'StreamId'>;

/** Where random bytes come from; the edge passes `crypto.randomBytes`, tests a seeded one. */
export type RandomBytes = (size: number) => Uint8Array;

/** Lower-case Crockford base32: no i, l, o, u, so that an id can be read out and typed. 32 letters, so a byte's low 5 bits are unbiased. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** `length` random characters of the id alphabet (5 bits each). */
export function randomText(random: RandomBytes, length: number): string {
  let text = '';
  for (const byte of random(length)) text += ALPHABET[byte & 31];
  return text;
}

export const newRequestId = (random: RandomBytes): RequestId => `req_${randomText(random, 16)}` as RequestId;
export const newGrantId = (random: RandomBytes): GrantId => `g${randomText(random, 7)}` as GrantId;
export const newTicketId = (random: RandomBytes): TicketId => `tk_${randomText(random, 16)}` as TicketId;
export const newSessionId = (random: RandomBytes): SessionId => `ses_${randomText(random, 16)}` as SessionId;
export const newLoginId = (random: RandomBytes): LoginId => `lg_${randomText(random, 16)}` as LoginId;
export const newPasskeyId = (random: RandomBytes): PasskeyId => `pk_${randomText(random, 16)}` as PasskeyId;
export const newChallengeId = (random: RandomBytes): ChallengeId => `mfa_${randomText(random, 16)}` as ChallengeId;
export const newGatewayId = (random: RandomBytes): GatewayId => `gw_${randomText(random, 16)}` as GatewayId;
export const newApiKeyId = (random: RandomBytes): ApiKeyId => `key_${randomText(random, 16)}` as ApiKeyId;

/** The longest login name, in characters: MySQL's 32 is the narrowest of the engines (PostgreSQL has 63 bytes). */
export const LOGIN_NAME_MAX = 32;

/**
 * The database user of one grant: the person's name made safe (lower case, `[a-z0-9_-]`, other runs become `-`),
 * cut to fit, a dot, the grant id. `alice` + `g7k2m0ab` → `alice.g7k2m0ab`. Unique because the grant id is.
 */
export function loginName(person: PersonName, grant: GrantId): string {
  const safe = person
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, LOGIN_NAME_MAX - grant.length - 1);
  return `${safe === '' ? 'person' : safe}.${grant}`;
}
