/** People who sign in at identity providers: who they are there, what of it is still open, sign-ins under way. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await identities(db);
  await sessions(db);
  await signIns(db);
}

async function identities(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE identities (
      issuer        text NOT NULL,
      subject       text NOT NULL,
      person        text NOT NULL,
      provider      text NOT NULL,
      groups        text[] NOT NULL DEFAULT '{}',
      linked_by     text,
      first_seen_at timestamptz NOT NULL,
      last_seen_at  timestamptz,
      CONSTRAINT identities_are_one_person PRIMARY KEY (issuer, subject),
      CONSTRAINT identities_of_a_person FOREIGN KEY (person) REFERENCES people (name)
    );
    CREATE INDEX identities_by_person ON identities (person);
    CREATE INDEX identities_by_group ON identities USING gin (groups);
    COMMENT ON TABLE identities IS
      'Who a person is at an identity provider: issuer and subject (Entra ID: tid and oid), never an e-mail address.';
    COMMENT ON COLUMN identities.groups IS
      'Groups and app roles there, as last told. group_members of source idp follows from it and the configuration.';
    COMMENT ON COLUMN identities.linked_by IS 'The administrator who said that this is that person; null: it made them.';
  `.execute(db);
}

async function sessions(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE provider_sessions (
      id            text NOT NULL,
      login         text,
      provider      text NOT NULL,
      issuer        text NOT NULL,
      subject       text NOT NULL,
      token_subject text NOT NULL,
      sid           text,
      refresh_token text,
      created_at    timestamptz NOT NULL,
      checked_at    timestamptz NOT NULL,
      next_check_at timestamptz,
      problem       text,
      CONSTRAINT provider_sessions_are_named_once PRIMARY KEY (id),
      CONSTRAINT provider_sessions_of_an_identity
        FOREIGN KEY (issuer, subject) REFERENCES identities (issuer, subject) ON DELETE CASCADE,
      CONSTRAINT provider_sessions_of_a_login FOREIGN KEY (login) REFERENCES logins (id) ON DELETE SET NULL,
      CONSTRAINT provider_sessions_are_one_a_login UNIQUE (login),
      CONSTRAINT provider_sessions_keep_tokens_sealed CHECK (refresh_token LIKE 'v1.%'),
      CONSTRAINT provider_sessions_are_checked_by_a_token CHECK (next_check_at IS NULL OR refresh_token IS NOT NULL)
    );
    CREATE INDEX provider_sessions_by_check ON provider_sessions (next_check_at) WHERE next_check_at IS NOT NULL;
    CREATE INDEX provider_sessions_by_identity ON provider_sessions (issuer, subject);
    CREATE INDEX provider_sessions_by_subject ON provider_sessions (provider, token_subject);
    COMMENT ON TABLE provider_sessions IS
      'What a sign-in at a provider left: by its refresh token the provider is asked whether the person may still come in.';
    COMMENT ON COLUMN provider_sessions.login IS
      'null: signed out here; kept, and asked about, while the person has something open.';
    COMMENT ON COLUMN provider_sessions.token_subject IS 'sub of its tokens: with Entra ID another than subject.';
  `.execute(db);
}

async function signIns(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE sign_ins (
      state       bytea NOT NULL,
      provider    text NOT NULL,
      way         text NOT NULL,
      browser     bytea,
      login       text,
      return_to   text,
      port        integer,
      challenge   text,
      secrets     text NOT NULL,
      address     text NOT NULL,
      started_at  timestamptz NOT NULL,
      expires_at  timestamptz NOT NULL,
      next_ask_at timestamptz,
      CONSTRAINT sign_ins_are_known_by_state PRIMARY KEY (state),
      CONSTRAINT sign_ins_hold_digests CHECK (length(state) = 32 AND length(browser) = 32),
      CONSTRAINT sign_ins_go CHECK (way IN ('browser', 'loopback', 'device', 'redeem')),
      CONSTRAINT sign_ins_in_a_browser_are_bound_to_it CHECK ((way = 'browser') = (browser IS NOT NULL)),
      CONSTRAINT sign_ins_of_a_terminal_are_bound_to_it
        CHECK ((way IN ('loopback', 'redeem')) = (challenge IS NOT NULL)),
      CONSTRAINT sign_ins_that_rise_are_of_a_login
        FOREIGN KEY (login) REFERENCES logins (id) ON DELETE CASCADE,
      CONSTRAINT sign_ins_secrets_are_sealed CHECK (secrets LIKE 'v1.%'),
      CONSTRAINT sign_ins_end CHECK (expires_at > started_at)
    );
    CREATE INDEX sign_ins_by_end ON sign_ins (expires_at);
    CREATE INDEX sign_ins_by_address ON sign_ins (address);
    COMMENT ON TABLE sign_ins IS
      'Sign-ins under way at a provider; taken out by the first answer, so that none counts twice. state is the SHA-256 of '
      'what the answer must bring: OAuth''s state, a device''s handle, or the code that a terminal redeems.';
    COMMENT ON COLUMN sign_ins.login IS 'For a step-up: the login that rises.';

    CREATE TABLE logout_tokens (
      issuer     text NOT NULL,
      id         bytea NOT NULL,
      expires_at timestamptz NOT NULL,
      CONSTRAINT logout_tokens_count_once PRIMARY KEY (issuer, id),
      CONSTRAINT logout_tokens_are_kept_as_digests CHECK (length(id) = 32)
    );
    CREATE INDEX logout_tokens_by_end ON logout_tokens (expires_at);
    COMMENT ON TABLE logout_tokens IS 'jti of back-channel logout tokens seen, until they would be too old anyway.';
  `.execute(db);
}
