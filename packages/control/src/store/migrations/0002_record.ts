/**
 * Keys, configuration, gateways, live sessions, and the record. The record's tables refuse change by trigger
 * (promise 4): what was taken in stays as it was, and the chain's heads only move forward.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await keysAndConfiguration(db);
  await gateways(db);
  await sessions(db);
  await record(db);
}

async function keysAndConfiguration(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE keys (
      name    text NOT NULL,
      public  text NOT NULL,
      sealed  text NOT NULL,
      made_at timestamptz NOT NULL,
      CONSTRAINT keys_are_made_once PRIMARY KEY (name),
      CONSTRAINT keys_are_known CHECK (name IN ('check', 'authority', 'link', 'audit')),
      CONSTRAINT keys_are_sealed CHECK (sealed LIKE 'v1.%')
    );
    COMMENT ON TABLE keys IS
      'Made once, by whichever control plane starts first: the authority of gateways, the signature of the record, '
      'and a check value that tells a wrong TIDEGATE_KEY at start.';
    CREATE TRIGGER keys_are_never_changed BEFORE UPDATE OR DELETE ON keys
      FOR EACH ROW EXECUTE FUNCTION tidegate_refuse_change();
    CREATE TRIGGER keys_are_never_emptied BEFORE TRUNCATE ON keys
      EXECUTE FUNCTION tidegate_refuse_change();

    CREATE TABLE config_versions (
      version    integer NOT NULL,
      yaml       text NOT NULL,
      content    jsonb NOT NULL,
      digest     bytea NOT NULL,
      applied_by text NOT NULL,
      applied_at timestamptz NOT NULL,
      CONSTRAINT config_versions_are_numbered PRIMARY KEY (version),
      CONSTRAINT config_versions_start_at_one CHECK (version > 0),
      CONSTRAINT config_versions_hold_a_digest CHECK (length(digest) = 32)
    );
    COMMENT ON TABLE config_versions IS 'Every configuration that was ever in force; the highest version is.';
    CREATE TRIGGER config_versions_are_never_changed BEFORE UPDATE OR DELETE ON config_versions
      FOR EACH ROW EXECUTE FUNCTION tidegate_refuse_change();
    CREATE TRIGGER config_versions_are_never_emptied BEFORE TRUNCATE ON config_versions
      EXECUTE FUNCTION tidegate_refuse_change();

    CREATE TABLE resource_credentials (
      resource text NOT NULL,
      password text NOT NULL,
      set_by   text NOT NULL,
      set_at   timestamptz NOT NULL,
      CONSTRAINT resource_credentials_one_each PRIMARY KEY (resource),
      CONSTRAINT resource_credentials_are_sealed CHECK (password LIKE 'v1.%')
    );
    COMMENT ON TABLE resource_credentials IS 'Administrator passwords of resources whose credential is stored here.';
  `.execute(db);
}

async function gateways(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE gateways (
      id           text NOT NULL,
      name         text NOT NULL,
      created_at   timestamptz NOT NULL,
      revoked_at   timestamptz,
      version      text NOT NULL DEFAULT '',
      listeners    jsonb NOT NULL DEFAULT '[]',
      listener_ca  text,
      spool        jsonb,
      connection   text,
      alive_until  timestamptz,
      last_seen_at timestamptz,
      CONSTRAINT gateways_are_known_by_id PRIMARY KEY (id),
      CONSTRAINT gateways_are_named_once UNIQUE (name)
    );
    COMMENT ON COLUMN gateways.alive_until IS
      'Moved on by the control plane that holds the connection. Past: the connection or its control plane is gone.';

    CREATE TABLE gateway_certificates (
      serial     text NOT NULL,
      gateway    text NOT NULL,
      issued_at  timestamptz NOT NULL,
      not_after  timestamptz NOT NULL,
      revoked_at timestamptz,
      CONSTRAINT gateway_certificates_are_issued_once PRIMARY KEY (serial),
      CONSTRAINT gateway_certificates_of_a_gateway FOREIGN KEY (gateway) REFERENCES gateways (id)
    );
    CREATE INDEX gateway_certificates_by_gateway ON gateway_certificates (gateway);
    COMMENT ON TABLE gateway_certificates IS
      'Every client certificate that opens the link. What is not here is not let in, whoever signed it.';
    CREATE TRIGGER gateway_certificates_change_by_revocation BEFORE UPDATE ON gateway_certificates
      FOR EACH ROW EXECUTE FUNCTION tidegate_keep_rest('revoked_at');
    CREATE TRIGGER gateway_certificates_revoked_stay_revoked BEFORE UPDATE ON gateway_certificates
      FOR EACH ROW WHEN (old.revoked_at IS NOT NULL) EXECUTE FUNCTION tidegate_refuse_change();

    CREATE TABLE join_tokens (
      token      bytea NOT NULL,
      name       text NOT NULL,
      created_by text,
      created_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      used_at    timestamptz,
      gateway    text,
      CONSTRAINT join_tokens_are_found_by_digest PRIMARY KEY (token),
      CONSTRAINT join_tokens_hold_a_digest CHECK (length(token) = 32),
      CONSTRAINT join_tokens_end CHECK (expires_at > created_at),
      CONSTRAINT join_tokens_used_by_a_gateway CHECK ((used_at IS NULL) = (gateway IS NULL)),
      CONSTRAINT join_tokens_made_a_gateway FOREIGN KEY (gateway) REFERENCES gateways (id)
    );
    COMMENT ON TABLE join_tokens IS 'One-time rights to join as a gateway. SHA-256 of the secret, never the secret.';
    CREATE TRIGGER join_tokens_are_used_once BEFORE UPDATE ON join_tokens
      FOR EACH ROW WHEN (old.used_at IS NOT NULL) EXECUTE FUNCTION tidegate_refuse_change();

    CREATE TABLE reconciler_leases (
      resource text NOT NULL,
      gateway  text NOT NULL,
      until    timestamptz NOT NULL,
      CONSTRAINT reconciler_leases_one_a_resource PRIMARY KEY (resource),
      CONSTRAINT reconciler_leases_of_a_gateway FOREIGN KEY (gateway) REFERENCES gateways (id)
    );
    CREATE INDEX reconciler_leases_by_gateway ON reconciler_leases (gateway);
    COMMENT ON TABLE reconciler_leases IS
      'Which gateway makes and drops principals on a resource. Taken over when its holder has been gone for a while.';

    CREATE TABLE known_tickets (
      ticket  text NOT NULL,
      gateway text NOT NULL,
      CONSTRAINT known_tickets_are_known_once PRIMARY KEY (ticket, gateway),
      CONSTRAINT known_tickets_are_tickets FOREIGN KEY (ticket) REFERENCES tickets (id),
      CONSTRAINT known_tickets_by_a_gateway FOREIGN KEY (gateway) REFERENCES gateways (id)
    );
    CREATE INDEX known_tickets_by_gateway ON known_tickets (gateway);
    COMMENT ON TABLE known_tickets IS 'Tickets that every relay worker of a gateway knows, over its present connection.';

    CREATE TABLE resource_health (
      resource   text NOT NULL,
      gateway    text NOT NULL,
      ok         boolean NOT NULL,
      detail     text NOT NULL,
      checked_at timestamptz NOT NULL,
      CONSTRAINT resource_health_seen_from PRIMARY KEY (resource, gateway),
      CONSTRAINT resource_health_by_a_gateway FOREIGN KEY (gateway) REFERENCES gateways (id)
    );

    CREATE TABLE findings (
      id          text NOT NULL,
      kind        text NOT NULL,
      resource    text NOT NULL,
      principal   text NOT NULL,
      gateway     text NOT NULL,
      detail      text NOT NULL,
      found_at    timestamptz NOT NULL,
      resolved_at timestamptz,
      CONSTRAINT findings_are_named_once PRIMARY KEY (id),
      CONSTRAINT findings_kinds CHECK (kind IN ('leftover_principal', 'undroppable_principal', 'prepared_transaction')),
      CONSTRAINT findings_by_a_gateway FOREIGN KEY (gateway) REFERENCES gateways (id)
    );
    CREATE UNIQUE INDEX findings_open_once ON findings (resource, kind, principal) WHERE resolved_at IS NULL;
    CREATE INDEX findings_by_time ON findings (found_at DESC, id DESC);
    COMMENT ON TABLE findings IS 'Access left behind that was seen in a database, until it was seen gone.';
  `.execute(db);
}

async function sessions(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE db_sessions (
      id             text NOT NULL,
      "grant"        text NOT NULL,
      gateway        text NOT NULL,
      database       text NOT NULL,
      client_address text NOT NULL,
      application    text NOT NULL,
      started_at     timestamptz NOT NULL,
      ended_at       timestamptz,
      ended_because  text,
      statements     bigint,
      cut_by         text,
      cut_reason     text,
      CONSTRAINT db_sessions_are_named_once PRIMARY KEY (id),
      CONSTRAINT db_sessions_of_a_grant FOREIGN KEY ("grant") REFERENCES grants (id),
      CONSTRAINT db_sessions_through_a_gateway FOREIGN KEY (gateway) REFERENCES gateways (id),
      CONSTRAINT db_sessions_end_for_a_reason CHECK ((ended_at IS NULL) = (ended_because IS NULL)),
      CONSTRAINT db_sessions_cut_by_someone CHECK ((cut_by IS NULL) = (cut_reason IS NULL))
    );
    CREATE INDEX db_sessions_by_time ON db_sessions (started_at DESC, id DESC);
    CREATE INDEX db_sessions_by_grant ON db_sessions ("grant", started_at DESC, id DESC);
    CREATE INDEX db_sessions_live ON db_sessions (gateway) WHERE ended_at IS NULL;
    COMMENT ON TABLE db_sessions IS
      'Client connections through gateways, as the link tells them: for people to look at. The record has the truth.';

    CREATE TABLE session_statements (
      session    text NOT NULL,
      statements bigint NOT NULL,
      CONSTRAINT session_statements_one_a_session PRIMARY KEY (session)
    ) WITH (fillfactor = 70);
    COMMENT ON TABLE session_statements IS 'Statements on record so far, counted as they are taken in.';
  `.execute(db);
}

async function record(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE streams (
      stream     text NOT NULL,
      gateway    text,
      seq        bigint NOT NULL,
      hash       bytea NOT NULL,
      closed_at  timestamptz,
      updated_at timestamptz NOT NULL,
      CONSTRAINT streams_are_named_once PRIMARY KEY (stream),
      CONSTRAINT streams_of_a_gateway FOREIGN KEY (gateway) REFERENCES gateways (id),
      CONSTRAINT streams_belong_to_a_gateway CHECK ((stream = 'control') = (gateway IS NULL)),
      CONSTRAINT streams_hold_a_digest CHECK (length(hash) = 32),
      CONSTRAINT streams_count_from_zero CHECK (seq >= 0)
    ) WITH (fillfactor = 50);
    CREATE INDEX streams_by_gateway ON streams (gateway);
    COMMENT ON TABLE streams IS
      'The head of each stream. Whoever appends locks its row first: so a stream has one writer at a time.';
    INSERT INTO streams (stream, gateway, seq, hash, updated_at)
      VALUES ('control', NULL, 0, decode(repeat('00', 32), 'hex'), now());

    CREATE FUNCTION tidegate_stream_moves() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF new.stream <> old.stream OR new.gateway IS DISTINCT FROM old.gateway OR new.seq < old.seq
        OR (new.seq = old.seq AND new.hash <> old.hash)
        OR (old.closed_at IS NOT NULL AND (new.seq <> old.seq OR new.closed_at IS DISTINCT FROM old.closed_at))
      THEN
        RAISE EXCEPTION 'stream % only moves forward, and not once it is closed', old.stream
          USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME;
      END IF;
      RETURN new;
    END $$;
    CREATE TRIGGER streams_only_move_forward BEFORE UPDATE ON streams
      FOR EACH ROW EXECUTE FUNCTION tidegate_stream_moves();
    CREATE TRIGGER streams_are_never_removed BEFORE DELETE ON streams
      FOR EACH ROW EXECUTE FUNCTION tidegate_refuse_change();
    CREATE TRIGGER streams_are_never_emptied BEFORE TRUNCATE ON streams
      EXECUTE FUNCTION tidegate_refuse_change();

    CREATE TABLE entries (
      stream      text NOT NULL,
      seq         bigint NOT NULL,
      received_on date NOT NULL DEFAULT (now() AT TIME ZONE 'UTC')::date,
      at          timestamptz NOT NULL,
      kind        text NOT NULL,
      entry       text NOT NULL,
      hash        bytea NOT NULL,
      "grant"     text,
      session     text,
      person      text,
      CONSTRAINT entries_are_numbered PRIMARY KEY (stream, seq, received_on)
    ) PARTITION BY RANGE (received_on);
    CREATE INDEX entries_by_grant ON entries ("grant", at) WHERE "grant" IS NOT NULL;
    CREATE INDEX entries_by_session ON entries (session) WHERE session IS NOT NULL;
    CREATE INDEX entries_by_person ON entries (person, at) WHERE person IS NOT NULL;
    CREATE INDEX entries_by_time ON entries (at);
    COMMENT ON TABLE entries IS
      'The record. entry is the canonical line as it is exported, byte for byte; the columns beside it are for finding. '
      'Partitioned by the day it was taken in, so that a gateway''s clock decides nothing here. That a number is taken '
      'once across days is kept by the lock on the stream''s head.';
    CREATE TRIGGER entries_are_never_changed BEFORE UPDATE OR DELETE ON entries
      FOR EACH ROW EXECUTE FUNCTION tidegate_refuse_change();
    CREATE TRIGGER entries_are_never_emptied BEFORE TRUNCATE ON entries
      EXECUTE FUNCTION tidegate_refuse_change();

    CREATE FUNCTION tidegate_make_entries_day(day date) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
      part text := 'entries_' || to_char(day, 'YYYYMMDD');
    BEGIN
      -- Several control planes make the same day at midnight: one does, the others find it made.
      PERFORM pg_advisory_xact_lock(hashtext('tidegate entries'));
      IF to_regclass(format('%I.%I', current_schema(), part)) IS NOT NULL THEN
        RETURN;
      END IF;
      -- Made apart and attached: unlike PARTITION OF, that does not stop those who are inserting.
      EXECUTE format('CREATE TABLE %I (LIKE entries INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part);
      EXECUTE format('CREATE TRIGGER entries_are_never_emptied BEFORE TRUNCATE ON %I '
        'EXECUTE FUNCTION tidegate_refuse_change()', part);
      EXECUTE format('ALTER TABLE entries ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part, day, day + 1);
    END $$;
    COMMENT ON FUNCTION tidegate_make_entries_day IS 'Makes the partition of one day, if it is not there yet.';
    SELECT tidegate_make_entries_day((now() AT TIME ZONE 'UTC')::date + ahead) FROM generate_series(0, 7) AS ahead;

    CREATE TABLE checkpoints (
      stream    text NOT NULL,
      seq       bigint NOT NULL,
      hash      bytea NOT NULL,
      at        timestamptz NOT NULL,
      key_id    text NOT NULL,
      signature bytea NOT NULL,
      CONSTRAINT checkpoints_are_signed_once PRIMARY KEY (stream, seq),
      CONSTRAINT checkpoints_of_a_stream FOREIGN KEY (stream) REFERENCES streams (stream),
      CONSTRAINT checkpoints_hold_a_digest CHECK (length(hash) = 32),
      CONSTRAINT checkpoints_hold_a_signature CHECK (length(signature) = 64)
    );
    COMMENT ON TABLE checkpoints IS 'Signed heads of streams: from there back, nothing can have been changed unseen.';
    CREATE TRIGGER checkpoints_are_never_changed BEFORE UPDATE OR DELETE ON checkpoints
      FOR EACH ROW EXECUTE FUNCTION tidegate_refuse_change();
    CREATE TRIGGER checkpoints_are_never_emptied BEFORE TRUNCATE ON checkpoints
      EXECUTE FUNCTION tidegate_refuse_change();
  `.execute(db);
}
