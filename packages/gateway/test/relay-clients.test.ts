/**
 * The clients that people use, each doing what it does its own way: postgres.js and pgbench here, psql and node-postgres
 * in the other relay tests. What they ask stands on record, each statement with its values and its outcome.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { DATABASE, newGrant, newWorld, type TestGrant, TestRelay, type World } from './relay-support.ts';

let world: World;
beforeAll(async () => {
  world = await newWorld();
});
afterAll(() => world.end());

async function relayFor(): Promise<{ relay: TestRelay; grant: TestGrant }> {
  await world.root.query('TRUNCATE things');
  const grant = await newGrant(world);
  const relay = await TestRelay.start(world, [grant]);
  onTestFinished(() => relay.stop());
  return { relay, grant };
}

const op = { session: z.string(), op: z.int() };
const statement = z.object({ ...op, text: z.string(), values: z.array(z.object({ value: z.unknown() })).default([]) });
const outcome = z.looseObject(op);

/**
 * Each statement on record with its values and how it ended, in the order in which they were asked; once all have ended:
 * an answer does not wait for its outcome to be written.
 */
async function told(relay: TestRelay) {
  const of = <T extends z.ZodType>(wanted: string, shape: T): z.output<T>[] =>
    relay.records().flatMap(({ kind, data }) => (kind === wanted ? [shape.parse(data)] : []));
  const statements = () => {
    const outcomes = new Map(of('statement.outcome', outcome).map((each) => [`${each.session} ${each.op}`, each]));
    return of('statement', statement).map((each) => ({ ...each, outcome: outcomes.get(`${each.session} ${each.op}`) }));
  };
  await expect.poll(() => statements().every((each) => each.outcome !== undefined)).toBe(true);
  return statements();
}
const valuesOf = ({ values }: z.infer<typeof statement>): unknown[] => values.map(({ value }) => value);

describe('postgres.js', () => {
  async function connected(change: postgres.Options<Record<string, never>> = {}) {
    const { relay, grant } = await relayFor();
    const sql = postgres({
      host: '127.0.0.1',
      port: relay.port,
      user: grant.user,
      password: grant.passwords[0] ?? '',
      database: DATABASE,
      ssl: { ca: world.tls.ca, servername: 'localhost' },
      max: 1,
      onnotice: () => {},
      ...change,
    });
    onTestFinished(() => sql.end({ timeout: 1 }));
    return { relay, sql };
  }

  it('a statement prepared once and used often: each use with its values', async () => {
    const { relay, sql } = await connected();
    for (let id = 1; id <= 5; id += 1) await sql`INSERT INTO things VALUES (${id}, ${`thing ${id}`})`;
    const uses = (await told(relay)).filter(({ text }) => text.startsWith('INSERT'));
    expect(uses.map(valuesOf)).toEqual([1, 2, 3, 4, 5].map((id) => [String(id), `thing ${id}`]));
    expect(uses.map(({ outcome }) => [outcome?.state, outcome?.rows])).toEqual(Array(5).fill(['done', 1]));
  });

  it('unprepared, and several statements in one text', async () => {
    const { relay, sql } = await connected({ prepare: false });
    expect(await sql`SELECT ${'x'}::text AS value`).toEqual([{ value: 'x' }]);
    await sql`SELECT 1 AS one; SELECT 2 AS two`.simple();
    expect((await told(relay)).map(({ text }) => text)).toEqual(
      expect.arrayContaining(['SELECT $1::text AS value', 'SELECT 1 AS one; SELECT 2 AS two']),
    );
  });

  it('sent ahead on one connection: all answered in order, an error fails its own only', async () => {
    const { relay, sql } = await connected();
    const divisors = Array.from({ length: 100 }, (_, index) => index % 10);
    const answers = await Promise.allSettled(divisors.map((by) => sql`SELECT 90 / ${by}::int AS n`));
    expect(answers.map((answer) => (answer.status === 'fulfilled' ? answer.value[0]?.n : answer.reason.code))).toEqual(
      divisors.map((by) => (by === 0 ? '22012' : Math.floor(90 / by))),
    );
    const asked = (await told(relay)).filter(({ text }) => text.startsWith('SELECT 90'));
    expect(asked.map((statement) => valuesOf(statement))).toEqual(divisors.map((by) => [String(by)]));
    expect(asked.map(({ outcome }) => outcome?.sqlstate)).toEqual(divisors.map((by) => (by === 0 ? '22012' : null)));
  });

  it('a cursor left before its end', async () => {
    const { relay, sql } = await connected();
    let rows = 0;
    for await (const part of sql`SELECT generate_series(1, 1000) AS n`.cursor(100)) {
      rows += part.length;
      if (rows === 300) break;
    }
    expect(await sql`SELECT 1 AS one`).toEqual([{ one: 1 }]);
    expect((await told(relay)).filter(({ text }) => text.includes('generate_series'))).not.toEqual([]);
  });

  it('COPY in and out', async () => {
    const { relay, sql } = await connected();
    const lines = Array.from({ length: 10_000 }, (_, id) => `${id}\tthing ${id}\n`);
    await pipeline(Readable.from(lines), await sql`COPY things FROM STDIN`.writable());
    let copied = '';
    for await (const chunk of await sql`COPY (SELECT * FROM things ORDER BY id) TO STDOUT`.readable()) copied += chunk;
    expect(copied).toBe(lines.join(''));
    const copies = (await told(relay)).filter(({ text }) => text.startsWith('COPY'));
    expect(copies.map(({ outcome }) => [outcome?.command, outcome?.rows])).toEqual([
      ['COPY', 10_000],
      ['COPY', 10_000],
    ]);
  });

  it('cancelled: the statement ends, the connection goes on', async () => {
    const { relay, sql } = await connected();
    await sql`SELECT 1`;
    const sleeping = sql`SELECT pg_sleep(600)`.execute();
    const inSleep = `SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'`;
    await expect.poll(async () => (await world.root.query(inSleep)).rowCount).toBe(1);
    sleeping.cancel();
    await expect(sleeping).rejects.toMatchObject({ code: '57014' });
    expect(await sql`SELECT 2 AS two`).toEqual([{ two: 2 }]);
    expect(await relay.recorded('session.cancel')).toBeDefined();
  });
});

