/**
 * People, sign-in, requests, reviews, grants, tickets. What must never be is refused here, by the database, whatever
 * the code above it does (promise 5): constraints carry names that say the rule, triggers hold what a CHECK cannot.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await rules(db);
  await people(db);
  await requests(db);
  await grants(db);
}

/** Trigger functions that any table may use. */
async function rules(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE FUNCTION tidegate_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION '% on %: what stands there is never changed or removed', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME;
    END $$;
    COMMENT ON FUNCTION tidegate_refuse_change IS 'Refuses whatever fires it: for rows that are written once.';

    CREATE FUNCTION tidegate_state_moves() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NOT (old.state || '>' || new.state) = ANY (TG_ARGV) THEN
        RAISE EXCEPTION '% may not go from % to %', TG_TABLE_NAME, old.state, new.state
          USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME;
      END IF;
      RETURN new;
    END $$;
    COMMENT ON FUNCTION tidegate_state_moves IS 'Lets a state move only as its arguments say: from>to.';

    CREATE FUNCTION tidegate_keep_rest() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF to_jsonb(new) - TG_ARGV IS DISTINCT FROM to_jsonb(old) - TG_ARGV THEN
        RAISE EXCEPTION 'of %, only % may change', TG_TABLE_NAME, array_to_string(TG_ARGV, ', ')
          USING ERRCODE = 'check_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME;
      END IF;
      RETURN new;
    END $$;
    COMMENT ON FUNCTION tidegate_keep_rest IS 'Lets only the columns named in its arguments change.';
  `.execute(db);
}

async function people(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE people (
      name        text NOT NULL,
      password    text NOT NULL,
      created_at  timestamptz NOT NULL,
      disabled_at timestamptz,
      CONSTRAINT people_are_named_once PRIMARY KEY (name),
      CONSTRAINT people_have_a_printable_name CHECK (name ~ '^[^[:cntrl:]]{1,128}$'),
      CONSTRAINT people_passwords_are_hashed CHECK (password LIKE 'scrypt$%')
    );
    COMMENT ON TABLE people IS 'Local accounts. Never removed, only disabled: the record names them.';
    CREATE TRIGGER people_are_never_removed BEFORE DELETE ON people
      FOR EACH ROW EXECUTE FUNCTION tidegate_refuse_change();

    CREATE TABLE group_members (
      group_name text NOT NULL,
      person     text NOT NULL,
      source     text NOT NULL,
      CONSTRAINT group_members_are_named_once PRIMARY KEY (person, group_name, source),
      CONSTRAINT group_members_come_from CHECK (source IN ('config', 'local'))
    );
    CREATE INDEX group_members_by_group ON group_members (group_name);
    COMMENT ON TABLE group_members IS
      'Who is in which group: config follows the configuration file and may name people who have no account yet; '
      'local is set by the first set-up and by administrators. Both count.';

    CREATE TABLE totp (
      person       text NOT NULL,
      secret       text NOT NULL,
      created_at   timestamptz NOT NULL,
      confirmed_at timestamptz,
      last_step    bigint,
      CONSTRAINT totp_is_one_a_person PRIMARY KEY (person),
      CONSTRAINT totp_of_a_person FOREIGN KEY (person) REFERENCES people (name),
      CONSTRAINT totp_secret_is_sealed CHECK (secret LIKE 'v1.%')
    );
    COMMENT ON TABLE totp IS 'Second factors (RFC 6238). last_step is the last time step accepted: no code counts twice.';

    CREATE TABLE logins (
      token        bytea NOT NULL,
      person       text NOT NULL,
      address      text NOT NULL,
      created_at   timestamptz NOT NULL,
      last_used_at timestamptz NOT NULL,
      expires_at   timestamptz NOT NULL,
      mfa_at       timestamptz,
      CONSTRAINT logins_are_found_by_token PRIMARY KEY (token),
      CONSTRAINT logins_of_a_person FOREIGN KEY (person) REFERENCES people (name),
      CONSTRAINT logins_hold_a_digest CHECK (length(token) = 32),
      CONSTRAINT logins_end CHECK (expires_at > created_at)
    );
    CREATE INDEX logins_by_person ON logins (person);
    CREATE INDEX logins_by_end ON logins (expires_at);
    COMMENT ON TABLE logins IS 'Signed-in clients. The bearer token itself is not here, only its SHA-256.';

    CREATE TABLE login_attempts (
      id      bigint GENERATED ALWAYS AS IDENTITY,
      what    text NOT NULL,
      account text NOT NULL,
      address text NOT NULL,
      at      timestamptz NOT NULL,
      CONSTRAINT login_attempts_are_numbered PRIMARY KEY (id),
      CONSTRAINT login_attempts_at CHECK (what IN ('password', 'code'))
    );
    CREATE INDEX login_attempts_by_account ON login_attempts (what, account, at);
    CREATE INDEX login_attempts_by_address ON login_attempts (what, address, at);
    CREATE INDEX login_attempts_by_time ON login_attempts (at);
    COMMENT ON TABLE login_attempts IS
      'Wrong passwords and codes of the last minutes, here so that every control plane counts the same.';

    CREATE TABLE setup (
      one        boolean NOT NULL DEFAULT true,
      token      text,
      created_at timestamptz NOT NULL,
      used_at    timestamptz,
      CONSTRAINT setup_is_one PRIMARY KEY (one),
      CONSTRAINT setup_is_only_one CHECK (one),
      CONSTRAINT setup_token_is_sealed CHECK (token LIKE 'v1.%'),
      CONSTRAINT setup_is_open_or_used CHECK ((token IS NULL) = (used_at IS NOT NULL))
    );
    COMMENT ON TABLE setup IS
      'The one-time right to make the first people: its token, sealed, and gone once it was used.';
    CREATE TRIGGER setup_is_used_once BEFORE UPDATE OR DELETE ON setup
      FOR EACH ROW WHEN (old.used_at IS NOT NULL) EXECUTE FUNCTION tidegate_refuse_change();
  `.execute(db);
}

