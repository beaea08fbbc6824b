/** What a large group costs each request: its first people are read from an index, and whom it was told is kept as it is. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    DROP INDEX group_members_by_group;
    CREATE INDEX group_members_by_group ON group_members (group_name, person);

    -- Twenty rows a request: to look up and lock the person and the notice of each anew cost more than all else of asking.
    -- Names are read from people, where nobody is ever removed, and notices are made in the statement before; whoever
    -- removes notices removes these with them.
    ALTER TABLE notice_recipients
      DROP CONSTRAINT notice_recipients_are_people,
      DROP CONSTRAINT notice_recipients_of_a_notice;
  `.execute(db);
}
