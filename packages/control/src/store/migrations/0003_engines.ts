/** What engines other than PostgreSQL need: tickets that MySQL's own ways to prove a password can be held against. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE tickets
      ADD COLUMN mysql_sha2 bytea,
      ADD COLUMN mysql_native bytea,
      ADD CONSTRAINT tickets_hold_mysql_verifiers_whole CHECK (
        (mysql_sha2 IS NULL) = (mysql_native IS NULL)
        AND length(mysql_sha2) = 32 AND length(mysql_native) = 20
      );
    COMMENT ON COLUMN tickets.mysql_sha2 IS
      'SHA256(SHA256(ticket)), as caching_sha2_password keeps it; only for grants on MySQL. A ticket has 128 bits of chance, so that no salt is needed.';
    COMMENT ON COLUMN tickets.mysql_native IS
      'SHA1(SHA1(ticket)), as mysql_native_password keeps it; only for grants on MySQL.';
  `.execute(db);
}