async function requests(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE requests (
      id             text NOT NULL,
      requester      text NOT NULL,
      resource       text NOT NULL,
      role           text NOT NULL,
      duration       interval NOT NULL,
      starts_at      timestamptz,
      reason         text NOT NULL,
      ticket         text,
      extends        text,
      state          text NOT NULL,
      rule           text NOT NULL,
      why            text NOT NULL,
      policy_version integer NOT NULL,
      steps          jsonb NOT NULL,
      mfa            jsonb NOT NULL,
      created_at     timestamptz NOT NULL,
      lapses_at      timestamptz NOT NULL,
      decided_at     timestamptz,
      CONSTRAINT requests_are_named_once PRIMARY KEY (id),
      CONSTRAINT requests_of_a_person FOREIGN KEY (requester) REFERENCES people (name),
      CONSTRAINT requests_and_their_requester UNIQUE (id, requester),
      CONSTRAINT requests_and_what_they_ask UNIQUE (id, requester, resource, role),
      CONSTRAINT requests_have_a_state CHECK (state IN ('pending', 'approved', 'denied', 'cancelled', 'lapsed')),
      CONSTRAINT requests_are_pending_or_decided CHECK ((state = 'pending') = (decided_at IS NULL)),
      CONSTRAINT requests_ask_for_some_time CHECK (duration > interval '0'),
      CONSTRAINT requests_lapse_after_they_are_made CHECK (lapses_at > created_at),
      CONSTRAINT requests_list_their_steps CHECK (jsonb_typeof(steps) = 'array')
    );
    CREATE INDEX requests_by_time ON requests (created_at DESC, id DESC);
    CREATE INDEX requests_by_requester ON requests (requester, created_at DESC, id DESC);
    CREATE INDEX requests_pending ON requests (lapses_at) WHERE state = 'pending';
    CREATE UNIQUE INDEX requests_extend_a_grant_one_at_a_time ON requests (extends) WHERE state = 'pending';
    COMMENT ON TABLE requests IS
      'One ask each. steps and mfa are what the rule demanded when it was made; later policies do not reach back.';
    CREATE TRIGGER requests_begin_pending_unless_nobody_is_asked BEFORE INSERT ON requests
      FOR EACH ROW WHEN (new.state <> 'pending' AND (new.state <> 'approved' OR new.steps <> '[]'))
      EXECUTE FUNCTION tidegate_refuse_change();
    CREATE TRIGGER requests_state_moves BEFORE UPDATE ON requests
      FOR EACH ROW WHEN (old.state <> new.state) EXECUTE FUNCTION tidegate_state_moves(
        'pending>approved', 'pending>denied', 'pending>cancelled', 'pending>lapsed');
    CREATE TRIGGER requests_keep_what_was_asked BEFORE UPDATE ON requests
      FOR EACH ROW EXECUTE FUNCTION tidegate_keep_rest('state', 'decided_at');
    CREATE TRIGGER requests_are_never_removed BEFORE DELETE ON requests
      FOR EACH ROW EXECUTE FUNCTION tidegate_refuse_change();
    CREATE TRIGGER requests_are_never_emptied BEFORE TRUNCATE ON requests
      EXECUTE FUNCTION tidegate_refuse_change();

    CREATE TABLE reviews (
      request   text NOT NULL,
      requester text NOT NULL,
      reviewer  text NOT NULL,
      step      integer NOT NULL,
      decision  text NOT NULL,
      comment   text,
      at        timestamptz NOT NULL,
      CONSTRAINT reviews_one_a_person PRIMARY KEY (request, reviewer),
      CONSTRAINT reviews_of_a_request FOREIGN KEY (request, requester) REFERENCES requests (id, requester),
      CONSTRAINT reviews_never_by_the_requester CHECK (reviewer <> requester),
      CONSTRAINT reviews_by_a_person FOREIGN KEY (reviewer) REFERENCES people (name),
      CONSTRAINT reviews_decide CHECK (decision IN ('approve', 'deny')),
      CONSTRAINT reviews_say_why_they_deny CHECK (decision = 'approve' OR COALESCE(length(comment), 0) > 0),
      CONSTRAINT reviews_count_in_a_step CHECK (step >= 0)
    );
    COMMENT ON TABLE reviews IS
      'One reviewer''s decision on one step. A person reviews a request once, hence counts in one step only.';

    CREATE FUNCTION tidegate_review_of_open_step() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE steps integer;
    BEGIN
      SELECT jsonb_array_length(r.steps) INTO steps FROM requests r WHERE r.id = new.request AND r.state = 'pending';
      IF steps IS NULL OR new.step >= steps THEN
        RAISE EXCEPTION 'a review needs a pending request and one of its steps'
          USING ERRCODE = 'check_violation', TABLE = 'reviews', CONSTRAINT = TG_NAME;
      END IF;
      RETURN new;
    END $$;
    CREATE TRIGGER reviews_need_an_open_request BEFORE INSERT ON reviews
      FOR EACH ROW EXECUTE FUNCTION tidegate_review_of_open_step();
    CREATE TRIGGER reviews_are_never_changed BEFORE UPDATE OR DELETE ON reviews
      FOR EACH ROW EXECUTE FUNCTION tidegate_refuse_change();
    CREATE TRIGGER reviews_are_never_emptied BEFORE TRUNCATE ON reviews
      EXECUTE FUNCTION tidegate_refuse_change();
  `.execute(db);
}

async function grants(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE grants (
      id                 text NOT NULL,
      request            text NOT NULL,
      person             text NOT NULL,
      resource           text NOT NULL,
      role               text NOT NULL,
      engine             text NOT NULL,
      privileges         text NOT NULL,
      login_name         text NOT NULL,
      duration           interval NOT NULL,
      not_before         timestamptz,
      open_by            timestamptz NOT NULL,
      state              text NOT NULL,
      created_at         timestamptz NOT NULL,
      starts_at          timestamptz,
      expires_at         timestamptz,
      opened_at          timestamptz,
      closing_at         timestamptz,
      closed_at          timestamptz,
      close_reason       text,
      closed_by          text,
      close_comment      text,
      problem            text,
      scram_salt         bytea NOT NULL,
      scram_iterations   integer NOT NULL,
      principal_password text NOT NULL,
      CONSTRAINT grants_are_named_once PRIMARY KEY (id),
      CONSTRAINT grants_one_a_request UNIQUE (request),
      CONSTRAINT grants_one_a_login_name UNIQUE (login_name),
      CONSTRAINT grants_are_what_was_asked FOREIGN KEY (request, person, resource, role)
        REFERENCES requests (id, requester, resource, role),
      CONSTRAINT grants_have_a_state CHECK (state IN ('scheduled', 'active', 'closing', 'closed')),
      CONSTRAINT grants_have_privileges CHECK (privileges IN ('read', 'write', 'own')),
      CONSTRAINT grants_last_some_time CHECK (duration > interval '0'),
      CONSTRAINT grants_start_with_their_end CHECK ((starts_at IS NULL) = (expires_at IS NULL)),
      CONSTRAINT grants_end_after_they_start CHECK (expires_at > starts_at),
      CONSTRAINT grants_open_once_they_started CHECK (opened_at IS NULL OR starts_at IS NOT NULL),
      CONSTRAINT grants_scheduled_have_no_clock CHECK (state <> 'scheduled' OR starts_at IS NULL),
      CONSTRAINT grants_active_have_a_clock CHECK (state <> 'active' OR starts_at IS NOT NULL),
      CONSTRAINT grants_close_for_a_reason CHECK ((state IN ('closing', 'closed')) = (close_reason IS NOT NULL)),
      CONSTRAINT grants_close_at_a_time CHECK ((close_reason IS NULL) = (closing_at IS NULL)),
      CONSTRAINT grants_closed_at_a_time CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
      CONSTRAINT grants_reasons_to_close CHECK (close_reason IN ('expired', 'revoked', 'relinquished', 'failed')),
      CONSTRAINT grants_closed_by_someone CHECK ((closed_by IS NOT NULL) = COALESCE(close_reason IN ('revoked', 'relinquished'), false)),
      CONSTRAINT grants_relinquished_by_their_person CHECK (close_reason <> 'relinquished' OR closed_by = person),
      CONSTRAINT grants_scram_is_salted CHECK (length(scram_salt) >= 16 AND scram_iterations >= 4096),
      CONSTRAINT grants_password_is_sealed CHECK (principal_password LIKE 'v1.%')
    );
    ALTER TABLE requests ADD CONSTRAINT requests_extend_a_grant FOREIGN KEY (extends) REFERENCES grants (id);
    CREATE INDEX grants_by_time ON grants (created_at DESC, id DESC);
    CREATE INDEX grants_by_person ON grants (person, created_at DESC, id DESC);
    CREATE INDEX grants_open ON grants (resource) WHERE state <> 'closed';
    CREATE INDEX grants_scheduled_by_time ON grants (open_by) WHERE state = 'scheduled';
    CREATE INDEX grants_active_by_end ON grants (expires_at) WHERE state = 'active';
    COMMENT ON TABLE grants IS
      'The time-bound right an approved request becomes. It leaves the gateways'' desired state only when closed.';

    CREATE FUNCTION tidegate_grant_of_approved() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF new.state <> 'scheduled' OR NOT EXISTS (
        SELECT FROM requests r WHERE r.id = new.request AND r.state = 'approved' AND r.extends IS NULL
      ) THEN
        RAISE EXCEPTION 'a grant begins as scheduled, from an approved request'
          USING ERRCODE = 'check_violation', TABLE = 'grants', CONSTRAINT = TG_NAME;
      END IF;
      RETURN new;
    END $$;
    CREATE TRIGGER grants_need_an_approved_request BEFORE INSERT ON grants
      FOR EACH ROW EXECUTE FUNCTION tidegate_grant_of_approved();
    CREATE TRIGGER grants_state_moves BEFORE UPDATE ON grants
      FOR EACH ROW WHEN (old.state <> new.state) EXECUTE FUNCTION tidegate_state_moves(
        'scheduled>active', 'scheduled>closing', 'active>closing', 'closing>closed');
    CREATE TRIGGER grants_keep_what_was_granted BEFORE UPDATE ON grants
      FOR EACH ROW EXECUTE FUNCTION tidegate_keep_rest(
        'state', 'starts_at', 'expires_at', 'opened_at', 'closing_at', 'closed_at',
        'close_reason', 'closed_by', 'close_comment', 'problem');
    CREATE TRIGGER grants_start_once BEFORE UPDATE ON grants
      FOR EACH ROW WHEN (old.starts_at <> new.starts_at) EXECUTE FUNCTION tidegate_refuse_change();
    CREATE TRIGGER grants_do_not_last_on BEFORE UPDATE ON grants
      FOR EACH ROW WHEN (old.state IN ('closing', 'closed') AND old.expires_at IS DISTINCT FROM new.expires_at)
      EXECUTE FUNCTION tidegate_refuse_change();
    CREATE TRIGGER grants_close_once BEFORE UPDATE ON grants
      FOR EACH ROW WHEN (old.close_reason IS NOT NULL AND (old.close_reason, old.closing_at, old.closed_by, old.close_comment)
        IS DISTINCT FROM (new.close_reason, new.closing_at, new.closed_by, new.close_comment))
      EXECUTE FUNCTION tidegate_refuse_change();
    CREATE TRIGGER grants_closed_stay_closed BEFORE UPDATE ON grants
      FOR EACH ROW WHEN (old.state = 'closed') EXECUTE FUNCTION tidegate_refuse_change();
    CREATE TRIGGER grants_are_never_removed BEFORE DELETE ON grants
      FOR EACH ROW EXECUTE FUNCTION tidegate_refuse_change();
    CREATE TRIGGER grants_are_never_emptied BEFORE TRUNCATE ON grants
      EXECUTE FUNCTION tidegate_refuse_change();

    CREATE TABLE tickets (
      id         text NOT NULL,
      "grant"    text NOT NULL,
      stored_key bytea NOT NULL,
      server_key bytea NOT NULL,
      created_at timestamptz NOT NULL,
      revoked_at timestamptz,
      CONSTRAINT tickets_are_named_once PRIMARY KEY (id),
      CONSTRAINT tickets_of_a_grant FOREIGN KEY ("grant") REFERENCES grants (id),
      CONSTRAINT tickets_hold_a_verifier CHECK (length(stored_key) = 32 AND length(server_key) = 32)
    );
    CREATE INDEX tickets_live ON tickets ("grant") WHERE revoked_at IS NULL;
    COMMENT ON TABLE tickets IS
      'SCRAM-SHA-256 verifiers (RFC 5803) of the passwords handed out for a grant. Dead with it, or when revoked.';
    CREATE TRIGGER tickets_keep_their_verifier BEFORE UPDATE ON tickets
      FOR EACH ROW EXECUTE FUNCTION tidegate_keep_rest('revoked_at');
    CREATE TRIGGER tickets_revoked_stay_revoked BEFORE UPDATE ON tickets
      FOR EACH ROW WHEN (old.revoked_at IS NOT NULL) EXECUTE FUNCTION tidegate_refuse_change();
  `.execute(db);
}