describe('pgbench', () => {
  const CLIENTS = 3;
  const TRANSACTIONS = 40;

  it.each(['simple', 'extended', 'prepared'])(
    '-M %s: every statement of every client, with its number',
    async (mode) => {
      const { relay, grant } = await relayFor();
      const folder = mkdtempSync(join(tmpdir(), 'tidegate-clients-'));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      const script = join(folder, 'script.sql');
      writeFileSync(
        script,
        '\\set i :i + 1\n\\set id :client_id * 1000 + :i\nBEGIN;\nINSERT INTO things VALUES (:id, :mode);\nSELECT name FROM things WHERE id = :id;\nEND;\n',
      );
      const where = ['-h', '127.0.0.1', '-p', String(relay.port), '-U', grant.user, DATABASE];
      const amount = [
        '-c',
        `${CLIENTS}`,
        '-t',
        `${TRANSACTIONS}`,
        '-D',
        'i=0',
        '-D',
        `mode=${mode === 'simple' ? `'${mode}'` : mode}`,
      ];
      const bench = spawn('pgbench', ['-n', '-f', script, '-M', mode, ...amount, ...where], {
        env: { ...process.env, PGPASSWORD: grant.passwords[0] ?? '', PGSSLMODE: 'disable' },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let said = '';
      bench.stderr.on('data', (chunk) => {
        said += chunk;
      });
      const [code] = await once(bench, 'close');
      expect(code, said).toBe(0);

      const asked = (await told(relay)).filter(({ text }) => text.startsWith('INSERT INTO things'));
      const ids = asked.map((each) => Number(mode === 'simple' ? /\((\d+),/.exec(each.text)?.[1] : valuesOf(each)[0]));
      const expected = Array.from({ length: CLIENTS * TRANSACTIONS }, (_, index) => {
        return Math.floor(index / TRANSACTIONS) * 1000 + (index % TRANSACTIONS) + 1;
      });
      expect(ids.sort((a, b) => a - b)).toEqual(expected);
      expect(asked.every(({ outcome }) => outcome?.state === 'done' && outcome.rows === 1)).toBe(true);
      expect((await world.root.query('SELECT id FROM things ORDER BY id')).rows.map(({ id }) => id)).toEqual(expected);
      expect((await told(relay)).filter(({ text }) => /^(BEGIN|END)/.test(text))).toHaveLength(2 * expected.length);
    },
  );
});
