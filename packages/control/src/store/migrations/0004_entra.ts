/** Who a person is in Entra ID, so that a token of their own sign-in can stand for a ticket. */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    ALTER TABLE people
      ADD COLUMN entra_tenant uuid,
      ADD COLUMN entra_object uuid,
      ADD CONSTRAINT people_are_whole_in_entra CHECK ((entra_tenant IS NULL) = (entra_object IS NULL)),
      ADD CONSTRAINT people_are_one_person_in_entra UNIQUE (entra_tenant, entra_object);
    COMMENT ON COLUMN people.entra_object IS
      'The tid and oid of their tokens: never an e-mail address, which can be given to somebody else.';
  `.execute(db);
}
