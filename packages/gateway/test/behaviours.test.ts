/**
 * One table of behaviours, each row held against each engine with a real server and a client that people use: what
 * Tidegate promises does not depend on the protocol. docs/ENGINES.md shows it.
 */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PersonName } from '@tidegate/core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { FromWorker } from '../src/worker-protocol.ts';
import type { EngineUnderTest, WorldUnderTest } from './behaviours/engine.ts';
import { mysql } from './behaviours/mysql.ts';
import { postgres } from './behaviours/postgres.ts';
import { sqlserver } from './behaviours/sqlserver.ts';
import { initFor, type RelayOptions, type TestGrant, TestRelay } from './relay-support.ts';
import { readAll, temporaryFolder } from './support/record.ts';

const ENGINES: readonly EngineUnderTest[] = [postgres, mysql, sqlserver];

describe.each(ENGINES)('$engine ($server)', ({ world: makeWorld }) => {
  let world: WorldUnderTest;
  beforeAll(async () => {
    world = await makeWorld();
  });
  afterAll(() => world.end());

  async function relayWith(grants: readonly TestGrant[], options: RelayOptions = {}): Promise<TestRelay> {
    const relay = await TestRelay.start(world, grants, { ...world.relay, ...options });
    onTestFinished(() => relay.stop());
    return relay;
  }

  /** A relay, a grant on it, and a client that is in. */
  async function open(change: Parameters<WorldUnderTest['grant']>[0] = {}, options: RelayOptions = {}) {
    const grant = await world.grant(change);
    const relay = await relayWith([grant], options);
    const client = await world.connect(relay, grant);
    onTestFinished(() => client.end().catch(() => {}));
    return { grant, relay, client };
  }

  const revoke = (relay: TestRelay, { grant }: TestGrant): Promise<void> =>
    relay.change([{ ...grant, phase: 'close', closing: { reason: 'revoked', by: 'bob', comment: 'enough' } }]);

  const things = (id: number): Promise<readonly unknown[]> => world.direct(`SELECT name FROM things WHERE id = ${id}`);

  it('nobody gets in without a grant', async () => {
    const grant = await world.grant();
    const relay = await relayWith([]);
    await expect(world.connect(relay, grant)).rejects.toThrow(/login failed/i);
    expect(await world.connections(grant)).toBe(0);
    expect(await relay.recorded('session.refused')).toMatchObject({ code: 'login_failed', loginName: grant.user });
  });

  it('each way to prove a ticket lets in, and none does with a wrong one', async () => {
    const grant = await world.grant();
    const relay = await relayWith([grant]);
    for (const [name, prove] of Object.entries(world.proofs)) {
      await expect(prove(relay, grant, grant.passwords[0] ?? ''), name).resolves.toBeUndefined();
      await expect(prove(relay, grant, 'wrong'), name).rejects.toThrow();
    }
  });

  it('a wrong ticket, another grant’s ticket and another database are refused, and on record', async () => {
    const [grant, other] = [await world.grant(), await world.grant()];
    const relay = await relayWith([grant, other]);
    await expect(world.connect(relay, grant, { password: 'wrong' })).rejects.toThrow(/login failed/i);
    await expect(world.connect(relay, grant, { password: other.passwords[0] ?? '' })).rejects.toThrow(/login failed/i);
    await expect(world.connect(relay, grant, { database: 'other' })).rejects.toThrow(/does not cover/);
    const refusals = relay.records().filter(({ kind }) => kind === 'session.refused');
    expect(refusals.map(({ data }) => data.code)).toEqual(['login_failed', 'login_failed', 'database_not_covered']);
  });

  it('a grant’s end cuts an idle session, with the reason', async () => {
    const { relay, client } = await open({ expiresIn: 1_500 });
    const told = await client.over;
    if (world.hearsWhileIdle) expect(told).toMatch(/expired/);
    expect(await relay.recorded('session.ended')).toMatchObject({ because: 'grant_expired' });
  });

  it('a grant’s end cuts a session while rows stream, with the reason', async () => {
    const { relay, grant, client } = await open({ expiresIn: 2_500 });
    const { resume, done } = await client.stall(world.sql.flood);
    resume();
    const failed = await done.then(
      () => 'it went on to its end',
      (error: Error) => error.message,
    );
    // Drivers tell it to the statement, to the connection, or to both.
    expect(`${failed}\n${await client.over}`).toMatch(/expired/);
    expect(await relay.recorded('session.ended')).toMatchObject({ because: 'grant_expired' });
    await expect.poll(() => world.connections(grant), { timeout: 5_000 }).toBe(0);
  });

  it('a revoke inside a transaction rolls it back', async () => {
    const { relay, grant, client } = await open();
    await client.query(world.sql.begin);
    await client.query(`INSERT INTO things (id, name) VALUES (1, 'never')`);
    await revoke(relay, grant);
    const told = await client.over;
    if (world.hearsWhileIdle) expect(told).toMatch(/was revoked by bob: enough/);
    await expect.poll(() => world.connections(grant)).toBe(0);
    expect(await things(1)).toEqual([]);
    await expect(world.connect(relay, grant)).rejects.toThrow(/revoked by bob/);
  });

  it('a revoke stops what runs, within a second', async () => {
    const { relay, grant, client } = await open();
    const asleep = client.query(world.sql.sleep);
    asleep.catch(() => {});
    await expect.poll(() => world.running(grant)).toBe(true);
    const began = performance.now();
    await revoke(relay, grant);
    await expect(asleep).rejects.toThrow(/revoked by bob|closed|terminated/i);
    expect(performance.now() - began).toBeLessThan(1_000);
    await expect.poll(() => world.connections(grant), { timeout: 5_000 }).toBe(0);
  });

  it('a client stops what it runs itself, and goes on', async () => {
    const { relay, grant, client } = await open();
    const asleep = client.query(world.sql.sleep).catch((error: unknown) => error);
    await expect.poll(() => world.running(grant)).toBe(true);
    await client.cancel();
    await asleep;
    await expect.poll(() => world.running(grant)).toBe(false);
    expect(await client.query(`SELECT 'on'`)).toEqual(['on']);
    const outcomes = () => relay.records().filter(({ kind }) => kind === 'statement.outcome');
    expect(outcomes().length).toBeGreaterThanOrEqual(1);
  });

  it('a value of megabytes goes through, and stands on record', async () => {
    const { relay, client } = await open();
    const value = 'v'.repeat(world.big.value);
    expect((await client.prepared(`SELECT ${world.sql.length(world.sql.parameter)}`, value)).map(Number)).toEqual([
      value.length,
    ]);
    const kept = relay.records().reduce((sum, { data }) => sum + JSON.stringify(data).length, 0);
    expect(kept).toBeGreaterThan(value.length);
  });

  it('a client that stops reading stops the database, costs no memory, and gets all of it in the end', async () => {
    const { relay, grant, client } = await open();
    const memory = (): number => process.memoryUsage().arrayBuffers / 2 ** 20;
    const before = memory();
    const { resume, done } = await client.stall(world.sql.rows(world.big.rows));
    // What the sockets between hold is some megabytes; the rest waits in the database.
    await expect.poll(() => world.running(grant)).toBe(true);
    const another = await world.connect(relay, grant);
    expect(await another.query(`SELECT 'quick'`)).toEqual(['quick']);
    expect(memory() - before).toBeLessThan(48);
    expect(await world.running(grant)).toBe(true);
    resume();
    expect(await done).toBe(world.big.rows * 10_000);
    await another.end();
  });

  it('text and values are on record before the server sees them, the outcome after', async () => {
    const { relay, grant, client } = await open();
    const asleep = client.query(world.sql.sleep);
    asleep.catch(() => {});
    await expect.poll(() => world.running(grant)).toBe(true);
    const texts = relay.records().filter(({ kind, data }) => kind === 'statement' && data.text === world.sql.sleep);
    expect(texts).toHaveLength(1);
    // Clients may have said something of their own before it.
    const outcomes = relay.records().filter(({ kind }) => kind === 'statement.outcome');
    expect(outcomes.filter(({ data }) => data.op === texts[0]?.data.op)).toEqual([]);
    await client.cancel();
    await asleep.catch(() => {});
    expect(await client.prepared(`SELECT ${world.sql.parameter}`, 'bound')).toEqual(['bound']);
    await expect
      .poll(() => relay.records().filter(({ kind }) => kind === 'statement.outcome').length)
      .toBeGreaterThanOrEqual(2);
    const values = relay.records().flatMap(({ data }) => (Array.isArray(data.values) ? data.values : []));
    expect(values).toContainEqual(expect.objectContaining({ value: 'bound' }));
  });

  it('what can’t be recorded does not reach the server, and ends the session', async () => {
    const { client, relay } = await open({}, { allowanceBytes: 64 * 1024 });
    const filler = 'f'.repeat(5_000);
    let refused: unknown = null;
    for (let id = 100; id < 120 && refused === null; id++) {
      await client.query(`INSERT INTO things (id, name) VALUES (${id}, '${filler}')`).catch((error: unknown) => {
        refused = error;
      });
    }
    expect(refused).not.toBeNull();
    await client.over;
    const inserts = ({ data }: { data: Record<string, unknown> }) => String(data.text).startsWith('INSERT');
    const recorded = relay.records().filter((one) => one.kind === 'statement' && inserts(one)).length;
    expect(await world.direct('SELECT count(*) FROM things WHERE id >= 100').then(([n]) => Number(n))).toBe(recorded);
  });

  it('a relay that is killed takes its sessions with it; what they said is on record', async () => {
    const grant = await world.grant();
    const worker = await forked(world, grant);
    const client = await world.connect(worker, grant);
    await client.query(world.sql.begin);
    await client.query(`INSERT INTO things (id, name) VALUES (2, 'never')`);
    worker.kill();
    await client.over;
    await expect.poll(() => world.connections(grant), { timeout: 5_000 }).toBe(0);
    expect(await things(2)).toEqual([]);
    expect(worker.texts()).toContain(`INSERT INTO things (id, name) VALUES (2, 'never')`);
  });

  it('a client that leaves in order is told from one that is lost', async () => {
    const { relay, client } = await open();
    await client.query(`SELECT 'done'`);
    await client.end();
    expect(await relay.recorded('session.ended')).toMatchObject({ because: 'client_closed' });
  });

  it('names with every odd character are only names', async () => {
    const person = `o'neil "x" \`y\` [z] 名; -- .%` as PersonName;
    const grant = await world.grant({ person });
    const relay = await relayWith([grant]);
    const client = await world.connect(relay, grant);
    expect(await client.query(`SELECT 'in'`)).toEqual(['in']);
    expect(await relay.recorded('session.started')).toMatchObject({ person, principal: grant.user });
    await client.end();
  });

  it('a server that dies in a statement ends the session; back again it lets in', async () => {
    const { relay, grant, client } = await open();
    const asleep = client.query(world.sql.sleep);
    asleep.catch(() => {});
    await expect.poll(() => world.running(grant)).toBe(true);
    await world.restart();
    await expect(asleep).rejects.toThrow();
    await client.over;
    const { op } = await relay.recorded('statement', ({ text }) => text === world.sql.sleep);
    const outcome = await relay.recorded('statement.outcome', (data) => data.op === op);
    expect(outcome).toMatchObject({ state: expect.stringMatching(/unknown|error/) });
    const next = await world.connect(relay, grant);
    expect(await next.query(`SELECT 'again'`)).toEqual(['again']);
    await next.end();
  });
});

/** A relay worker as a process of its own. */
async function forked(world: WorldUnderTest, grant: TestGrant) {
  const spool = join(temporaryFolder(), 'spool');
  const child = fork(fileURLToPath(new URL('../src/worker.ts', import.meta.url)), { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.send(initFor(world, [grant], spool, world.relay));
  const port = await new Promise<number>((resolve, reject) => {
    child.on('message', (message: FromWorker) => {
      if (message.type === 'ready') resolve(message.ports[0]?.port ?? 0);
      if (message.type === 'fatal') reject(new Error(message.message));
    });
    child.once('exit', (code) => reject(new Error(`the worker ended with ${code}`)));
  });
  return { port, kill: () => child.kill('SIGKILL'), texts: () => readAll(spool).records.map(({ data }) => data.text) };
}
