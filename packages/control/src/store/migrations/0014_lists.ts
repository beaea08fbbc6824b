/** Lists of one person or one resource among a million: each kind of sight has an index in the order of the list. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE INDEX requests_by_resource ON requests (resource, created_at DESC, id DESC);
    CREATE INDEX reviews_by_reviewer ON reviews (reviewer, at DESC);
    CREATE INDEX grants_by_resource ON grants (resource, created_at DESC, id DESC);
  `.execute(db);
}
