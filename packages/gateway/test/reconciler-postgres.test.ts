/** The reconciler and a real PostgreSQL that goes away, forgets, and comes back. */
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DesiredGrant } from '@tidegate/contract';
import { type Cluster, removeCluster, startCluster } from '@tidegate/embedded';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { postgresProvisioner } from '../src/engines/postgres/principal/index.ts';
import type { Reconciler } from '../src/reconciler/index.ts';
import {
  contextOf,
  ending,
  grantOn,
  login,
  provisionerOf,
  refusal,
  roleState,
  type World,
  worldOn,
} from './principal-support.ts';
import { Desired, FAST, gateway } from './reconciler-support.ts';

let dataDir: string;
let cluster: Cluster;
let world: World;
const started: Reconciler[] = [];
const boot = () => startCluster({ name: 'test', dataDir, settings: { fsync: 'off', max_prepared_transactions: '4' } });

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tidegate-reconciler-'));
  await chmod(dataDir, 0o711);
  cluster = await boot();
  world = await worldOn(cluster, 'createrole');
});
afterEach(async () => {
  for (const reconciler of started.splice(0)) await reconciler.stop();
});
afterAll(async () => {
  await world?.end();
  await cluster?.stop('immediate');
  await removeCluster(dataDir);
});

const PACE = { ...FAST, roundMs: 500, sightingMs: 100 };

function start(grants: DesiredGrant[] = []) {
  const desired = new Desired();
  desired.resources = [world.resource];
  desired.grants = grants;
  const parts = gateway(desired, (resource) => postgresProvisioner(contextOf(resource)), PACE);
  started.push(parts.reconciler);
  return { desired, ...parts };
}

const open = (grant: DesiredGrant, ms = 3_600_000): DesiredGrant => ({
  ...grant,
  phase: 'open',
  expiresAt: new Date(Date.now() + ms).toISOString(),
});

/** The same data, another server process; whoever was connected is not any more. */
async function restarted(between: () => Promise<void>): Promise<void> {
  await world.end();
  await cluster.stop('immediate');
  await between();
  cluster = await boot();
  world = { ...world, ...(await reconnected()) };
}
async function reconnected() {
  const { Client } = await import('pg');
  const root = new Client(cluster.connection(world.resource.databases[0] ?? ''));
  await root.connect();
  return { root, end: () => root.end() };
}

test('from asked to usable to gone, with every step reported', async () => {
  const { desired, said } = start();
  const grant = grantOn(world.resource, 'own');
  desired.put(grant);
  await said.reported(grant, 'prepared');
  expect(await refusal(login(world, grant))).toMatch(/^28/);
  desired.put(open(grant));
  await said.reported(grant, 'open');
  const ended = ending(await login(world, grant));
  desired.put({ ...open(grant), phase: 'close' });
  await said.reported(grant, 'closed');
  expect(await ended).toBe('57P01');
  expect(await roleState(world, grant.loginName)).toBeNull();
  expect(said.health.every((note) => note.ok)).toBe(true);
});

test('the database goes down with a grant open, the grant ends meanwhile, and it is gone soon after', async () => {
  const { desired, said } = start();
  const grant = open(grantOn(world.resource, 'write'), 1_500);
  const going = open(grantOn(world.resource, 'read'));
  desired.set([grant, going]);
  await said.reported(grant, 'open');
  await said.reported(going, 'open');
  const asked = grantOn(world.resource, 'read');
  await restarted(async () => {
    await said.until(() => said.health.at(-1)?.ok === false, 'the outage is told');
    desired.put(asked);
    await said.reported(asked, 'failed');
    await said.reported(grant, 'failed');
    expect(said.reports.find((report) => report.phase === 'failed')?.detail).toBe(
      'The database cannot be reached at the moment.',
    );
  });
  // The database itself has refused since the end, whoever was down (VALID UNTIL).
  expect(await refusal(login(world, grant))).toMatch(/^28/);
  await said.reported(asked, 'prepared');
  await said.reported(grant, 'closed');
  expect(await roleState(world, grant.loginName)).toBeNull();
  expect(await roleState(world, going.loginName)).toMatchObject({ login: true });
  await said.until(() => said.health.at(-1)?.ok === true, 'well again');
  desired.put({ ...going, phase: 'close' });
  desired.put({ ...asked, phase: 'close' });
  await said.reported(going, 'closed');
  await said.reported(asked, 'closed');
});

test('a gateway that died with grants open: an empty store finds them by their mark and removes them', async () => {
  const principals = provisionerOf(world);
  const over = grantOn(world.resource, 'read');
  const running = grantOn(world.resource, 'own', { person: 'bob' });
  const prepared = grantOn(world.resource, 'write');
  await principals.open(over, Temporal.Instant.fromEpochMilliseconds(Date.now() - 1_000));
  await principals.open(running, Temporal.Instant.fromEpochMilliseconds(Date.now() + 3_600_000));
  await principals.prepare(prepared);
  await principals.end();
  const ended = ending(await login(world, running));
  const { said, reconciler } = start();
  await said.until(() => said.records.length === 3, 'all removed');
  await reconciler.idle();
  for (const grant of [over, running, prepared]) expect(await roleState(world, grant.loginName)).toBeNull();
  expect(await ended).toBe('57P01');
  expect(said.records.map((entry) => entry.did)).toEqual(Array(3).fill('leftover_removed'));
  expect(said.records[0]?.principal).toBe(over.loginName);
  expect(said.findings.filter((finding) => finding.kind === 'leftover_principal' && finding.resolved)).toHaveLength(3);
});

test('a grant that is known is no leftover, and is looked after: what a DBA changed is put right', async () => {
  const { desired, said } = start();
  const grant = open(grantOn(world.resource, 'read'));
  desired.put(grant);
  await said.reported(grant, 'open');
  await world.root.query(`ALTER ROLE "${grant.loginName}" VALID UNTIL 'infinity' CONNECTION LIMIT -1`);
  await said.until(() => said.records.some((entry) => entry.detail.startsWith('Put right')), 'put right');
  expect(await roleState(world, grant.loginName)).toMatchObject({ login: true, connections: 10 });
  desired.put({ ...grant, phase: 'close' });
  await said.reported(grant, 'closed');
  expect(said.findings).toEqual([]);
});

test('stop leaves nothing running, and the next process goes on where it was', async () => {
  const first = start();
  const grant = open(grantOn(world.resource, 'read'));
  first.desired.put(grant);
  await first.reconciler.stop();
  const second = start([grant]);
  await second.said.reported(grant, 'open');
  const left = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'tidegate gateway'`;
  second.desired.put({ ...grant, phase: 'close' });
  await second.said.reported(grant, 'closed');
  await second.reconciler.stop();
  await expect.poll(async () => (await world.root.query(left)).rows).toEqual([{ n: 0 }]);
});
