/** From a provider's groups and app roles to Tidegate's groups, by what the configuration says (`fromIdp`). */
import { ADMINISTRATORS, type CurrentConfig } from '@tidegate/config';
import type { PersonName } from '@tidegate/core';
import { sql } from 'kysely';
import type { ControlEvent } from '../../record/events.ts';
import type { Tx } from '../../store/schema.ts';
import { hasAdministratorLeft } from '../administrators.ts';

/**
 * Makes the memberships of source `idp` what the identities and the configuration say now: for one person, or, when the
 * configuration changed, for everybody (null). The last administrator stays one, and the record says so: nobody could
 * make another. Answers the events, to be appended last.
 */
export async function mapGroups(
  tx: Tx,
  { groups }: Pick<CurrentConfig, 'groups'>,
  person: PersonName | null,
  at: Temporal.Instant,
): Promise<ControlEvent[]> {
  const mapped = groups.flatMap(({ name, fromIdp }) => (fromIdp === null ? [] : [{ name, ...fromIdp }]));
  const whose = person === null ? sql`true` : sql`person = ${person}`;
  const wanted = sql`
    SELECT DISTINCT mapped.name AS group_name, identities.person
    FROM identities
    JOIN unnest(
      ${mapped.map(({ name }) => name)}::text[],
      ${mapped.map(({ provider }) => provider)}::text[],
      ${mapped.map(({ id }) => id)}::text[]
    ) AS mapped (name, provider, id) ON identities.provider = mapped.provider AND mapped.id = ANY (identities.groups)
    WHERE ${whose}`;
  const { rows: left } = await sql<Membership>`
    DELETE FROM group_members
    WHERE source = 'idp' AND ${whose} AND (group_name, person) NOT IN (${wanted})
    RETURNING group_name, person`.execute(tx);
  const { rows: joined } = await sql<Membership>`
    INSERT INTO group_members (group_name, person, source)
    SELECT group_name, person, 'idp' FROM (${wanted}) AS wanted
    ON CONFLICT DO NOTHING
    RETURNING group_name, person`.execute(tx);
  const kept = await keepLastAdministrator(tx, left);
  return [
    ...byPerson(
      joined,
      left.filter((one) => !kept.includes(one)),
      at,
    ),
    ...kept.map((one) => lastOne(one, at)),
  ];
}

interface Membership {
  readonly groupName: string;
  readonly person: PersonName;
}

async function keepLastAdministrator(tx: Tx, left: readonly Membership[]): Promise<readonly Membership[]> {
  const administrators = left.filter(({ groupName }) => groupName === ADMINISTRATORS);
  if (administrators.length === 0 || (await hasAdministratorLeft(tx))) return [];
  const rows = administrators.map(({ person }) => ({ groupName: ADMINISTRATORS, person, source: 'idp' as const }));
  await tx.insertInto('groupMembers').values(rows).execute();
  return administrators;
}

function byPerson(joined: readonly Membership[], left: readonly Membership[], at: Temporal.Instant): ControlEvent[] {
  const people = new Set([...joined, ...left].map(({ person }) => person));
  const of = (all: readonly Membership[], person: PersonName) =>
    all.filter((one) => one.person === person).map(({ groupName }) => groupName);
  return [...people].map((person) => ({
    kind: 'identity.groups_changed',
    at,
    data: { person, joined: of(joined, person), left: of(left, person) },
  }));
}

const lastOne = ({ person }: Membership, at: Temporal.Instant): ControlEvent => ({
  kind: 'identity.last_administrator_kept',
  at,
  data: { person, why: 'nobody else is an administrator, and nobody could make another' },
});
