/** What goes through a session, whole and in order, in bounded memory, and stands on record before it is forwarded. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import type { Client } from 'pg';
import pgpostgres from 'postgres';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { frame, query, rawSession } from './relay-raw.ts';
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

async function relayFor(options: RelayOptions = {}): Promise<{ relay: TestRelay; grant: TestGrant }> {
  const grant = await newGrant(world);
  const relay = await TestRelay.start(world, [grant], options);
  onTestFinished(() => relay.stop());
  return { relay, grant };
}

const statements = (relay: TestRelay) =>
  relay
    .records()
    .filter(({ kind }) => kind === 'statement')
    .map(({ data }) => data.text);

/** Resident memory, in MB, after the garbage is gone as far as can be. */
const memory = () => process.memoryUsage().rss / 2 ** 20;

it('psql: several statements in one, COPY both ways, notices, errors', async () => {
  const { relay, grant } = await relayFor();
  const env = { ...process.env, PGPASSWORD: grant.passwords[0] ?? '', PGSSLMODE: 'disable' };
  const where = ['-XAt', '-h', '127.0.0.1', '-p', String(relay.port), '-U', grant.user, DATABASE];
  const psql = spawn('psql', where, { env });
  let out = '';
  let err = '';
  psql.stdout.on('data', (chunk) => {
    out += chunk;
  });
  psql.stderr.on('data', (chunk) => {
    err += chunk;
  });
  psql.stdin.end(`
    SELECT 1\\; SELECT 2;
    TRUNCATE things;
    COPY things FROM STDIN;
1\tone
2\ttwo
\\.
    COPY (SELECT * FROM things ORDER BY id) TO STDOUT;
    DO $$ BEGIN RAISE NOTICE 'hello'; END $$;
    SELECT 1/0;
    SELECT count(*) FROM things;
  `);
  await once(psql, 'close');
  expect(out).toBe('1\n2\nTRUNCATE TABLE\nCOPY 2\n1\tone\n2\ttwo\nDO\n2\n');
  expect(err).toContain('NOTICE:  hello');
  expect(err).toContain('division by zero');
  await relay.recorded('session.ended');
  const outcomes = relay.records().filter(({ kind }) => kind === 'statement.outcome');
  expect(outcomes.map(({ data }) => [data.command, data.rows, data.sqlstate])).toEqual([
    ['SELECT', 1, null],
    ['SELECT', 1, null],
    ['TRUNCATE TABLE', 0, null],
    ['COPY', 2, null],
    ['COPY', 2, null],
    ['DO', 0, null],
    ['', null, '22012'],
    ['SELECT', 1, null],
  ]);
});

it('postgres.js: pipelined prepared statements, in a transaction, with its own TLS', async () => {
  const { relay, grant } = await relayFor({ tlsRequired: true });
  const sql = pgpostgres({
    host: '127.0.0.1',
    port: relay.port,
    user: grant.user,
    password: grant.passwords[0] ?? '',
    database: DATABASE,
    max: 2,
    ssl: { ca: world.tls.ca, servername: 'localhost' },
    onnotice: () => {},
  });
  const numbers = await Promise.all(Array.from({ length: 200 }, (_, i) => sql`SELECT ${i}::int AS n`));
  expect(numbers.map((rows) => rows[0]?.n)).toEqual(Array.from({ length: 200 }, (_, i) => i));
  await sql.begin(async (tx) => {
    await tx`TRUNCATE things`;
    await tx`INSERT INTO things ${tx([{ id: 7, name: 'seven' }])}`;
  });
  expect(await sql`SELECT name FROM things`).toEqual([{ name: 'seven' }]);
  await sql.end();
  expect(statements(relay).filter((text) => text === 'SELECT $1::int AS n')).toHaveLength(200);
});

it('a notification comes to a client that is idle', async () => {
  const { relay, grant } = await relayFor();
  const client = await relay.connect(grant);
  await client.query('LISTEN news');
  const heard = once(client, 'notification');
  await world.root.query(`NOTIFY news, 'hello'`);
  expect(await heard).toMatchObject([{ channel: 'news', payload: 'hello' }]);
  await client.end();
});

it('a pipeline of many small statements comes out in order', async () => {
  const { relay, grant } = await relayFor();
  const client = await rawSession(relay, grant);
  onTestFinished(() => client.end());
  const count = 5_000;
  client.send(Buffer.concat(Array.from({ length: count }, (_, i) => query(`SELECT ${i}`))));
  for (let i = 0; i < count; i++) {
    const row = await client.until('D');
    expect(row.toString('latin1', 6)).toBe(String(i));
    await client.until('Z');
  }
  expect(statements(relay)).toHaveLength(count);
});

