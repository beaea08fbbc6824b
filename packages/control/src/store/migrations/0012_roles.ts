/** Roles of one's own: a grant gives a level on the whole of its resource, or exactly its lines. Requests name tables. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE requests
      ADD COLUMN "only" jsonb,
      ADD CONSTRAINT requests_are_narrowed_to_something
        CHECK ("only" IS NULL OR (jsonb_typeof("only") = 'array' AND "only" <> '[]'));
    COMMENT ON COLUMN requests."only" IS
      'The tables and views that the role is narrowed to, as the engine''s grammar writes them; null: all that it gives.';

    ALTER TABLE grants
      ADD COLUMN lines jsonb,
      DROP CONSTRAINT grants_have_privileges,
      ADD CONSTRAINT grants_have_privileges CHECK (privileges IN ('read', 'write', 'own', 'lines')),
      ADD CONSTRAINT grants_list_their_lines CHECK (
        (privileges = 'lines') = (lines IS NOT NULL) AND
        (lines IS NULL OR (jsonb_typeof(lines) = 'array' AND lines <> '[]')));
    COMMENT ON COLUMN grants.privileges IS 'What was approved: a level on the whole of the resource, or exactly its lines.';
    COMMENT ON COLUMN grants.lines IS 'Of privileges lines: each as core''s grammar reads it. Never changed afterwards.';
  `.execute(db);
}
