/**
 * Appending to the control stream at the commit, in the database (docs/adr/0004): a transaction leaves its events here,
 * and its COMMIT locks the head, adds them to the chain and moves it. Held over round trips to a control plane, the
 * head's lock had all other writers wait for them.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    -- Nothing stays in it, so nothing of it is worth the log.
    CREATE UNLOGGED TABLE appending (
      id       bigint GENERATED ALWAYS AS IDENTITY,
      stream   text NOT NULL,
      ats      timestamptz[] NOT NULL,
      kinds    text[] NOT NULL,
      befores  text[] NOT NULL,
      middles  text[] NOT NULL,
      afters   text[] NOT NULL,
      grants   text[] NOT NULL,
      sessions text[] NOT NULL,
      people   text[] NOT NULL,
      CONSTRAINT appending_is_numbered PRIMARY KEY (id)
    );
    COMMENT ON TABLE appending IS
      'Events of transactions that are under way; gone at their commit. Texts: an entry''s canonical line before its hash, from there to its number, and after.';

    CREATE FUNCTION tidegate_append() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      head_seq  bigint;
      head_hash bytea;
    BEGIN
      SELECT seq, hash INTO STRICT head_seq, head_hash FROM streams WHERE stream = new.stream FOR UPDATE;
      FOR n IN 1 .. cardinality(new.kinds) LOOP
        head_seq := head_seq + 1;
        head_hash := sha256(
          head_hash || convert_to(new.befores[n] || new.middles[n] || head_seq || new.afters[n], 'UTF8'));
        INSERT INTO entries (stream, seq, at, kind, entry, hash, "grant", session, person)
        VALUES (new.stream, head_seq, new.ats[n], new.kinds[n],
                new.befores[n] || '"hash":"' || encode(head_hash, 'hex') || '",' || new.middles[n] || head_seq || new.afters[n],
                head_hash, new.grants[n], new.sessions[n], new.people[n]);
      END LOOP;
      UPDATE streams SET seq = head_seq, hash = head_hash, updated_at = clock_timestamp() WHERE stream = new.stream;
      DELETE FROM appending WHERE id = new.id;
      -- The commit does not wait for the disk while it holds the head; who asked for it does (store/flush.ts).
      PERFORM set_config('synchronous_commit', 'off', true);
      RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER appended_at_commit AFTER INSERT ON appending DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION tidegate_append();
  `.execute(db);
}
