/** Tokens of workloads that were shown: none counts twice. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE workload_tokens (
      digest  bytea NOT NULL,
      ends_at timestamptz NOT NULL,
      CONSTRAINT workload_tokens_count_once PRIMARY KEY (digest),
      CONSTRAINT workload_tokens_hold_a_digest CHECK (length(digest) = 32)
    );
    CREATE INDEX workload_tokens_by_end ON workload_tokens (ends_at);
    COMMENT ON TABLE workload_tokens IS
      'SHA-256 over issuer and jti of federated tokens that signed a workload in, until they are over by themselves.';
  `.execute(db);
}
