/** Who is in a group, as decisions read it: the first few of many are the same people as among all of them. */
import { groupName, personName } from '@tidegate/contract';
import { expect, it } from 'vitest';
import { loadPeopleAmong } from '../../src/identity/people.ts';
import { openStore } from '../../src/store/store.ts';
import { emptyDatabase, withCluster } from '../support/api.ts';

withCluster();

it('the first of several groups and names are the first of all that are enabled, each once', async () => {
  const store = await openStore({ url: await emptyDatabase() });
  const now = Temporal.Instant.from('2026-11-23T00:00:00Z');
  const name = (n: number) => personName.parse(`p${String(n).padStart(2, '0')}`);
  await store.transaction(async (tx) => {
    const people = Array.from({ length: 30 }, (_, n) => n);
    await tx
      .insertInto('people')
      .values(people.map((n) => ({ name: name(n), createdAt: now, disabledAt: n % 5 === 0 ? now : null })))
      .execute();
    const member = (n: number, group: string, source: 'config' | 'scim') => ({
      groupName: groupName.parse(group),
      person: name(n),
      source,
    });
    await tx
      .insertInto('groupMembers')
      .values([
        ...people.filter((n) => n % 2 === 0).map((n) => member(n, 'even', 'scim')),
        ...people.filter((n) => n % 2 === 0).map((n) => member(n, 'even', 'config')),
        ...people.filter((n) => n % 3 === 0).map((n) => member(n, 'third', 'scim')),
      ])
      .execute();
  });
  const groups = (...names: string[]) => names.map((group) => groupName.parse(group));
  const sets = [
    { groups: groups('even'), people: [] },
    { groups: groups('even', 'third'), people: [name(7), name(1)] },
    { groups: groups('third', 'nobody'), people: [name(5)] },
    { groups: [], people: [name(29), name(2)] },
  ];
  for (const among of sets) {
    const all = await loadPeopleAmong(store.db, among);
    expect(all.length).toBeGreaterThan(0);
    for (const limit of [1, 3, 100]) expect(await loadPeopleAmong(store.db, among, limit)).toEqual(all.slice(0, limit));
  }
  await store.close();
});
