import { type DesiredGrant, desiredResource } from '@tidegate/contract';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ProvisionError } from '../src/engines/provisioner.ts';
import { End, goalOf } from '../src/reconciler/goal.ts';
import { Sightings } from '../src/reconciler/leftovers.ts';
import { backoff } from '../src/reconciler/pace.ts';
import { grantOn } from './principal-support.ts';
import { Desired, FAST, FakeDatabase, gateway } from './reconciler-support.ts';

const resourceNamed = (name: string, changes = {}) =>
  desiredResource.parse({
    name,
    engine: 'postgres',
    address: { host: 'db', port: 5432 },
    tls: { mode: 'verify-full', ca: null, serverName: null },
    databases: ['orders'],
    credential: { user: 'admin', source: { kind: 'secret', password: 'x' } },
    ownerRole: null,
    record: { values: 'full' },
    maxSessionsPerGrant: 10,
    allow: { localInfile: false },
    entra: [],
    reconcile: true,
    ...changes,
  });

const orders = resourceNamed('orders');
const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();
const open = (grant: DesiredGrant, ms = 3_600_000): DesiredGrant => ({ ...grant, phase: 'open', expiresAt: inMs(ms) });
const closing = (grant: DesiredGrant): DesiredGrant => ({ ...grant, phase: 'close' });

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const reconciler of running.splice(0)) await reconciler.stop();
});

function start(database = new FakeDatabase(), grants: DesiredGrant[] = [], pace = FAST) {
  const desired = new Desired();
  desired.resources = [orders];
  desired.grants = grants;
  const parts = gateway(desired, () => database, pace);
  running.push(parts.reconciler);
  return { desired, database, ...parts };
}

describe('the cycle', () => {
  test('prepare, open, extend, close: each reported once and recorded', async () => {
    const { desired, database, said, reconciler } = start();
    const grant = grantOn(orders, 'read');
    desired.put(grant);
    await said.reported(grant, 'prepared');
    expect(database.roles.get(grant.loginName)?.login).toBe(false);
    desired.put(open(grant));
    await said.reported(grant, 'open');
    const longer = open(grant, 7_200_000);
    desired.put(longer);
    await said.until(() => said.phases(grant).length === 3, 'the extension');
    expect(database.roles.get(grant.loginName)?.until?.toString()).toBe(
      Temporal.Instant.from(longer.expiresAt ?? '').toString(),
    );
    desired.put(closing(longer));
    await said.reported(grant, 'closed');
    await reconciler.idle();
    expect(database.roles.size).toBe(0);
    expect(said.phases(grant)).toEqual(['prepared', 'open', 'open', 'closed']);
    expect(said.records.map((entry) => entry.did)).toEqual(['prepared', 'opened', 'opened', 'closed']);
    expect(said.records.every((entry) => entry.grant === grant.id && entry.resource === 'orders')).toBe(true);
  });

  test('a resource that another gateway reconciles is left alone', async () => {
    const { desired, database, reconciler } = start();
    desired.resources = [{ ...orders, reconcile: false }];
    desired.put(grantOn(orders, 'read'));
    await reconciler.idle();
    database.calls.length = 0;
    desired.put(open(grantOn(orders, 'read')));
    await reconciler.idle();
    expect(database.calls).toEqual([]);
    expect(database.ended).toBe(true);
  });

  test('a grant revoked while it is being opened is closed next', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const database = new FakeDatabase();
    database.before = (call) => (call.startsWith('open') ? promise : undefined);
    const { desired, said } = start(database);
    const grant = open(grantOn(orders, 'own'));
    desired.put(grant);
    desired.put(closing(grant));
    resolve();
    await said.reported(grant, 'closed');
    expect(database.roles.size).toBe(0);
  });

  test('what is changed in the database by others is put right and recorded', async () => {
    const { desired, database, said } = start(new FakeDatabase(), [], { ...FAST, roundMs: 20 });
    const grant = open(grantOn(orders, 'read'));
    desired.put(grant);
    await said.reported(grant, 'open');
    database.roles.delete(grant.loginName);
    await said.until(() => said.records.length === 2, 'put right');
    expect(said.records[1]?.detail).toMatch(/^Put right/);
    expect(said.phases(grant)).toEqual(['open']);
  });
});

