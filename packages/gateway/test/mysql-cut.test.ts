/** The end of a MySQL session from the gateway's side: the client is told why, at a packet boundary, and the door is shut. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mysql } from '@tidegate/wire';
import * as mariadb from 'mariadb';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { RawMysql, rawMysqlSession } from './mysql-raw.ts';
import { configOf, connectMysql, type MysqlWorld, newMysqlGrant, newMysqlWorld } from './mysql-support.ts';
import { type RelayOptions, type TestGrant, TestRelay } from './relay-support.ts';

let world: MysqlWorld;
beforeAll(async () => {
  world = await newMysqlWorld();
});
afterAll(() => world.end());

async function relayWith(grants: readonly TestGrant[], options: RelayOptions = {}): Promise<TestRelay> {
  const relay = await TestRelay.start(world, grants, options);
  onTestFinished(() => relay.stop());
  return relay;
}

async function rawOf(relay: TestRelay, grant: TestGrant): Promise<RawMysql> {
  const client = await rawMysqlSession(relay, grant);
  onTestFinished(() => client.end());
  return client;
}

const closed = (grant: TestGrant) => ({
  ...grant.grant,
  phase: 'close' as const,
  closing: { reason: 'revoked' as const, by: 'bob', comment: 'enough' },
});
const REVOKED = /^session ended: grant .* was revoked by bob: enough\..*\(Tidegate: grant_revoked\)$/;
const BIG = 'SELECT repeat("x", 1000) FROM seq_1_to_10000000';

/** How many of the principal's connections the server has. */
async function connections(grant: TestGrant): Promise<number> {
  const [rows] = await world.root.query('SELECT count(*) AS n FROM information_schema.processlist WHERE user = ?', [
    grant.user,
  ]);
  return Number((rows as { n: number }[])[0]?.n);
}

describe('a revoke', () => {
  it('tells an idle client, whose next packet it is, and the server’s connection is gone', async () => {
    const grant = await newMysqlGrant(world);
    const relay = await relayWith([grant]);
    const client = await rawOf(relay, grant);
    await relay.change([closed(grant)]);
    expect(await client.failure()).toMatchObject({
      number: 1927,
      state: '08S01',
      sequence: 0,
      message: expect.stringMatching(REVOKED),
    });
    await client.closed;
    await expect.poll(() => connections(grant)).toBe(0);
    expect(await relay.recorded('session.ended')).toMatchObject({ because: 'grant_revoked', by: 'bob' });
  });

  it('tells mysql2', async () => {
    const grant = await newMysqlGrant(world);
    const relay = await relayWith([grant]);
    const client = await connectMysql(relay, grant);
    const told = once(client as never, 'error');
    await relay.change([closed(grant)]);
    const [error] = await told;
    expect(error.message).toMatch(REVOKED);
  });

  it('tells mysql2 in a query', async () => {
    const grant = await newMysqlGrant(world);
    const relay = await relayWith([grant]);
    const client = await connectMysql(relay, grant);
    const sleeping = client.query('SELECT sleep(600)');
    await running(grant, 'sleep(600)');
    await relay.change([closed(grant)]);
    await expect(sleeping).rejects.toMatchObject({ errno: 1927, message: expect.stringMatching(REVOKED) });
  });

  it('tells mariadb, idle and in a query', async () => {
    const grant = await newMysqlGrant(world);
    const relay = await relayWith([grant]);
    const [idle, busy] = [
      await mariadb.createConnection(configOf(relay, grant)),
      await mariadb.createConnection(configOf(relay, grant)),
    ];
    const told = once(idle as never, 'error');
    busy.on('error', () => {});
    const sleeping = busy.query('SELECT sleep(600)');
    const failed = sleeping.catch((error: unknown) => error);
    await running(grant, 'sleep(600)');
    await relay.change([closed(grant)]);
    expect(await told).toMatchObject([{ errno: 1927, message: expect.stringContaining('revoked by bob') }]);
    expect(await failed).toMatchObject({ errno: 1927, message: expect.stringContaining('revoked by bob') });
  });

  it('tells the mariadb command line, with its next statement', async () => {
    const grant = await newMysqlGrant(world);
    const relay = await relayWith([grant]);
    const where = ['--no-defaults', '--skip-ssl', '-h', '127.0.0.1', '-P', String(relay.port), '-u', grant.user];
    const env = { ...process.env, MYSQL_PWD: grant.passwords[0] ?? '' };
    const client = spawn('mariadb', [...where, '-n', '-f'], { env });
    let said = '';
    client.stderr.on('data', (chunk) => {
      said += chunk;
    });
    client.stdin.write('SELECT 11;\n');
    await once(client.stdout, 'data');
    await relay.change([closed(grant)]);
    await relay.hears('session-closed');
    client.stdin.end('SELECT 12;\n');
    await once(client, 'close');
    expect(said).toMatch(/^ERROR 1927 \(08S01\).*was revoked by bob: enough\./m);
  });

  it('stops what the session runs in the server', async () => {
    const grant = await newMysqlGrant(world);
    const relay = await relayWith([grant]);
    const client = await rawOf(relay, grant);
    client.query('SELECT sleep(600)');
    await running(grant, 'sleep(600)');
    await relay.change([closed(grant)]);
    expect(await client.failure()).toMatchObject({ number: 1927, sequence: 1 });
    await expect.poll(() => connections(grant)).toBe(0);
    expect(await relay.recorded('statement.outcome')).toMatchObject({ state: 'unknown' });
  });
});

