/** What the store knows of people, beside what a configuration says. */

import type { Known } from '@tidegate/config';
import type { GroupName, PersonName } from '@tidegate/core';
import type { Reader } from '../store/schema.ts';

export async function readKnown(db: Reader): Promise<Known> {
  const local = await db
    .selectFrom('groupMembers')
    .select(['groupName', 'person'])
    .where('source', '!=', 'config')
    .execute();
  const disabled = await db.selectFrom('people').select('name').where('disabledAt', 'is not', null).execute();
  const members = new Map<GroupName, Set<PersonName>>();
  for (const { groupName, person } of local) {
    members.set(groupName, (members.get(groupName) ?? new Set()).add(person));
  }
  return { members, disabled: new Set(disabled.map(({ name }) => name)) };
}
