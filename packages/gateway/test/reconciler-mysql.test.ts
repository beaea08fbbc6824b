/** The reconciler and a real MariaDB that goes away, forgets, and comes back. */
import { chmod, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DesiredGrant } from '@tidegate/contract';
import { type Mariadb, removeMariadb, startMariadb } from '@tidegate/embedded';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { mysqlProvisioner } from '../src/engines/mysql/principal/index.ts';
import type { Reconciler } from '../src/reconciler/index.ts';
import {
  accountState,
  ending,
  isLocked,
  login,
  provisionerOf,
  reopened,
  until,
  type World,
  worldOn,
} from './mysql-principal-support.ts';
import { contextOf, grantOn } from './principal-support.ts';
import { Desired, FAST, gateway } from './reconciler-support.ts';

let dataDir: string;
let server: Mariadb;
let world: World;
const started: Reconciler[] = [];
const boot = () => startMariadb({ name: 'test', dataDir });

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tidegate-reconciler-'));
  await chmod(dataDir, 0o711);
  server = await boot();
  world = await worldOn(server, 'plain');
});
afterEach(async () => {
  for (const reconciler of started.splice(0)) await reconciler.stop();
});
afterAll(async () => {
  await world?.end();
  await server?.stop('immediate');
  await removeMariadb(dataDir);
});

const PACE = { ...FAST, roundMs: 500, sightingMs: 100 };

function start() {
  const desired = new Desired();
  desired.resources = [world.resource];
  desired.grants = [];
  const parts = gateway(desired, (resource) => mysqlProvisioner(contextOf(resource)), PACE);
  started.push(parts.reconciler);
  return { desired, ...parts };
}

const open = (grant: DesiredGrant, ms = 3_600_000): DesiredGrant => ({
  ...grant,
  phase: 'open',
  expiresAt: new Date(Date.now() + ms).toISOString(),
});

test('from asked to usable to gone, with every step reported', async () => {
  const { desired, said } = start();
  const grant = grantOn(world.resource, 'own');
  desired.put(grant);
  await said.reported(grant, 'prepared');
  expect(await isLocked(login(world, grant))).toBe(true);
  desired.put(open(grant));
  await said.reported(grant, 'open');
  const ended = ending(await login(world, grant));
  desired.put({ ...open(grant), phase: 'close' });
  await said.reported(grant, 'closed');
  expect(await ended).toMatch(/ER_CONNECTION_KILLED|PROTOCOL_CONNECTION_LOST/);
  expect(await accountState(world, grant.loginName)).toBeNull();
  expect(said.health.every((note) => note.ok)).toBe(true);
});

test('the server is down while a grant ends: it locks the account itself when it is back, and the gateway removes it', async () => {
  // No gateway at all: what shuts this one is the server's own.
  const principals = provisionerOf(world);
  const alone = grantOn(world.resource, 'read');
  await principals.open(alone, Temporal.Now.instant().add({ milliseconds: 2_500 }));
  await principals.end();

  const { desired, said } = start();
  const grant = open(grantOn(world.resource, 'write'), 2_500);
  const going = open(grantOn(world.resource, 'read'));
  desired.set([grant, going, open(alone, 2_500)]);
  await said.reported(grant, 'open');
  await said.reported(going, 'open');
  await started.splice(0)[0]?.stop();
  await world.end();
  await server.stop('immediate');
  // Down until the ends are over, and with them the second that the events were set for.
  await new Promise((resolve) => setTimeout(resolve, Date.parse(grant.expiresAt ?? '') + 1_100 - Date.now()));
  server = await boot();
  world = await reopened(world, server);
  await until(async () => (await accountState(world, alone.loginName))?.locked === true);
  expect(await isLocked(login(world, alone))).toBe(true);

  const second = start();
  second.desired.set([grant, going]);
  await second.said.reported(grant, 'closed');
  await second.said.reported(going, 'open');
  expect(await accountState(world, grant.loginName)).toBeNull();
  expect(await accountState(world, going.loginName)).toMatchObject({ locked: false });
  await second.said.until(
    () => second.said.records.some((entry) => entry.principal === alone.loginName),
    'what nobody knows any more is removed',
  );
  expect(await accountState(world, alone.loginName)).toBeNull();
  second.desired.put({ ...going, phase: 'close' });
  await second.said.reported(going, 'closed');
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
  for (const grant of [over, running, prepared]) expect(await accountState(world, grant.loginName)).toBeNull();
  expect(await ended).toMatch(/ER_CONNECTION_KILLED|PROTOCOL_CONNECTION_LOST/);
  expect(said.records.map((entry) => entry.did)).toEqual(Array(3).fill('leftover_removed'));
  expect(said.findings.filter((finding) => finding.kind === 'leftover_principal' && finding.resolved)).toHaveLength(3);
});