describe('the end', () => {
  test('a grant closes on time by itself, out of touch, and says so when contact is back', async () => {
    const { desired, database, said, reconciler } = start();
    const grant = open(grantOn(orders, 'read'), 300);
    desired.put(grant);
    await said.reported(grant, 'open');
    desired.inTouch = false;
    await said.reported(grant, 'closed');
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(grant.expiresAt ?? ''));
    expect(Date.now()).toBeLessThan(Date.parse(grant.expiresAt ?? '') + 1_000);
    expect(database.roles.size).toBe(0);
    desired.inTouch = true;
    desired.contact += 1;
    desired.changed();
    await reconciler.idle();
    expect(said.phases(grant)).toEqual(['open', 'closed', 'closed']);
  });

  test('closed by the clock a moment before the control plane says so: reported again when it asks', async () => {
    const { desired, database, said, reconciler } = start();
    const grant = open(grantOn(orders, 'read'), 50);
    desired.put(grant);
    await said.reported(grant, 'closed');
    desired.put(closing(grant));
    await reconciler.idle();
    expect(said.phases(grant)).toEqual(['open', 'closed', 'closed']);
    expect(database.calls.filter((call) => call.startsWith('close'))).toHaveLength(1);
  });

  test('the control plane’s clock moves ahead: the end comes with it', async () => {
    const { desired, database, said, clock } = start();
    const grant = open(grantOn(orders, 'read'), 60_000);
    desired.put(grant);
    await said.reported(grant, 'open');
    clock.offset = 61_000;
    await said.reported(grant, 'closed');
    expect(database.roles.size).toBe(0);
  });

  test('the earlier of two clocks: one that is set back keeps no door open', () => {
    const clock = { now: 1_000_000, controlNow: () => clock.now };
    const end = new End(Temporal.Instant.fromEpochMilliseconds(1_000_040), clock);
    clock.now = 0;
    expect(end.left()).toBeLessThanOrEqual(40);
    clock.now = 1_000_040;
    expect(end.left()).toBeLessThanOrEqual(0);
    const grant: DesiredGrant = { ...grantOn(orders, 'read'), phase: 'open' };
    expect(goalOf(grant, end)).toEqual({ phase: 'closed' });
    expect(goalOf(grant, null)).toEqual({ phase: 'prepared' });
  });

  test('an extension heard after the grant was closed by the clock opens it again', async () => {
    const { desired, said } = start();
    const grant = open(grantOn(orders, 'read'), 30);
    desired.put(grant);
    await said.reported(grant, 'closed');
    desired.put(open(grant));
    await said.reported(grant, 'open');
  });

  test('what cannot be dropped is not reported closed until it is gone', async () => {
    const database = new FakeDatabase();
    database.undroppable = true;
    const { desired, said } = start(database, [], { ...FAST, roundMs: 20 });
    const grant = open(grantOn(orders, 'own'));
    desired.put(grant);
    await said.reported(grant, 'open');
    desired.put(closing(grant));
    await said.until(() => said.findings.length === 1, 'the finding');
    expect(said.findings[0]).toMatchObject({ kind: 'undroppable_principal', resolved: false });
    await said.reported(grant, 'failed');
    database.undroppable = false;
    await said.reported(grant, 'closed');
    expect(said.findings.at(-1)).toMatchObject({ kind: 'undroppable_principal', resolved: true });
    expect(said.findings).toHaveLength(2);
  });
});

