/**
 * The tables of the store as kysely sees them: names in camel case here, in snake case in SQL (the store's connection
 * translates). `timestamptz` is a `Temporal.Instant`, `interval` a `Temporal.Duration` (`store/values.ts`).
 */
import type { Kysely, Transaction } from 'kysely';
import type { AccessTables } from './schema-access.ts';
import type { LoginTables } from './schema-logins.ts';
import type { NoticeTables } from './schema-notices.ts';
import type { OidcTables } from './schema-oidc.ts';
import type { RecordTables } from './schema-record.ts';
import type { ScimTables } from './schema-scim.ts';
import type { WorkloadTables } from './schema-workloads.ts';

export interface Database
  extends AccessTables,
    LoginTables,
    NoticeTables,
    OidcTables,
    RecordTables,
    ScimTables,
    WorkloadTables {}

/** A transaction: what every change is made in. */
export type Tx = Transaction<Database>;
/** Whatever can read: the pool, or a transaction. */
export type Reader = Kysely<Database>;
