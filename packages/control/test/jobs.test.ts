import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startJobs } from '../src/jobs/runner.ts';
import { type Api, codeOf, startApi, withCluster } from './support/api.ts';

withCluster();
let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

test('what is over is purged, and nothing else', async () => {
  await api.nobody.login({ user: 'olga', password: 'correct horse battery' });
  expect(await codeOf(api.nobody.login({ user: 'dan', password: 'wrong password' }))).toBe('login_failed');
  api.advance({ hours: 9 });
  expect(await codeOf(api.nobody.login({ user: 'ivan', password: 'wrong password' }))).toBe('login_failed');
  const carol = await api.as('carol');
  const jobs = startJobs(api.context, api.storeUrl, null);
  const { db } = api.context.store;
  const left = async () => ({
    logins: (await db.selectFrom('logins').select('person').execute()).map(({ person }) => person),
    attempts: (await db.selectFrom('loginAttempts').select('account').execute()).map(({ account }) => account),
  });
  try {
    // Its own schedule is every ten minutes; a job of the same kind, enqueued as any transaction may.
    await expect
      .poll(() =>
        sql`SELECT graphile_worker.add_job('purge-logins')`.execute(db).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
    await expect.poll(left).toEqual({ logins: ['carol'], attempts: ['ivan'] });
    expect((await carol.me()).name).toBe('carol');
  } finally {
    await jobs.stop();
  }
});
