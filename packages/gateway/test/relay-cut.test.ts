/** Every door closes itself: in time, with a reason, whatever the session is doing. */
import { once } from 'node:events';
import type { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { query, type RawClient, rawSession } from './relay-raw.ts';
import {
  newGrant,
  newWorld,
  type RelayOptions,
  SILENT,
  type TestGrant,
  TestRelay,
  type World,
} from './relay-support.ts';

let world: World;
beforeAll(async () => {
  world = await newWorld();
});
afterAll(() => world.end());

async function start(grants: readonly TestGrant[], options: RelayOptions = {}): Promise<TestRelay> {
  const relay = await TestRelay.start(world, grants, options);
  onTestFinished(() => relay.stop());
  return relay;
}

const revoked = { reason: 'revoked', by: 'bob', comment: 'enough' } as const;
const revoke = (relay: TestRelay, { grant }: TestGrant) =>
  relay.change([{ ...grant, phase: 'close', closing: revoked }]);
const words = ({ grant }: TestGrant) =>
  `session ended: grant ${grant.id} for alice on orders was revoked by bob: enough`;

/** The error a client of node-postgres ends with. */
async function lastError(client: Client): Promise<unknown> {
  const [error] = await once(client, 'error');
  return error;
}

const backends = async ({ user }: TestGrant): Promise<number> => {
  const { rows } = await world.root.query('SELECT count(*)::int AS n FROM pg_stat_activity WHERE usename = $1', [user]);
  return rows[0].n;
};

async function raw(relay: TestRelay, grant: TestGrant): Promise<RawClient> {
  const client = await rawSession(relay, grant);
  onTestFinished(() => client.end());
  return client;
}

describe('a revoke', () => {
  it('ends an idle session with the reason, at once', async () => {
    const grant = await newGrant(world);
    const relay = await start([grant]);
    const client = await raw(relay, grant);
    const before = performance.now();
    await revoke(relay, grant);
    expect(await client.refusal()).toEqual({
      severity: 'FATAL',
      code: '57P01',
      message: words(grant),
      detail: 'Tidegate: grant_revoked',
      hint: 'Talk to who revoked it before you ask again.',
    });
    await client.closed;
    expect(performance.now() - before).toBeLessThan(500);
    expect(await relay.recorded('session.ended')).toMatchObject({ because: 'grant_revoked', by: 'bob' });
    expect(await relay.hears('session-closed')).toMatchObject({ because: 'grant_revoked', by: 'bob' });
    await expect.poll(() => backends(grant)).toBe(0);
  });

  it('ends a session in the middle of a transaction, which is rolled back', async () => {
    const grant = await newGrant(world);
    const relay = await start([grant]);
    const client = await relay.connect(grant);
    await client.query('BEGIN');
    await client.query(`INSERT INTO things VALUES (99, 'never')`);
    const ended = lastError(client);
    await revoke(relay, grant);
    expect(await ended).toMatchObject({ code: '57P01', message: words(grant) });
    await expect.poll(() => backends(grant)).toBe(0);
    expect((await world.root.query('SELECT * FROM things WHERE id = 99')).rows).toEqual([]);
  });

  it('stops the statement that runs', async () => {
    const grant = await newGrant(world);
    const relay = await start([grant]);
    const client = await relay.connect(grant);
    const failed = expect(client.query('SELECT pg_sleep(600)')).rejects.toMatchObject({ code: '57P01' });
    const sleeping = `SELECT 1 FROM pg_stat_activity WHERE usename = '${grant.user}' AND wait_event = 'PgSleep'`;
    await expect.poll(async () => (await world.root.query(sleeping)).rowCount).toBe(1);
    await revoke(relay, grant);
    await failed;
    await expect.poll(() => backends(grant), { timeout: 3_000 }).toBe(0);
    expect(await relay.recorded('statement.outcome')).toMatchObject({ state: 'unknown' });
  });

  it('ends a stream of rows at the end of a message, never inside', async () => {
    const grant = await newGrant(world);
    const relay = await start([grant]);
    const client = await raw(relay, grant);
    client.send(query(`SELECT repeat('r', 100000) FROM generate_series(1, 1000000)`));
    for (let rows = 0; rows < 50; rows++) expect(await client.until('D')).toHaveLength(100_006);
    await revoke(relay, grant);
    // `refusal` reads whole messages: a torn one would make nonsense of what follows it.
    expect(await client.refusal()).toMatchObject({ message: words(grant) });
    await client.closed;
    await expect.poll(() => backends(grant), { timeout: 3_000 }).toBe(0);
  });

  it('ends a session whose client does not read, within a second', async () => {
    const grant = await newGrant(world);
    const relay = await start([grant]);
    const client = await raw(relay, grant);
    client.socket.pause();
    client.send(query(`SELECT repeat('r', 100000) FROM generate_series(1, 1000000)`));
    const stalled = `SELECT 1 FROM pg_stat_activity WHERE usename = '${grant.user}' AND wait_event = 'ClientWrite'`;
    await expect.poll(async () => (await world.root.query(stalled)).rowCount, { timeout: 10_000 }).toBe(1);
    const before = performance.now();
    await revoke(relay, grant);
    await relay.hears('session-closed');
    expect(performance.now() - before).toBeLessThan(1_000);
    expect(await relay.recorded('session.ended')).toMatchObject({ because: 'grant_revoked' });
    await expect.poll(() => backends(grant), { timeout: 3_000 }).toBe(0);
  });

  it('lets nothing through that comes after it', async () => {
    const grant = await newGrant(world);
    const relay = await start([grant]);
    const client = await raw(relay, grant);
    client.socket.once('data', () => client.send(query(`INSERT INTO things VALUES (98, 'late')`)));
    relay.tell({ type: 'cut', target: { grant: grant.grant.id }, reason: 'session_cut', by: 'bob', comment: null });
    client.send(query(`INSERT INTO things VALUES (98, 'late')`));
    expect(await client.refusal()).toMatchObject({
      code: '57P01',
      message: 'session ended: this session was ended by bob',
    });
    await client.closed;
    expect((await world.root.query('SELECT * FROM things WHERE id = 98')).rows).toEqual([]);
  });
});

describe('one session', () => {
  it('can be cut without the others of its grant', async () => {
    const grant = await newGrant(world);
    const relay = await start([grant]);
    const [one, two] = [await raw(relay, grant), await relay.connect(grant)];
    const opened = await relay.hears('session-opened');
    relay.tell({
      type: 'cut',
      target: { session: opened.session.id },
      reason: 'session_cut',
      by: 'carol',
      comment: 'long query',
    });
    expect(await one.refusal()).toMatchObject({
      message: 'session ended: this session was ended by carol: long query',
    });
    expect((await two.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await two.end();
  });
});

describe('the end of a grant', () => {
  it('ends many sessions on time, all of them, while others go on', async () => {
    const ending = await newGrant(world, { expiresIn: 4_000 });
    const staying = await newGrant(world);
    const relay = await start([ending, staying]);
    const other = await relay.connect(staying);
    const clients = await Promise.all(Array.from({ length: 60 }, () => rawSession(relay, ending)));
    const end = Date.parse(ending.grant.expiresAt ?? '');
    const late = await Promise.all(
      clients.map(async (client) => {
        expect(await client.refusal()).toMatchObject({
          message: `session ended: grant ${ending.grant.id} for alice on orders expired at ${ending.grant.expiresAt}`,
        });
        await client.closed;
        return Date.now() - end;
      }),
    );
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    expect(late.toSorted((a, b) => a - b)[58]).toBeLessThan(500);
    expect((await other.query('SELECT 1 AS one')).rowCount).toBe(1);
    await other.end();
  });

  it('may be moved further', async () => {
    const grant = await newGrant(world, { expiresIn: 1_500 });
    const relay = await start([grant]);
    const client = await relay.connect(grant);
    const before = Date.parse(grant.grant.expiresAt ?? '');
    await relay.change([{ ...grant.grant, expiresAt: new Date(before + 3_600_000).toISOString() }]);
    await expect.poll(() => Date.now(), { timeout: 5_000 }).toBeGreaterThan(before + 300);
    expect((await client.query('SELECT 1 AS one')).rowCount).toBe(1);
    await client.end();
  });

  it('is that of a grant which the whole state no longer holds', async () => {
    const grant = await newGrant(world);
    const relay = await start([grant]);
    const client = await raw(relay, grant);
    relay.tell({ type: 'state', revision: 7, resources: [world.resource], grants: [] });
    expect(await client.refusal()).toMatchObject({ code: '57P01' });
    await relay.hears('ack', ({ revision }) => revision === 7);
  });
});

describe('out of touch', () => {
  it('for too long ends open sessions, and says so', async () => {
    const grant = await newGrant(world);
    const relay = await start([grant]);
    const client = await raw(relay, grant);
    relay.contact({ agoMs: 31_000, cutAfterMs: 31_400 });
    const before = performance.now();
    expect(await client.refusal()).toMatchObject({
      code: '57P01',
      message: expect.stringContaining('out of touch with the control plane'),
    });
    expect(performance.now() - before).toBeGreaterThan(200);
    expect(await relay.recorded('session.ended')).toMatchObject({ because: 'out_of_touch' });
  });

  it('ended in time changes nothing', async () => {
    const grant = await newGrant(world);
    const relay = await start([grant]);
    const client = await relay.connect(grant);
    relay.contact({ agoMs: 300, cutAfterMs: 600 });
    relay.contact({ agoMs: 0, cutAfterMs: 60_000 });
    await expect(client.query('SELECT pg_sleep(0.6)')).resolves.toBeDefined();
    await client.end();
  });
});

describe('without a record', () => {
  it('nothing goes through: the session ends, and nobody new is let in', async () => {
    const grant = await newGrant(world);
    const relay = await start([grant]);
    const client = await raw(relay, grant);
    relay.tell({ type: 'spool-allowance', bytes: 0 });
    client.send(query(`INSERT INTO things VALUES (97, 'unrecorded')`));
    expect(await client.refusal()).toMatchObject({
      code: '58030',
      message: expect.stringContaining('can no longer be recorded'),
    });
    await client.closed;
    await expect(relay.connect(grant)).rejects.toMatchObject({ code: '58030' });
    expect((await world.root.query('SELECT * FROM things WHERE id = 97')).rows).toEqual([]);
    relay.tell({ type: 'spool-allowance', bytes: 2 ** 40 });
    const again = await relay.connect(grant);
    await again.end();
    expect(await relay.recorded('session.ended')).toMatchObject({ because: 'record_unavailable' });
  });
});

describe('the database', () => {
  it('that ends the connection is passed on with its own words', async () => {
    const grant = await newGrant(world);
    const relay = await start([grant]);
    const client = await relay.connect(grant);
    const ended = lastError(client);
    await world.root.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [grant.user]);
    expect(await ended).toMatchObject({
      code: '57P01',
      message: 'terminating connection due to administrator command',
    });
    expect(await relay.hears('session-closed')).toMatchObject({ because: 'server_closed' });
  });
});

describe('the client', () => {
  it.each([
    ['that says goodbye', 'client_closed', (client: RawClient) => client.send(Buffer.from('X\0\0\0\x04'))],
    ['that hangs up', 'client_gone', (client: RawClient) => client.socket.end()],
    ['whose connection is reset', 'client_gone', (client: RawClient) => client.socket.resetAndDestroy()],
  ])('%s is on record as %s', async (_how, because, leave) => {
    const grant = await newGrant(world);
    const relay = await start([grant]);
    const client = await raw(relay, grant);
    leave(client);
    expect(await relay.hears('session-closed')).toMatchObject({ because });
    await expect.poll(() => backends(grant)).toBe(0);
  });

  it('that hangs up with a statement on its way lets it finish, and its outcome is on record', async () => {
    const grant = await newGrant(world);
    const relay = await start([grant]);
    const client = await raw(relay, grant);
    client.send(query(`SELECT pg_sleep(0.3); INSERT INTO things VALUES (96, 'done')`));
    client.socket.end();
    await relay.hears('session-closed');
    const outcomes = () => relay.records().filter(({ kind }) => kind === 'statement.outcome');
    await expect.poll(() => outcomes().map(({ data }) => data.command)).toEqual(['SELECT', 'INSERT']);
    expect((await world.root.query('SELECT * FROM things WHERE id = 96')).rowCount).toBe(1);
  });
});

describe('the gateway', () => {
  it('that stops says goodbye to everybody, and exits', async () => {
    const grant = await newGrant(world);
    const relay = await TestRelay.start(world, [grant], { log: SILENT });
    const client = await raw(relay, grant);
    const stopped = relay.stop();
    expect(await client.refusal()).toMatchObject({ code: '57P01', message: 'session ended: the gateway is stopping' });
    await stopped;
  });

  it('whose main process is gone ends its sessions and exits', async () => {
    const grant = await newGrant(world);
    const relay = await TestRelay.start(world, [grant]);
    const client = await raw(relay, grant);
    relay.loseMain();
    expect(await client.refusal()).toMatchObject({ code: '57P01' });
    expect(await relay.exited).toBe(1);
    await expect.poll(() => backends(grant)).toBe(0);
  });
});
