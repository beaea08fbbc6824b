/** The control plane's own events: one chain, whoever appends, and only with what they tell of. */

import { AuditVerifier } from '@tidegate/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appendEvent, CONTROL_STREAM } from '../../src/record/events.ts';
import { type Api, startApi, withCluster } from '../support/api.ts';
import { anotherControlPlane } from '../support/link.ts';

withCluster();
let api: Api;
beforeAll(async () => {
  api = await startApi({ empty: true });
});
afterAll(() => api.close());

const lines = async () =>
  (
    await api.context.store.db
      .selectFrom('entries')
      .select(['entry', 'seq'])
      .where('stream', '=', CONTROL_STREAM)
      .orderBy('seq')
      .execute()
  ).map(({ entry }) => entry);

test('events of two control planes at once make one chain without a gap', async () => {
  const other = await anotherControlPlane(api);
  const append = (store: typeof other.store, n: number) =>
    store.transaction((tx) =>
      appendEvent(
        tx,
        { kind: 'test.first', at: api.context.now(), data: { n } },
        { kind: 'test.second', at: api.context.now(), data: { n } },
      ),
    );
  const before = (await lines()).length;
  await Promise.all(Array.from({ length: 40 }, (_, n) => append(n % 2 === 0 ? other.store : api.context.store, n)));
  const verifier = new AuditVerifier([]);
  const all = await lines();
  for (const line of all) expect(verifier.add(line)).toBe(true);
  expect(verifier.result()).toMatchObject({ ok: true, entries: before + 80 });
  // What one transaction tells stands together.
  const told = all.slice(before).map((line) => JSON.parse(line));
  for (let index = 0; index < told.length; index += 2) {
    expect(told[index + 1]).toMatchObject({ kind: 'test.second', data: { n: told[index].data.n } });
  }
  await other.store.close();
});

test('a transaction that fails leaves no event', async () => {
  const before = await lines();
  await expect(
    api.context.store.transaction(async (tx) => {
      await appendEvent(tx, { kind: 'test.undone', at: api.context.now(), data: {} });
      throw new Error('changed my mind');
    }),
  ).rejects.toThrow('changed my mind');
  expect(await lines()).toEqual(before);
});

test('what somebody typed may hold anything, and is found only by what can be searched', async () => {
  const data = { person: 'al\0ice', by: 'x'.repeat(500), grant: 'g1\n', session: '' };
  await api.context.store.transaction((tx) => appendEvent(tx, { kind: 'test.odd', at: api.context.now(), data }));
  const [row] = await api.context.store.db
    .selectFrom('entries')
    .select(['person', 'grant', 'session', 'entry'])
    .where('kind', '=', 'test.odd')
    .execute();
  expect(row).toMatchObject({ person: null, grant: null, session: null });
  expect(JSON.parse(row?.entry ?? '').data).toEqual(data);
});
