/** What a large group costs each request: its first people are read from an index, and whom it was told is kept as it is. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    DROP INDEX group_members_by_group;
    CREATE INDEX group_members_by_group ON group_members (group_name, person);

    -- Twenty people a request: to look each of them up again and to lock their rows cost more than all else of asking.
    -- Their names are read from people in the transaction that tells them, and nobody is ever removed from there.
    ALTER TABLE notice_recipients DROP CONSTRAINT notice_recipients_are_people;
  `.execute(db);
}
