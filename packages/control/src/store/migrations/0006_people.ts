/** People who sign in elsewhere have no password here; workloads ask too; who manages whom. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE people
      ALTER COLUMN password DROP NOT NULL,
      ADD COLUMN kind text NOT NULL DEFAULT 'person',
      ADD COLUMN display_name text,
      ADD COLUMN email text,
      ADD COLUMN manager text,
      ADD COLUMN run_by text[] NOT NULL DEFAULT '{}',
      ADD CONSTRAINT people_are_of_a_kind CHECK (kind IN ('person', 'workload')),
      ADD CONSTRAINT people_alone_have_passwords CHECK (kind = 'person' OR password IS NULL),
      ADD CONSTRAINT people_are_run_by_nobody CHECK (kind = 'workload' OR run_by = '{}'),
      ADD CONSTRAINT people_manage_others CHECK (manager <> name);
    COMMENT ON TABLE people IS 'Whoever can ask: people and workloads. Never removed, only disabled: the record names them.';
    COMMENT ON COLUMN people.password IS 'Of local accounts alone: who signs in at an identity provider has none here.';
    COMMENT ON COLUMN people.email IS 'For messages only: never what an account is found by.';
    COMMENT ON COLUMN people.manager IS 'A name that may have no account yet.';
    COMMENT ON COLUMN people.run_by IS 'Of a workload: the people in whose hands it is. They never approve what it asks for.';

    ALTER TABLE group_members
      DROP CONSTRAINT group_members_come_from,
      ADD CONSTRAINT group_members_come_from CHECK (source IN ('config', 'local', 'scim', 'idp'));
    COMMENT ON TABLE group_members IS
      'Who is in which group: config follows the configuration file and may name people who have no account yet; '
      'local is set by the first set-up and by administrators; scim is kept by the identity provider, idp comes with '
      'each sign-in. All count.';
  `.execute(db);
}
