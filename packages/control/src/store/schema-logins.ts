/** Tables of logins, second factors and what is between (`migrations/0001_access.ts`, `0008_logins.ts`). */
import type { ChallengeId, LoginId, PasskeyId, PersonName } from '@tidegate/core';
import type { ColumnType, Generated } from 'kysely';

/** Set when the row is made, never after. */
type Fixed<T> = ColumnType<T, T, never>;
/** May be left out when the row is made: null then. */
type Later<T> = ColumnType<T | null, T | null | undefined, T | null>;

/** By what a login came about. */
export type LoginHow = 'password' | 'passkey' | 'oidc' | 'workload' | 'api_key' | 'certificate';
/** What carries it: an `Authorization` header, or a browser's cookie. */
export type LoginKind = 'bearer' | 'cookie';

export interface LoginsTable {
  id: Fixed<LoginId>;
  /** SHA-256 of the token; a step-up in a browser puts another in its place. */
  token: Buffer;
  kind: Fixed<LoginKind>;
  how: Fixed<LoginHow>;
  person: Fixed<PersonName>;
  address: Fixed<string>;
  userAgent: Fixed<string | null>;
  createdAt: Fixed<Temporal.Instant>;
  lastUsedAt: Temporal.Instant;
  /** Set anew only to end it at once while it is still to be read (a refused step-up). */
  expiresAt: Temporal.Instant;
  /** When its person last proved who they are, here or at their identity provider. */
  authTime: Temporal.Instant;
  /** When a second factor was last shown on this login. */
  mfaAt: Temporal.Instant | null;
  /** The session at the identity provider that it hangs on: both end together (back-channel logout). */
  issuerSession: Fixed<string | null>;
}

/** Wrong passwords and codes, and attempts under way; a success takes its own away again. */
export interface LoginAttemptsTable {
  id: Generated<number>;
  what: Fixed<'password' | 'code' | 'passkey'>;
  account: Fixed<string>;
  address: Fixed<string>;
  at: Fixed<Temporal.Instant>;
}

export interface TotpTable {
  person: Fixed<PersonName>;
  /** Base32 secret, sealed for `totp/<person>`. */
  secret: string;
  createdAt: Temporal.Instant;
  /** null: enrolled, not yet confirmed, counts for nothing. */
  confirmedAt: Temporal.Instant | null;
  /** The last time step a code was taken for; only later ones are taken, so no code counts twice. */
  lastStep: number | null;
}

export interface PasskeyHoldersTable {
  person: Fixed<PersonName>;
  /** 32 random bytes. */
  handle: Fixed<Buffer>;
}

export interface PasskeysTable {
  id: Fixed<PasskeyId>;
  /** The authenticator's own id for it, base64url. */
  credential: Fixed<string>;
  person: Fixed<PersonName>;
  name: string;
  /** COSE. */
  publicKey: Fixed<Buffer>;
  counter: number;
  transports: Fixed<readonly string[]>;
  /** Kept in more than one place by its owner's platform. */
  backedUp: boolean;
  createdAt: Fixed<Temporal.Instant>;
  lastUsedAt: Later<Temporal.Instant>;
  /** When its counter went back. */
  lockedAt: Later<Temporal.Instant>;
}

export interface PasskeyChallengesTable {
  id: Fixed<string>;
  /** base64url, as the authenticator signs it. */
  challenge: Fixed<string>;
  purpose: Fixed<'register' | 'sign-in' | 'step-up'>;
  /** null exactly for `sign-in`. */
  login: Fixed<LoginId | null>;
  /** Who asked for it: nobody may ask for any number. */
  address: Fixed<string>;
  createdAt: Fixed<Temporal.Instant>;
  expiresAt: Fixed<Temporal.Instant>;
  usedAt: Later<Temporal.Instant>;
}

export interface RecoveryCodesTable {
  person: Fixed<PersonName>;
  digest: Fixed<Buffer>;
  createdAt: Fixed<Temporal.Instant>;
  usedAt: Later<Temporal.Instant>;
}

/** How a second factor was shown. */
export type FactorShown = 'totp' | 'passkey' | 'recovery' | 'oidc';

export interface MfaChallengesTable {
  id: Fixed<ChallengeId>;
  /** The login that asks. */
  login: Fixed<LoginId>;
  person: Fixed<PersonName>;
  /** Shown in both places. */
  code: Fixed<string>;
  createdAt: Fixed<Temporal.Instant>;
  expiresAt: Fixed<Temporal.Instant>;
  state: ColumnType<'pending' | 'shown' | 'refused', undefined, 'shown' | 'refused'>;
  settledAt: Later<Temporal.Instant>;
  settledBy: Later<LoginId>;
  how: Later<FactorShown>;
}

export interface LoginTables {
  logins: LoginsTable;
  loginAttempts: LoginAttemptsTable;
  totp: TotpTable;
  passkeyHolders: PasskeyHoldersTable;
  passkeys: PasskeysTable;
  passkeyChallenges: PasskeyChallengesTable;
  recoveryCodes: RecoveryCodesTable;
  mfaChallenges: MfaChallengesTable;
}
