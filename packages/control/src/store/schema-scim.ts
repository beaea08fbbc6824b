/** Tables of API keys and of what an identity provider keeps (`migrations/0010_scim.ts`). */
import type { KeyScope } from '@tidegate/contract';
import type { ApiKeyId, PersonName } from '@tidegate/core';
import type { ColumnType, Selectable } from 'kysely';
import type { Json } from './schema-access.ts';

/** Set when the row is made, never after. */
type Fixed<T> = ColumnType<T, T, never>;

export interface ApiKeysTable {
  id: Fixed<ApiKeyId>;
  /** SHA-256 of the key. */
  digest: Fixed<Buffer>;
  prefix: Fixed<string>;
  name: Fixed<string>;
  person: Fixed<PersonName>;
  scopes: Fixed<readonly KeyScope[]>;
  createdBy: Fixed<PersonName>;
  createdAt: Fixed<Temporal.Instant>;
  expiresAt: Fixed<Temporal.Instant>;
  lastUsedAt: ColumnType<Temporal.Instant | null, undefined, Temporal.Instant>;
  lastUsedFrom: ColumnType<string | null, undefined, string>;
  revokedAt: ColumnType<Temporal.Instant | null, undefined, Temporal.Instant>;
  revokedBy: ColumnType<PersonName | null, undefined, PersonName>;
}
export type ApiKeyRow = Selectable<ApiKeysTable>;

export interface ScimUsersTable {
  /** UUID: the SCIM `id`. */
  id: Fixed<string>;
  person: Fixed<PersonName>;
  externalId: string | null;
  userName: string;
  /** As the provider has it; the account itself can be disabled here as well. */
  active: boolean;
  /** What else the provider said, in the schemas' own spelling. */
  attributes: Json<Readonly<Record<string, unknown>>>;
  /** Counted up with each change: the ETag. */
  version: number;
  createdAt: Fixed<Temporal.Instant>;
  modifiedAt: Temporal.Instant;
  deletedAt: Temporal.Instant | null;
}
export type ScimUserRow = Selectable<ScimUsersTable>;

export interface ScimGroupsTable {
  id: Fixed<string>;
  externalId: string | null;
  displayName: string;
  version: number;
  createdAt: Fixed<Temporal.Instant>;
  modifiedAt: Temporal.Instant;
}
export type ScimGroupRow = Selectable<ScimGroupsTable>;

export interface ScimMembersTable {
  group: Fixed<string>;
  user: Fixed<string>;
}

export interface ScimTables {
  apiKeys: ApiKeysTable;
  scimUsers: ScimUsersTable;
  scimGroups: ScimGroupsTable;
  scimMembers: ScimMembersTable;
}