it('a wrong Bind is the database’s to refuse', async () => {
  const { relay, grant } = await relayFor();
  const client = await rawSession(relay, grant);
  onTestFinished(() => client.end());
  const parse = frame('P', Buffer.from('\0SELECT $1::int\0\0\0'));
  const bind = frame('B', Buffer.from([0, 0, 0, 0, 0, 0, 0, 0]));
  client.send(parse, bind, frame('E', Buffer.from([0, 0, 0, 0, 0])), frame('S'));
  await client.until('1');
  expect(await client.refusal()).toMatchObject({
    code: '08P01',
    message: expect.stringContaining('bind message supplies 0'),
  });
  await client.until('Z');
  client.send(query('SELECT 1'));
  await client.until('Z');
});

it('a statement of 100 MB goes through in flat memory, and stands whole on record', async () => {
  const { relay, grant } = await relayFor();
  const client = await rawSession(relay, grant);
  onTestFinished(() => client.end());
  const piece = Buffer.alloc(1 << 20, 'x');
  const pieces = 100;
  const before = memory();
  const opening = Buffer.from(`SELECT length('`);
  const ending = Buffer.from(`')\0`);
  const header = Buffer.alloc(5);
  header.write('Q');
  header.writeInt32BE(4 + opening.length + pieces * piece.length + ending.length, 1);
  client.send(header, opening);
  let peak = 0;
  for (let i = 0; i < pieces; i++) {
    if (!client.socket.write(piece)) await once(client.socket, 'drain');
    peak = Math.max(peak, memory());
  }
  client.send(ending);
  expect((await client.until('D')).toString('latin1', 6)).toBe(String(pieces * piece.length));
  await client.until('Z');
  expect(peak - before).toBeLessThan(64);
  const bytes = relay
    .records()
    .filter(({ kind }) => kind.startsWith('statement'))
    .reduce((sum, { data }) => sum + (typeof data.text === 'string' ? data.text.length : 0), 0);
  expect(bytes).toBe(opening.length + pieces * piece.length + ending.length - 1);
});

it('COPY of 50 MB out and in keeps memory flat', async () => {
  const { relay, grant } = await relayFor();
  const env = { ...process.env, PGPASSWORD: grant.passwords[0] ?? '', PGSSLMODE: 'disable' };
  const psql = [
    '-XqAt',
    '-h',
    '127.0.0.1',
    '-p',
    String(relay.port),
    '-U',
    grant.user,
    '-v',
    'ON_ERROR_STOP=1',
    DATABASE,
  ];
  const before = memory();
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, memory());
  }, 20);
  const copyOut = `COPY (SELECT i, repeat('y', 90) FROM generate_series(1, 500000) i) TO STDOUT`;
  const copyIn = `{ echo 'CREATE TEMP TABLE t (i int, x text); COPY t FROM STDIN;'; cat; echo '\\.'; echo 'SELECT count(*) FROM t;'; }`;
  const script = `psql "$@" -c "$COPY_OUT" | ${copyIn} | psql "$@"`;
  const { stdout } = await promisify(execFile)('sh', ['-c', script, 'sh', ...psql], {
    env: { ...env, COPY_OUT: copyOut },
  });
  clearInterval(watch);
  expect(stdout.trim()).toBe('500000');
  expect(peak - before).toBeLessThan(64);
  const copied = () =>
    relay.records().filter(({ kind, data }) => kind === 'statement.outcome' && data.command === 'COPY');
  await expect.poll(() => copied().map(({ data }) => data.rows)).toEqual([500_000, 500_000]);
  expect(copied().every(({ data }) => Number(data.bytes) > 45_000_000)).toBe(true);
});

it('with durability "disk" the same holds', async () => {
  const { relay, grant } = await relayFor({ durability: 'disk' });
  const clients = await Promise.all(Array.from({ length: 4 }, () => relay.connect(grant)));
  const ask = async (client: Client, from: number) => {
    for (let n = from; n < from + 25; n++) {
      expect((await client.query('SELECT $1::int AS n', [n])).rows).toEqual([{ n }]);
    }
  };
  await Promise.all(clients.map((client, index) => ask(client, index * 100)));
  await Promise.all(clients.map((client) => client.end()));
  expect(statements(relay)).toHaveLength(100);
});
