/**
 * Groups as they count (`group_members`, source `scim`) follow from groups as the provider has them. A group counts
 * under the name of the configuration's group whose `fromIdp` is its externalId or id, else under its own name.
 */
import { ADMINISTRATORS, AUDITORS, type CurrentConfig } from '@tidegate/config';
import { groupName } from '@tidegate/contract';
import type { GroupName, PersonName } from '@tidegate/core';
import { type RawBuilder, sql } from 'kysely';
import { currentConfig } from '../../config/current.ts';
import type { Tx } from '../../store/schema.ts';
import type { ScimGroupRow } from '../../store/schema-scim.ts';
import { lockScim } from './actor.ts';

/** Makes the memberships of `people` (null: of all) what the groups in the store and the configuration make them. */
export async function followGroups(tx: Tx, people: readonly PersonName[] | null): Promise<void> {
  if (people?.length === 0) return;
  const groups = await groupsConcerned(tx, people);
  const config = await currentConfig(tx);
  const counted = groups.flatMap((group) => namesOf(config, group).map((name) => ({ id: group.id, name })));
  await tx
    .deleteFrom('groupMembers')
    .where('source', '=', 'scim')
    .$if(people !== null, (query) => query.where('person', '=', sql<PersonName>`ANY (${[...(people ?? [])]})`))
    .execute();
  await sql`
    INSERT INTO group_members (group_name, person, source)
    SELECT DISTINCT counted.name, u.person, 'scim'
    FROM unnest(${counted.map(({ id }) => id)}::uuid[], ${counted.map(({ name }) => name)}::text[]) AS counted (id, name)
    JOIN scim_members m ON m."group" = counted.id
    JOIN scim_users u ON u.id = m."user" AND u.deleted_at IS NULL
    WHERE ${among(people)}`.execute(tx);
}

/** For whoever puts a configuration in force: which group counts under which name may have changed. */
export async function followConfiguration(tx: Tx): Promise<void> {
  const one = await tx.selectFrom('scimGroups').select('id').limit(1).executeTakeFirst();
  if (one === undefined) return;
  await lockScim(tx);
  await followGroups(tx, null);
}

async function groupsConcerned(tx: Tx, people: readonly PersonName[] | null) {
  return tx
    .selectFrom('scimGroups as g')
    .select(['g.id', 'g.externalId', 'g.displayName'])
    .where(
      sql<boolean>`EXISTS (
        SELECT FROM scim_members m JOIN scim_users u ON u.id = m."user" WHERE m."group" = g.id AND ${among(people)})`,
    )
    .execute();
}

const among = (people: readonly PersonName[] | null): RawBuilder<boolean> =>
  people === null ? sql`true` : sql`u.person = ANY (${[...people]}::text[])`;

/**
 * The names a group counts under. One that gives power over Tidegate itself (administrators, auditors, and whatever
 * `permissions` names) is had through `fromIdp` alone: whoever may make a group at the provider could call it so.
 */
function namesOf(
  { groups, permissions }: CurrentConfig,
  group: Pick<ScimGroupRow, 'id' | 'externalId' | 'displayName'>,
) {
  const mapped = groups.filter(({ fromIdp }) => fromIdp !== null && [group.id, group.externalId].includes(fromIdp.id));
  if (mapped.length > 0) return mapped.map(({ name }) => name);
  const own = groupName.safeParse(group.displayName);
  if (!own.success) return [];
  const powerful: readonly GroupName[] = [ADMINISTRATORS, AUDITORS, ...permissions.flatMap(({ to }) => to.groups)];
  const filledElsewise = groups.some(({ name, fromIdp }) => name === own.data && fromIdp !== null);
  return powerful.includes(own.data) || filledElsewise ? [] : [own.data];
}
