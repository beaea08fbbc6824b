/** Every version we say we run on (issue: 14 to 18); `npm test` runs the newest alone. */
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { binariesOf, temporaryCluster } from '../src/testing.ts';

test.each([14, 15, 16, 17] as const)('PostgreSQL %i is made, started and answers', async (major) => {
  await using cluster = await temporaryCluster({ binaries: await binariesOf(major), databases: ['work'] });
  const client = new Client(cluster.connection('work'));
  await client.connect();
  const { rows } = await client.query('SHOW server_version');
  await client.end();
  expect(rows[0].server_version).toMatch(new RegExp(`^${major}\\.`));
});
