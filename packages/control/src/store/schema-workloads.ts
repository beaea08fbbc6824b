/** Tables of workloads (`migrations/0011_workloads.ts`). */
import type { ColumnType } from 'kysely';

type Fixed<T> = ColumnType<T, T, never>;

export interface WorkloadTokensTable {
  /** SHA-256 over issuer and `jti`. */
  digest: Fixed<Buffer>;
  endsAt: Fixed<Temporal.Instant>;
}

export interface WorkloadTables {
  workloadTokens: WorkloadTokensTable;
}
