/** Who could ask for something on a resource: for those who look after it. Who may see it is who sees what others have there. */
import type { ResourceAsker, ResourceRule } from '@tidegate/contract';
import {
  conditionTexts,
  couldAsk,
  describeApprovals,
  type GroupName,
  type PersonName,
  type ResourceName,
  rulesOn,
  TidegateError,
} from '@tidegate/core';
import { sql } from 'kysely';
import { type CurrentResource, currentConfig } from '../config/current.ts';
import { loadPeople } from '../identity/people.ts';
import { seesAll } from '../identity/permissions/may.ts';
import { type Powered, powersUnder, reaches } from '../identity/permissions/powers.ts';
import { anyOf } from '../store/any.ts';
import { type Page, type PageQuery, pageOf, parseCursor } from '../store/cursor.ts';
import type { Reader } from '../store/schema.ts';
import { type InForce, resourceNamed } from './in-force.ts';
import { inSightOf } from './show.ts';

/** The rules that speak of it, in the policy's order. Throws `not_found`, `forbidden`. */
export async function rulesOnResource(db: Reader, caller: Powered, name: ResourceName): Promise<ResourceRule[]> {
  const { inForce, resource } = await seen(db, caller, name);
  return rulesOn(inForce.policy, resource).map((rule) => ({
    rule: rule.name,
    roles: [...rule.roles],
    groups: [...rule.who.groups],
    people: [...rule.who.people],
    workloads: [...rule.who.workloads],
    approvals: describeApprovals(rule.approvals),
    conditions: [...conditionTexts(rule)],
    breakGlass: rule.breakGlass !== null,
  }));
}

/** A page of those who could ask, by name; disabled accounts could not. Throws `not_found`, `forbidden`. */
export async function askersOf(
  db: Reader,
  caller: Powered,
  name: ResourceName,
  { cursor, limit }: PageQuery,
): Promise<Page<ResourceAsker>> {
  const { inForce, resource } = await seen(db, caller, name);
  const [after] = parseCursor(cursor, 1) ?? [];
  const page = pageOf(
    await namesAmong(db, inForce, resource, after ?? null, limit + 1),
    limit,
    (one) => [one],
    (one) => one,
  );
  const people = await loadPeople(db, page.items);
  const items = people
    .filter((person) => reaches(powersUnder(inForce, person).user, name))
    .map((person) => ({
      person: person.name,
      kind: person.kind,
      could: couldAsk(inForce.policy, person, resource).map((each) => ({ ...each })),
    }))
    .filter(({ could }) => could.length > 0)
    .sort((a, b) => (a.person < b.person ? -1 : 1));
  return { items, nextCursor: page.nextCursor };
}

async function seen(db: Reader, caller: Powered, name: ResourceName) {
  const inForce = await currentConfig(db);
  const resource = resourceNamed(inForce, name);
  if (!seesAll(caller) && !(await inSightOf(db, caller)).includes(name)) {
    throw new TidegateError(
      'forbidden',
      'Only auditors, administrators and the owners of a resource see who could ask for it.',
      'Ask one of them.',
    );
  }
  return { inForce, resource };
}

/** Whoever a rule on the resource names, found by the indexes of names and of groups. */
async function namesAmong(
  db: Reader,
  { policy }: InForce,
  resource: CurrentResource,
  after: string | null,
  limit: number,
): Promise<readonly PersonName[]> {
  const rules = rulesOn(policy, resource);
  const names = new Set<PersonName>(rules.flatMap(({ who }) => [...who.people, ...who.workloads]));
  const groups = new Set<GroupName>(rules.flatMap(({ who }) => who.groups));
  const rows = await db
    .selectFrom('people')
    .select('name')
    .where('disabledAt', 'is', null)
    .where(
      'name',
      'in',
      sql<PersonName>`(
        SELECT unnest(${[...names]}::text[])
        UNION SELECT person FROM group_members WHERE group_name = ${anyOf([...groups])})`,
    )
    .$if(after !== null, (query) => query.where(sql<boolean>`people.name > ${after}`))
    .orderBy('name')
    .limit(limit)
    .execute();
  return rows.map(({ name }) => name);
}
