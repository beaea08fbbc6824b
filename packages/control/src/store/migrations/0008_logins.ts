/** Logins that have a name and a way in, cookies beside bearer tokens, passkeys, recovery codes, step-ups. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await logins(db);
  await passkeys(db);
  await recoveryCodes(db);
  await stepUps(db);
}

async function logins(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE logins
      ADD COLUMN id             text,
      ADD COLUMN kind           text NOT NULL DEFAULT 'bearer',
      ADD COLUMN how            text NOT NULL DEFAULT 'password',
      ADD COLUMN auth_time      timestamptz,
      ADD COLUMN issuer_session text,
      ADD COLUMN user_agent     text;
    UPDATE logins SET id = 'lg_' || substr(md5(gen_random_uuid()::text), 1, 16), auth_time = created_at;
    ALTER TABLE logins
      ALTER COLUMN id SET NOT NULL,
      ALTER COLUMN auth_time SET NOT NULL,
      ALTER COLUMN kind DROP DEFAULT,
      ALTER COLUMN how DROP DEFAULT,
      ADD CONSTRAINT logins_are_named_once UNIQUE (id),
      ADD CONSTRAINT logins_are_carried_by CHECK (kind IN ('bearer', 'cookie')),
      ADD CONSTRAINT logins_came_by
        CHECK (how IN ('password', 'passkey', 'oidc', 'workload', 'api_key', 'certificate')),
      ADD CONSTRAINT logins_keep_a_short_user_agent CHECK (length(user_agent) <= 256);
    CREATE INDEX logins_by_issuer_session ON logins (issuer_session) WHERE issuer_session IS NOT NULL;
    COMMENT ON COLUMN logins.id IS 'What a login is called: shown in lists, worth nothing as a token.';
    COMMENT ON COLUMN logins.token IS 'SHA-256 of the token. A step-up in a browser puts another in its place.';
    COMMENT ON COLUMN logins.auth_time IS 'When its person last proved who they are, here or at their identity provider.';
    COMMENT ON COLUMN logins.issuer_session IS 'The session at the identity provider it hangs on: ended with it.';

    ALTER TABLE login_attempts
      DROP CONSTRAINT login_attempts_at,
      ADD CONSTRAINT login_attempts_at CHECK (what IN ('password', 'code', 'passkey'));
  `.execute(db);
}

async function passkeys(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE passkey_holders (
      person text NOT NULL,
      handle bytea NOT NULL,
      CONSTRAINT passkey_holders_are_named_once PRIMARY KEY (person),
      CONSTRAINT passkey_holders_are_people FOREIGN KEY (person) REFERENCES people (name),
      CONSTRAINT passkey_holders_are_told_apart UNIQUE (handle),
      CONSTRAINT passkey_holders_have_random_handles CHECK (length(handle) = 32)
    );
    COMMENT ON TABLE passkey_holders IS
      'What authenticators know a person by (WebAuthn user handle): random, so that an authenticator names nobody.';

    CREATE TABLE passkeys (
      id           text NOT NULL,
      credential   text NOT NULL,
      person       text NOT NULL,
      name         text NOT NULL,
      public_key   bytea NOT NULL,
      counter      bigint NOT NULL,
      transports   text[] NOT NULL,
      backed_up    boolean NOT NULL,
      created_at   timestamptz NOT NULL,
      last_used_at timestamptz,
      locked_at    timestamptz,
      CONSTRAINT passkeys_are_named_once PRIMARY KEY (id),
      CONSTRAINT passkeys_are_registered_once UNIQUE (credential),
      CONSTRAINT passkeys_of_a_holder FOREIGN KEY (person) REFERENCES passkey_holders (person),
      CONSTRAINT passkeys_have_a_short_name CHECK (name ~ '^[^[:cntrl:]]{1,64}$'),
      CONSTRAINT passkeys_count_up CHECK (counter >= 0)
    );
    CREATE INDEX passkeys_by_person ON passkeys (person);
    COMMENT ON TABLE passkeys IS 'WebAuthn credentials. credential is the authenticator''s own id, base64url.';
    COMMENT ON COLUMN passkeys.counter IS 'The last signature counter seen; 0 from authenticators that keep none.';
    COMMENT ON COLUMN passkeys.locked_at IS
      'When its counter went back: somebody has a copy. Good for nothing from then on; its owner registers another.';

    CREATE TABLE passkey_challenges (
      id         text NOT NULL,
      challenge  text NOT NULL,
      purpose    text NOT NULL,
      login      text,
      address    text NOT NULL,
      created_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      used_at    timestamptz,
      CONSTRAINT passkey_challenges_are_named_once PRIMARY KEY (id),
      CONSTRAINT passkey_challenges_are_for CHECK (purpose IN ('register', 'sign-in', 'step-up')),
      CONSTRAINT passkey_challenges_are_bound CHECK ((purpose = 'sign-in') = (login IS NULL)),
      CONSTRAINT passkey_challenges_of_a_login FOREIGN KEY (login) REFERENCES logins (id) ON DELETE CASCADE,
      CONSTRAINT passkey_challenges_end CHECK (expires_at > created_at)
    );
    CREATE INDEX passkey_challenges_by_login ON passkey_challenges (login);
    CREATE INDEX passkey_challenges_of_nobody ON passkey_challenges (address, expires_at) WHERE login IS NULL;
    CREATE INDEX passkey_challenges_by_end ON passkey_challenges (expires_at);
    COMMENT ON TABLE passkey_challenges IS
      'What an authenticator is asked to sign: once, for one purpose, by one login (or whoever has the id, to sign in). '
      'Kept after use until it would have ended, so that a replay is known for what it is.';
  `.execute(db);
}

async function recoveryCodes(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE recovery_codes (
      person     text NOT NULL,
      digest     bytea NOT NULL,
      created_at timestamptz NOT NULL,
      used_at    timestamptz,
      CONSTRAINT recovery_codes_are_made_once PRIMARY KEY (person, digest),
      CONSTRAINT recovery_codes_of_a_person FOREIGN KEY (person) REFERENCES people (name),
      CONSTRAINT recovery_codes_are_digests CHECK (length(digest) = 32)
    );
    COMMENT ON TABLE recovery_codes IS
      'For who has lost their second factor: each counts once. Only their SHA-256 is here: they are 80 random bits.';
  `.execute(db);
}

async function stepUps(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE mfa_challenges (
      id         text NOT NULL,
      login      text NOT NULL,
      person     text NOT NULL,
      code       text NOT NULL,
      created_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      state      text NOT NULL DEFAULT 'pending',
      settled_at timestamptz,
      settled_by text,
      how        text,
      CONSTRAINT mfa_challenges_are_named_once PRIMARY KEY (id),
      CONSTRAINT mfa_challenges_of_a_login FOREIGN KEY (login) REFERENCES logins (id) ON DELETE CASCADE,
      CONSTRAINT mfa_challenges_of_a_person FOREIGN KEY (person) REFERENCES people (name),
      CONSTRAINT mfa_challenges_stand CHECK (state IN ('pending', 'shown', 'refused')),
      CONSTRAINT mfa_challenges_are_settled_whole
        CHECK ((state = 'pending') = (settled_at IS NULL) AND (state = 'pending') = (settled_by IS NULL)),
      CONSTRAINT mfa_challenges_are_shown_somehow CHECK ((state = 'shown') = (how IS NOT NULL)),
      CONSTRAINT mfa_challenges_end CHECK (expires_at > created_at)
    );
    CREATE INDEX mfa_challenges_by_login ON mfa_challenges (login);
    CREATE TRIGGER mfa_challenges_are_settled_once BEFORE UPDATE OF state ON mfa_challenges
      FOR EACH ROW EXECUTE FUNCTION tidegate_state_moves('pending>shown', 'pending>refused');
    COMMENT ON TABLE mfa_challenges IS
      'A login (a terminal''s) that asks its person to show a second factor elsewhere (in a browser) on its behalf.';
    COMMENT ON COLUMN mfa_challenges.code IS 'Shown in both places, so that a person sees that it is their own.';
    COMMENT ON COLUMN mfa_challenges.settled_by IS 'The login where the factor was shown, or where it was refused.';
  `.execute(db);
}
