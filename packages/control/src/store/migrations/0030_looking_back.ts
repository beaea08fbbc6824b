/** Looking back: a session's entries come in order from their index, and refused attempts are found without a search. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    DROP INDEX entries_by_session;
    CREATE INDEX entries_by_session ON entries (session, at) WHERE session IS NOT NULL;
    CREATE INDEX entries_refused ON entries (at) WHERE kind LIKE '%.refused' OR kind = 'login.failed';
    CREATE INDEX grants_by_closing ON grants (closed_at DESC) WHERE state = 'closed';
    COMMENT ON INDEX entries_refused IS 'Few among many: what was tried and refused, for the overview and the search.';
  `.execute(db);
}
