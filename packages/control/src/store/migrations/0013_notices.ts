/** What people are told: notices made from the record, one mail each where they have an address. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE notices (
      id      bigint GENERATED ALWAYS AS IDENTITY,
      once    text NOT NULL,
      kind    text NOT NULL,
      at      timestamptz NOT NULL,
      text    text NOT NULL,
      request text,
      "grant" text,
      CONSTRAINT notices_are_numbered PRIMARY KEY (id),
      CONSTRAINT notices_are_told_once UNIQUE (once)
    );
    CREATE INDEX notices_by_time ON notices (at);
    COMMENT ON TABLE notices IS 'What happened, as people are told it. once: what keeps it from being told a second time.';

    CREATE TABLE notice_recipients (
      notice  bigint NOT NULL,
      person  text NOT NULL,
      read_at timestamptz,
      CONSTRAINT notice_recipients_once PRIMARY KEY (person, notice),
      CONSTRAINT notice_recipients_of_a_notice FOREIGN KEY (notice) REFERENCES notices (id) ON DELETE CASCADE,
      CONSTRAINT notice_recipients_are_people FOREIGN KEY (person) REFERENCES people (name)
    );
    CREATE INDEX notice_recipients_unread ON notice_recipients (person, notice DESC) WHERE read_at IS NULL;
    COMMENT ON TABLE notice_recipients IS 'Whom it was told, and whether they have seen it.';

    CREATE TABLE notify_cursor (
      one boolean NOT NULL DEFAULT true,
      seq bigint NOT NULL,
      CONSTRAINT notify_cursor_is_one PRIMARY KEY (one),
      CONSTRAINT notify_cursor_is_only_one CHECK (one)
    );
    -- What happened before there were notices is told to nobody.
    INSERT INTO notify_cursor (seq) SELECT COALESCE(max(seq), 0) FROM streams WHERE stream = 'control';
    COMMENT ON TABLE notify_cursor IS 'How far the record of the control plane has been read for notices.';
  `.execute(db);
}