describe('trouble', () => {
  test('a failure is told once in words for the person, tried again, and makes no secret known', async () => {
    const database = new FakeDatabase();
    let broken = 4;
    database.before = (call) => {
      if (!call.startsWith('prepare') || broken-- <= 0) return;
      throw new ProvisionError(
        'The database cannot be reached at the moment.',
        'ECONNREFUSED',
        'Cannot reach db:5432.',
      );
    };
    const { desired, said, logged } = start(database);
    const grant = grantOn(orders, 'read');
    desired.put(grant);
    await said.reported(grant, 'prepared');
    expect(said.phases(grant)).toEqual(['failed', 'prepared']);
    expect(said.reports[0]?.detail).toBe('The database cannot be reached at the moment.');
    expect(said.records.map((entry) => entry.did)).toEqual(['failed', 'prepared']);
    expect(logged).toHaveLength(1);
    expect(JSON.stringify([said, logged])).not.toContain(grant.principalPassword);
  });

  test('one dead database holds up nobody else’s, and opening never holds up closing', async () => {
    const never = new Promise<void>(() => undefined);
    const [dead, well] = [new FakeDatabase(), new FakeDatabase()];
    dead.before = (call) => (call.startsWith('close') || call.startsWith('prepare close') ? undefined : never);
    const desired = new Desired();
    desired.resources = [orders, resourceNamed('stock')];
    const { said, reconciler } = gateway(desired, ({ name }) => (name === 'orders' ? dead : well), {
      ...FAST,
      stopMs: 20,
    });
    running.push(reconciler);
    const stuck = Array.from({ length: 20 }, () => open(grantOn(orders, 'read')));
    const ending = closing(grantOn(orders, 'read'));
    const other = open(grantOn(resourceNamed('stock'), 'read'));
    desired.set([...stuck, ending, other]);
    await said.reported(other, 'open');
    await said.reported(ending, 'closed');
    expect(said.reports).toHaveLength(2);
  });

  test('nothing is said to be open that is not on record; what must close closes all the same', async () => {
    const { desired, database, said, disk } = start();
    const grant = open(grantOn(orders, 'read'));
    disk.full = true;
    desired.put(grant);
    await said.reported(grant, 'failed');
    expect(said.reports[0]?.detail).toBe('The gateway cannot write its record at the moment.');
    disk.full = false;
    await said.reported(grant, 'open');
    expect(said.records.map((entry) => entry.did)).toEqual(['opened', 'failed']);
    disk.full = true;
    desired.put(closing(grant));
    await said.until(() => said.phases(grant).length === 3, 'the failure');
    expect(database.roles.size).toBe(0);
    disk.full = false;
    await said.reported(grant, 'closed');
    expect(said.records.map((entry) => entry.did)).toEqual(['opened', 'failed', 'closed', 'failed']);
  });

  test('health: told at each round, soon again while it is bad', async () => {
    const database = new FakeDatabase();
    database.health = { ok: false, detail: 'Password authentication failed.' };
    const { said } = start(database);
    await said.until(() => said.health.length === 2, 'two rounds');
    database.health = { ok: true, detail: 'PostgreSQL 18.' };
    await said.until(() => said.health.at(-1)?.ok === true, 'well again');
    expect(said.health[0]).toEqual({ resource: 'orders', ok: false, detail: 'Password authentication failed.' });
  });

  test('another credential or address: new connections, old ones ended, grants looked at again', async () => {
    const databases = [new FakeDatabase(), new FakeDatabase()];
    const desired = new Desired();
    desired.resources = [orders];
    let made = 0;
    const { said, reconciler } = gateway(desired, () => databases[made++] ?? new FakeDatabase());
    running.push(reconciler);
    const grant = open(grantOn(orders, 'read'));
    desired.put(grant);
    await said.reported(grant, 'open');
    desired.resources = [resourceNamed('orders', { address: { host: 'other', port: 5432 } })];
    desired.changed();
    await reconciler.idle();
    expect(databases[0]?.ended).toBe(true);
    expect(databases[1]?.roles.get(grant.loginName)?.login).toBe(true);
  });
});

