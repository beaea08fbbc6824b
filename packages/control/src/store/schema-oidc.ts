/** Tables of people at identity providers (`migrations/0009_oidc.ts`). */
import type { LoginId, PersonName } from '@tidegate/core';
import type { ColumnType } from 'kysely';

/** Set when the row is made, never after. */
type Fixed<T> = ColumnType<T, T, never>;

export interface IdentitiesTable {
  /** The provider's; for Entra ID `entra:` and the tenant. */
  issuer: Fixed<string>;
  /** `sub`; for Entra ID the `oid`. */
  subject: Fixed<string>;
  person: PersonName;
  /** The name of the provider in the configuration, when it was last heard of there. */
  provider: string;
  groups: ColumnType<readonly string[], readonly string[] | undefined, readonly string[]>;
  linkedBy: ColumnType<PersonName | null, PersonName | null | undefined, PersonName | null>;
  firstSeenAt: Fixed<Temporal.Instant>;
  lastSeenAt: Temporal.Instant | null;
}

export interface ProviderSessionsTable {
  id: Fixed<string>;
  login: LoginId | null;
  provider: Fixed<string>;
  issuer: Fixed<string>;
  subject: Fixed<string>;
  tokenSubject: Fixed<string>;
  sid: Fixed<string | null>;
  /** Sealed for `refresh/<id>`. */
  refreshToken: string | null;
  createdAt: Fixed<Temporal.Instant>;
  checkedAt: Temporal.Instant;
  /** null: never. */
  nextCheckAt: Temporal.Instant | null;
  /** Why the last check found nothing out. */
  problem: ColumnType<string | null, string | null | undefined, string | null>;
}

/** `redeem`: answered by the provider; a terminal has yet to come for it. */
export type SignInWay = 'browser' | 'loopback' | 'device' | 'redeem';

export interface SignInsTable {
  /** SHA-256. */
  state: Fixed<Buffer>;
  provider: Fixed<string>;
  way: Fixed<SignInWay>;
  /** SHA-256 of the cookie of the browser that began it. */
  browser: Fixed<Buffer | null>;
  login: Fixed<LoginId | null>;
  returnTo: Fixed<string | null>;
  port: Fixed<number | null>;
  /** base64url of the SHA-256 of what only the terminal knows. */
  challenge: Fixed<string | null>;
  /** JSON, sealed for `sign-in/<way>`. */
  secrets: Fixed<string>;
  address: Fixed<string>;
  startedAt: Fixed<Temporal.Instant>;
  expiresAt: Fixed<Temporal.Instant>;
  nextAskAt: ColumnType<Temporal.Instant | null, Temporal.Instant | null | undefined, Temporal.Instant | null>;
}

export interface LogoutTokensTable {
  issuer: Fixed<string>;
  id: Fixed<Buffer>;
  expiresAt: Fixed<Temporal.Instant>;
}

export interface OidcTables {
  identities: IdentitiesTable;
  providerSessions: ProviderSessionsTable;
  signIns: SignInsTable;
  logoutTokens: LogoutTokensTable;
}
