/** People and groups that an identity provider keeps (SCIM), and the API keys that it, and other machines, come with. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await apiKeys(db);
  await users(db);
  await groups(db);
}

async function apiKeys(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE api_keys (
      id             text NOT NULL,
      digest         bytea NOT NULL,
      prefix         text NOT NULL,
      name           text NOT NULL,
      person         text NOT NULL,
      scopes         text[] NOT NULL,
      created_by     text NOT NULL,
      created_at     timestamptz NOT NULL,
      expires_at     timestamptz NOT NULL,
      last_used_at   timestamptz,
      last_used_from text,
      revoked_at     timestamptz,
      revoked_by     text,
      CONSTRAINT api_keys_are_named_once PRIMARY KEY (id),
      CONSTRAINT api_keys_are_found_by_digest UNIQUE (digest),
      CONSTRAINT api_keys_hold_a_digest CHECK (length(digest) = 32),
      CONSTRAINT api_keys_show_little CHECK (length(prefix) <= 12),
      CONSTRAINT api_keys_of_a_person FOREIGN KEY (person) REFERENCES people (name),
      CONSTRAINT api_keys_are_for_something CHECK (cardinality(scopes) > 0),
      CONSTRAINT api_keys_end_within_a_year
        CHECK (expires_at > created_at AND expires_at <= created_at + interval '366 days'),
      CONSTRAINT api_keys_are_revoked_by_somebody CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
    );
    CREATE INDEX api_keys_by_person ON api_keys (person);
    CREATE INDEX api_keys_by_time ON api_keys (created_at, id);
    COMMENT ON TABLE api_keys IS 'The last resort of machines. The key itself is not here, only its SHA-256.';
    CREATE TRIGGER api_keys_are_never_removed BEFORE DELETE ON api_keys
      FOR EACH ROW EXECUTE FUNCTION tidegate_refuse_change();
    CREATE TRIGGER api_keys_change_by_use_and_end BEFORE UPDATE ON api_keys
      FOR EACH ROW EXECUTE FUNCTION tidegate_keep_rest('last_used_at', 'last_used_from', 'revoked_at', 'revoked_by');
  `.execute(db);
}

async function users(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE scim_users (
      id          uuid NOT NULL,
      person      text NOT NULL,
      external_id text,
      user_name   text NOT NULL,
      active      boolean NOT NULL,
      attributes  jsonb NOT NULL,
      version     bigint NOT NULL,
      created_at  timestamptz NOT NULL,
      modified_at timestamptz NOT NULL,
      deleted_at  timestamptz,
      CONSTRAINT scim_users_are_named_once PRIMARY KEY (id),
      CONSTRAINT scim_users_are_a_person FOREIGN KEY (person) REFERENCES people (name),
      CONSTRAINT scim_users_deleted_are_inactive CHECK (deleted_at IS NULL OR NOT active)
    );
    CREATE UNIQUE INDEX scim_users_have_their_own_external_id ON scim_users (external_id) WHERE deleted_at IS NULL;
    CREATE UNIQUE INDEX scim_users_have_their_own_user_name ON scim_users (lower(user_name)) WHERE deleted_at IS NULL;
    CREATE UNIQUE INDEX scim_users_are_one_a_person ON scim_users (person) WHERE deleted_at IS NULL;
    CREATE INDEX scim_users_by_external_id ON scim_users (external_id);
    COMMENT ON TABLE scim_users IS
      'Users as the identity provider has them (RFC 7643). A deleted one stays, so that the same person coming back '
      'is known by external_id, and another who is given the same user_name is not taken for them.';
  `.execute(db);
}

async function groups(db: Kysely<unknown>): Promise<void> {
  await sql`
    CREATE TABLE scim_groups (
      id           uuid NOT NULL,
      external_id  text,
      display_name text NOT NULL,
      version      bigint NOT NULL,
      created_at   timestamptz NOT NULL,
      modified_at  timestamptz NOT NULL,
      CONSTRAINT scim_groups_are_named_once PRIMARY KEY (id),
      CONSTRAINT scim_groups_have_their_own_external_id UNIQUE (external_id)
    );
    CREATE UNIQUE INDEX scim_groups_have_their_own_name ON scim_groups (lower(display_name));
    COMMENT ON TABLE scim_groups IS
      'Groups as the identity provider has them. What counts is group_members: its rows of source scim follow from these.';

    CREATE TABLE scim_members (
      "group" uuid NOT NULL,
      "user"  uuid NOT NULL,
      CONSTRAINT scim_members_are_named_once PRIMARY KEY ("group", "user"),
      CONSTRAINT scim_members_of_a_group FOREIGN KEY ("group") REFERENCES scim_groups (id) ON DELETE CASCADE,
      CONSTRAINT scim_members_are_users FOREIGN KEY ("user") REFERENCES scim_users (id)
    );
    CREATE INDEX scim_members_by_user ON scim_members ("user");
    CREATE INDEX group_members_by_source ON group_members (source, group_name);
  `.execute(db);
}