describe('a cut while a result streams', () => {
  it('is told between two packets, numbered as the next', async () => {
    const grant = await newMysqlGrant(world);
    const relay = await relayWith([grant]);
    const client = await rawOf(relay, grant);
    // Slow enough to be read as it comes, and cut by the server's buffer in the middle of rows.
    client.query('SELECT repeat("x", 1000), sleep(0.0005) FROM seq_1_to_1000000');
    const before = [];
    for (let i = 0; i < 300; i++) before.push((await client.packet())?.sequence);
    void relay.change([closed(grant)]);
    let last = before.at(-1) ?? 0;
    for (;;) {
      const packet = await client.packet();
      if (packet === null) throw new Error('closed without an error');
      expect(packet.sequence).toBe((last + 1) & 0xff);
      last = packet.sequence;
      if (packet.body[0] !== 0xff) continue;
      expect(mysql.readError(packet.body).message).toMatch(REVOKED);
      break;
    }
    await client.closed;
  });

  it('reaches mysql2 as an error of the query', async () => {
    const grant = await newMysqlGrant(world);
    const relay = await relayWith([grant]);
    const client = await connectMysql(relay, grant);
    const rows = client.query(BIG);
    const failed = rows.catch((error: unknown) => error);
    await relay.recorded('statement');
    await relay.change([closed(grant)]);
    expect(await failed).toMatchObject({ errno: 1927, message: expect.stringMatching(REVOKED) });
  });

  it('shuts the door on a client that does not read, within a second', async () => {
    const grant = await newMysqlGrant(world);
    const relay = await relayWith([grant]);
    const client = await rawOf(relay, grant);
    client.socket.pause();
    client.query(BIG);
    await relay.recorded('statement');
    const before = performance.now();
    await relay.change([closed(grant)]);
    await relay.hears('session-closed');
    expect(performance.now() - before).toBeLessThan(1000);
    await expect.poll(() => connections(grant)).toBe(0);
  });
});

describe('the end of a grant', () => {
  it('comes on time, and rolls back what was not committed', async () => {
    const grant = await newMysqlGrant(world, { expiresIn: 1500 });
    const relay = await relayWith([grant]);
    const client = await rawOf(relay, grant);
    client.query('BEGIN');
    await client.body();
    client.query('INSERT INTO things VALUES (1, "never")');
    await client.body();
    expect(await client.failure()).toMatchObject({ number: 1927, message: expect.stringContaining('expired at') });
    expect(Date.now() - Date.parse(grant.grant.expiresAt ?? '')).toBeLessThan(500);
    await expect.poll(() => connections(grant)).toBe(0);
    const [rows] = await world.root.query('SELECT * FROM things');
    expect(rows).toEqual([]);
  });
});

describe('the other side', () => {
  it('a server that ends the connection is passed on, with its words', async () => {
    const grant = await newMysqlGrant(world);
    const relay = await relayWith([grant]);
    const client = await rawOf(relay, grant);
    client.query('SELECT connection_id()');
    for (let i = 0; i < 3; i++) await client.packet();
    const row = await client.body();
    await client.packet();
    await world.root.query(`KILL ${row.toString('latin1', 1)}`);
    await client.closed;
    expect(await relay.recorded('session.ended')).toMatchObject({ because: 'server_closed' });
  });

  it('a client that says goodbye ended it itself', async () => {
    const grant = await newMysqlGrant(world);
    const relay = await relayWith([grant]);
    const client = await connectMysql(relay, grant);
    await client.end();
    expect(await relay.recorded('session.ended')).toMatchObject({ because: 'client_closed' });
  });

  it('a gateway that stops says so', async () => {
    const grant = await newMysqlGrant(world);
    const relay = await TestRelay.start(world, [grant]);
    const client = await rawOf(relay, grant);
    await relay.stop();
    expect(await client.failure()).toMatchObject({ number: 1053, state: '08S01' });
  });

  it('a spool that takes nothing lets nobody in, in the place where the client would have been told that it is', async () => {
    const grant = await newMysqlGrant(world);
    const relay = await relayWith([grant], { allowanceBytes: 10 });
    const client = new RawMysql(relay.port);
    await client.prove({ user: grant.user, password: grant.passwords[0] ?? '' });
    expect(await client.failure()).toMatchObject({ number: 1026, sequence: 2 });
    await client.closed;
    await expect.poll(() => connections(grant)).toBe(0);
  });

  it('a spool that takes no more ends the session before the statement goes', async () => {
    const grant = await newMysqlGrant(world);
    const relay = await relayWith([grant], { allowanceBytes: 4096 });
    const client = await rawOf(relay, grant);
    client.query(`INSERT INTO things VALUES (2, "${'x'.repeat(8000)}")`);
    expect(await client.failure()).toMatchObject({ number: 1026, state: '08S01' });
    const [rows] = await world.root.query('SELECT * FROM things WHERE id = 2');
    expect(rows).toEqual([]);
  });
});

/** Until the principal's connection runs it. */
async function running(grant: TestGrant, what: string): Promise<void> {
  const sql = 'SELECT 1 FROM information_schema.processlist WHERE user = ? AND info LIKE ?';
  const found = async () => (await world.root.query(sql, [grant.user, `%${what}%`]))[0];
  await expect.poll(found, { timeout: 5000 }).toHaveLength(1);
}
