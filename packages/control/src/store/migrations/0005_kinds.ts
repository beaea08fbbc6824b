/** The record by kind alone: logins, refusals, configurations of a year, without reading every statement of that year. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- Statements are nearly all there is: they are found by time as well, and their upload pays for no index more.
    CREATE INDEX entries_by_kind ON entries (kind, at) WHERE kind NOT IN ('statement', 'statement.outcome');
  `.execute(db);
}
