/** Cancel requests: they reach the right session in whichever worker it lives, on record, and nobody else's. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { postgres } from '@tidegate/wire';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { query, RawClient, rawSession } from './relay-raw.ts';
import {
  DATABASE,
  newGrant,
  newWorld,
  type RelayOptions,
  type TestGrant,
  TestRelay,
  type World,
} from './relay-support.ts';

let world: World;
beforeAll(async () => {
  world = await newWorld();
});
afterAll(() => world.end());

async function start(grant: TestGrant, options: RelayOptions = {}): Promise<TestRelay> {
  const relay = await TestRelay.start(world, [grant], options);
  onTestFinished(() => relay.stop());
  return relay;
}

/** A session that sleeps in the database. */
async function sleeper(relay: TestRelay, grant: TestGrant, minor = 0): Promise<RawClient> {
  const client = await rawSession(relay, grant, { minor });
  onTestFinished(() => client.end());
  client.send(query('SELECT pg_sleep(600)'));
  const sleeping = `SELECT 1 FROM pg_stat_activity WHERE usename = '${grant.user}' AND wait_event = 'PgSleep'`;
  await expect.poll(async () => (await world.root.query(sleeping)).rowCount).toBeGreaterThan(0);
  return client;
}

/** Shows the key on a connection of its own, which gets no answer. */
async function cancel(relay: TestRelay, key: postgres.CancelKey): Promise<void> {
  const client = new RawClient(relay.port);
  client.send(postgres.cancelRequest(key));
  await client.closed;
  expect(await client.bytes(1)).toHaveLength(0);
}

function keyOf(client: RawClient): postgres.CancelKey {
  if (client.key === null) throw new Error('no key');
  return client.key;
}

it('psql: Ctrl-C', async () => {
  const grant = await newGrant(world);
  const relay = await start(grant);
  const env = { ...process.env, PGPASSWORD: grant.passwords[0] ?? '' };
  const where = ['-XAt', '-h', '127.0.0.1', '-p', String(relay.port), '-U', grant.user, DATABASE];
  const psql = spawn('psql', [...where, '-c', 'SELECT pg_sleep(600)'], { env });
  let said = '';
  psql.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const sleeping = `SELECT 1 FROM pg_stat_activity WHERE usename = '${grant.user}' AND wait_event = 'PgSleep'`;
  await expect.poll(async () => (await world.root.query(sleeping)).rowCount).toBe(1);
  psql.kill('SIGINT');
  await once(psql, 'close');
  expect(said).toContain('canceling statement due to user request');
  expect(await relay.recorded('session.cancel')).toMatchObject({ grant: grant.grant.id });
  expect(await relay.recorded('statement.outcome')).toMatchObject({ sqlstate: '57014' });
});

it.each([0, 2])('protocol 3.%i: stops the session’s statement, and the session goes on', async (minor) => {
  const grant = await newGrant(world);
  const relay = await start(grant);
  const client = await sleeper(relay, grant, minor);
  await cancel(relay, keyOf(client));
  expect(await client.refusal()).toMatchObject({ code: '57014' });
  await client.until('Z');
  client.send(query('SELECT 1'));
  await client.until('Z');
});

it('with a foreign key nothing happens and nothing is said', async () => {
  const grant = await newGrant(world);
  const relay = await start(grant);
  const client = await sleeper(relay, grant, 2);
  const { processId, secret } = keyOf(client);
  const wrong = Buffer.from(secret);
  wrong[31] = (wrong[31] ?? 0) ^ 1;
  for (const key of [
    { processId, secret: wrong },
    { processId, secret: Buffer.from(secret.subarray(0, 4)) },
    { processId: processId ^ 0x100, secret },
    { processId: 0, secret: Buffer.alloc(4) },
  ]) {
    await cancel(relay, key);
  }
  const sleeping = `SELECT 1 FROM pg_stat_activity WHERE usename = '${grant.user}' AND wait_event = 'PgSleep'`;
  expect((await world.root.query(sleeping)).rowCount).toBe(1);
  expect(relay.records().some(({ kind }) => kind === 'session.cancel')).toBe(false);
  await cancel(relay, { processId, secret });
  expect(await client.refusal()).toMatchObject({ code: '57014' });
  // A key is dead with its session.
  client.end();
  await relay.hears('session-closed');
  await cancel(relay, { processId, secret });
});

it('crosses workers: the one that has the session records it and acts', async () => {
  const grant = await newGrant(world);
  const [here, there] = [await start(grant, { worker: 3 }), await start(grant, { worker: 5 })];
  const client = await sleeper(here, grant, 2);
  const key = keyOf(client);
  await cancel(there, key);
  const passed = await there.hears('cancel');
  expect(passed.worker).toBe(3);
  here.tell({ type: 'cancel', key: passed.key });
  expect(await client.refusal()).toMatchObject({ code: '57014' });
  expect(await here.recorded('session.cancel')).toMatchObject({ grant: grant.grant.id });
  expect(there.records()).toEqual([]);
});
