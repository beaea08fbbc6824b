/** What was answered is on disk, though its commit did not wait for the disk (ADR 4). */
import { mkdtempSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuditVerifier } from '@tidegate/core';
import { removeCluster, startCluster } from '@tidegate/embedded';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appendEvent, CONTROL_STREAM } from '../../src/record/events.ts';
import { openStore } from '../../src/store/store.ts';

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tidegate-flush-'));
  await chmod(folder, 0o711);
});
afterAll(() => removeCluster(join(folder, 'data')));

// Without fsync a crash of the server alone still takes what is only in its buffers: that is what a commit that does not
// wait leaves there. The writer that would flush them by itself comes every ten seconds.
const start = () =>
  startCluster({
    name: 'flush',
    dataDir: join(folder, 'data'),
    settings: { fsync: 'off', synchronous_commit: 'on', wal_writer_delay: '10s', wal_writer_flush_after: '1GB' },
  });

test('a server that dies right after the answer has it all when it is back, in one chain', async () => {
  let cluster = await start();
  let store = await openStore({ url: cluster.url('postgres') });
  const append = (n: number) =>
    store.transaction((tx) => appendEvent(tx, { kind: 'test.kept', at: Temporal.Now.instant(), data: { n } }));
  for (let life = 0; life < 3; life += 1) {
    await Promise.all(Array.from({ length: 8 }, (_, n) => append(life * 8 + n)));
    await cluster.stop('immediate');
    await store.close();
    cluster = await start();
    store = await openStore({ url: cluster.url('postgres') });
  }
  const rows = await store.db
    .selectFrom('entries')
    .select('entry')
    .where('stream', '=', CONTROL_STREAM)
    .orderBy('seq')
    .execute();
  const verifier = new AuditVerifier([]);
  for (const { entry } of rows) expect(verifier.add(entry)).toBe(true);
  expect(rows.map(({ entry }) => JSON.parse(entry).data.n).toSorted((one, other) => one - other)).toEqual(
    Array.from({ length: 24 }, (_, n) => n),
  );
  await store.close();
  await cluster.stop();
});