describe('leftovers', () => {
  const mark = (until: Temporal.Instant | null) => {
    const grant = grantOn(orders, 'read');
    const { id, person, resource, loginName } = grant;
    return { grant: id, person, resource, loginName, privileges: 'read' as const, since: null, until };
  };
  const past = Temporal.Instant.fromEpochMilliseconds(Date.now() - 1_000);
  const future = Temporal.Instant.fromEpochMilliseconds(Date.now() + 3_600_000);

  test('over: at once. Unknown: when the control plane, heard since, still does not know it', () => {
    const sightings = new Sightings(100);
    const [over, unknown, unopened] = [mark(past), mark(future), mark(null)];
    const all = [over, unknown, unopened];
    const now = Date.now();
    expect(sightings.judge(all, 1_000, now, null)).toEqual([over]);
    expect(sightings.judge(all, 2_000, now, null)).toEqual([over]);
    expect(sightings.judge(all, 2_000, now, 1_099)).toEqual([over]);
    expect(sightings.judge([unknown], 2_000, now, 1_099)).toEqual([]);
    expect(sightings.judge(all, 2_050, now, 2_050)).toEqual([over, unknown]);
    expect(sightings.judge(all, 2_200, now, 2_150)).toEqual(all);
    expect(sightings.waiting).toBe(true);
    sightings.judge([], 2_300, now, 2_300);
    expect(sightings.waiting).toBe(false);
  });

  test('found by mark with an empty store: told, removed, recorded, resolved', async () => {
    const database = new FakeDatabase();
    for (const left of [mark(past), mark(future), mark(null)])
      database.roles.set(left.loginName, { ...left, login: true });
    const { said, reconciler } = start(database);
    await said.until(() => said.records.length === 3, 'all removed');
    await reconciler.idle();
    expect(database.roles.size).toBe(0);
    expect(new Set(said.records.map((entry) => entry.did))).toEqual(new Set(['leftover_removed']));
    const leftover = said.findings.filter((finding) => finding.kind === 'leftover_principal');
    expect(leftover.filter((finding) => !finding.resolved)).toHaveLength(3);
    expect(leftover.filter((finding) => finding.resolved)).toHaveLength(3);
  });

  test('out of touch: what is over goes, what may be another gateway’s stays', async () => {
    const database = new FakeDatabase();
    const [over, unknown] = [mark(past), mark(future)];
    for (const left of [over, unknown]) database.roles.set(left.loginName, { ...left, login: true });
    const desired = new Desired();
    desired.resources = [orders];
    desired.inTouch = false;
    const { said, reconciler } = gateway(desired, () => database);
    running.push(reconciler);
    await said.until(
      () => database.calls.filter((call) => call === 'leftovers').length >= 4 || tick(said),
      'four looks',
    );
    expect([...database.roles.keys()]).toEqual([unknown.loginName]);
    desired.inTouch = true;
    await said.until(() => database.roles.size === 0, 'the other');
  });
  const tick = (said: { health: unknown[] }) => said.health.length > 50;

  test('one that cannot be dropped stays a finding, and is tried at each round', async () => {
    const database = new FakeDatabase();
    const left = mark(past);
    database.roles.set(left.loginName, { ...left, login: true });
    database.undroppable = true;
    const { said } = start(database, [], { ...FAST, roundMs: 20 });
    await said.until(() => said.findings.length === 2, 'two kinds');
    await said.until(() => database.calls.filter((call) => call.startsWith('close')).length >= 2, 'a second try');
    database.undroppable = false;
    await said.until(() => said.records.length === 1, 'gone');
    const open = new Set<string>();
    for (const { kind, resolved } of said.findings) {
      if (resolved) open.delete(kind);
      else open.add(kind);
    }
    expect(open).toEqual(new Set());
  });
});

test('whatever is asked in whatever order, with failures in between: it ends where it was last asked to be', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.constantFrom('prepare', 'open', 'close', 'fail', 'wait')), {
        maxLength: 25,
      }),
      async (steps) => {
        const database = new FakeDatabase();
        let failures = 0;
        database.before = () => {
          if (failures <= 0) return;
          failures -= 1;
          throw new ProvisionError('no', 'test');
        };
        const { desired, said, reconciler } = start(database);
        const grants = [0, 1, 2].map(() => grantOn(orders, 'read'));
        for (const [which, what] of steps) {
          const grant = grants[which];
          if (grant === undefined) continue;
          if (what === 'fail') failures += 2;
          else if (what === 'wait') await new Promise((resolve) => setTimeout(resolve, 3));
          else desired.put(what === 'open' ? open(grant) : { ...grant, phase: what });
        }
        for (const grant of desired.grants) {
          const wanted = { prepare: 'prepared', open: 'open', close: 'closed' }[grant.phase];
          await said.reported(grant, wanted);
          // The report may be one of before: closed, asked for again, and not yet made again.
          const login = { prepare: false, open: true, close: undefined }[grant.phase];
          await vi.waitFor(() => expect(database.roles.get(grant.loginName)?.login).toBe(login), { interval: 5 });
        }
        await reconciler.stop();
      },
    ),
    { numRuns: 25 },
  );
});

test('retries double, are spread out, and have an upper bound', () => {
  for (const attempt of [0, 1, 5, 40, 4_000]) {
    const whole = Math.min(1_000, 10 * 2 ** Math.min(attempt, 30));
    const waits = Array.from({ length: 50 }, () => backoff(attempt, 10, 1_000));
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(whole / 2);
    expect(Math.max(...waits)).toBeLessThanOrEqual(whole);
    expect(new Set(waits).size).toBeGreaterThan(1);
  }
});
