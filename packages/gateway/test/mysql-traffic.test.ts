/** What passes through: every kind of command, on record before the server has it, and byte for byte as without a gateway. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { mysql } from '@tidegate/wire';
import * as mariadb from 'mariadb';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { RawMysql, rawMysqlSession } from './mysql-raw.ts';
import { configOf, connectMysql, DATABASE, type MysqlWorld, newMysqlGrant, newMysqlWorld } from './mysql-support.ts';
import { type RelayOptions, type TestGrant, TestRelay } from './relay-support.ts';

let world: MysqlWorld;
beforeAll(async () => {
  world = await newMysqlWorld();
});
afterAll(() => world.end());

async function start(options: RelayOptions = {}): Promise<{ relay: TestRelay; grant: TestGrant }> {
  const grant = await newMysqlGrant(world);
  const relay = await TestRelay.start(world, [grant], options);
  onTestFinished(() => relay.stop());
  return { relay, grant };
}

/** The gateway has met its server, and offers what MariaDB alone has. */
async function offersOwn(relay: TestRelay): Promise<void> {
  const own = async () => {
    const client = new RawMysql(relay.port);
    const { mariadbCapabilities } = await client.greeted();
    client.end();
    return mariadbCapabilities;
  };
  const { bulkOperations, cacheMetadata } = mysql.MariadbCapability;
  await expect.poll(async () => mysql.has(await own(), bulkOperations | cacheMetadata)).toBe(true);
}

/** The statement with this text, and what came of it. */
async function recorded(relay: TestRelay, text: string) {
  const statement = await relay.recorded('statement', (data) => data.text === text);
  const outcome = await relay.recorded('statement.outcome', ({ op }) => op === statement.op);
  return { statement, outcome };
}

describe('on record', () => {
  it('is a text statement, with its outcome', async () => {
    const { relay, grant } = await start();
    const client = await connectMysql(relay, grant);
    await client.query("INSERT INTO things VALUES (1, 'a'), (2, 'b')");
    await client.query('SELECT * FROM things');
    await client.query('SELECT nonsense').catch(() => {});
    await client.end();
    expect((await recorded(relay, "INSERT INTO things VALUES (1, 'a'), (2, 'b')")).outcome).toMatchObject({
      state: 'done',
      rows: 2,
    });
    expect((await recorded(relay, 'SELECT * FROM things')).outcome).toMatchObject({ state: 'done', rows: 2 });
    expect((await recorded(relay, 'SELECT nonsense')).outcome).toMatchObject({ state: 'error', sqlstate: '42S22' });
  });

  it('is a prepared one, with its values', async () => {
    const { relay, grant } = await start();
    const client = await connectMysql(relay, grant);
    const text = 'SELECT ? AS a, ? AS b, ? AS c';
    const [rows] = await client.execute(text, ['grün', 7, null]);
    expect(rows).toEqual([{ a: 'grün', b: 7, c: null }]);
    await client.end();
    const { statement, outcome } = await recorded(relay, text);
    expect(statement).toMatchObject({
      protocol: 'extended',
      values: [{ value: 'grün' }, { value: 7 }, { value: null }],
    });
    expect(outcome).toMatchObject({ state: 'done', rows: 1 });
  });

  it('is each of several statements in one text', async () => {
    const { relay, grant } = await start();
    const client = await connectMysql(relay, grant, { multipleStatements: true });
    const text = 'SELECT 1; DO 1; SELECT 2 UNION SELECT 3';
    const [results] = await client.query(text);
    expect(results).toMatchObject([[{ 1: 1 }], {}, [{ 2: 2 }, { 2: 3 }]]);
    await client.end();
    const { op } = (await recorded(relay, text)).statement;
    await relay.recorded('statement.outcome', (data) => data.op === op && data.index === 2);
    const outcomes = relay.records().filter(({ kind, data }) => kind === 'statement.outcome' && data.op === op);
    expect(outcomes.map(({ data }) => data.rows)).toEqual([1, 0, 2]);
  });

  it('is a bulk execution by the mariadb driver, with the values of each of its rows', async () => {
    const { relay, grant } = await start();
    await offersOwn(relay);
    const client = await mariadb.createConnection(configOf(relay, grant));
    const many = Array.from({ length: 50 }, (_, i) => [100 + i, i === 7 ? null : `bulk ${i}`]);
    const text = 'INSERT INTO things VALUES (?, ?)';
    await client.batch(text, many);
    const [found] = await client.query('SELECT count(*) AS n FROM things WHERE name LIKE "bulk%"');
    expect(Number(found.n)).toBe(49);
    await client.end();
    const { statement, outcome } = await recorded(relay, text);
    const rows = many.map(([id, name]) => ({ type: 'row', value: [{ value: id }, { value: name }] }));
    expect(statement).toMatchObject({ protocol: 'extended', values: rows });
    expect(outcome).toMatchObject({ state: 'done', rows: 50 });
    // One command for all: the driver went by what the gateway offers of MariaDB's own.
    expect(relay.records().filter(({ kind, data }) => kind === 'statement' && data.text === text)).toHaveLength(1);
  });

  it('is a failing row of a bulk, as one error', async () => {
    const { relay, grant } = await start();
    await offersOwn(relay);
    const client = await mariadb.createConnection(configOf(relay, grant));
    const text = 'INSERT INTO things (id, name) VALUES (?, ?)';
    await client
      .batch(text, [
        [200, 'a'],
        [200, 'b'],
      ])
      .catch(() => {});
    await client.end();
    expect((await recorded(relay, text)).outcome).toMatchObject({ state: 'error', sqlstate: '23000' });
  });

  it('is a statement whose columns the server does not say twice, with its rows', async () => {
    const { relay, grant } = await start();
    await offersOwn(relay);
    await world.root.query("REPLACE INTO things VALUES (300, 'kept'), (301, 'kept')");
    const client = await mariadb.createConnection(configOf(relay, grant));
    const text = 'SELECT id, name FROM things WHERE name = ?';
    for (let i = 0; i < 3; i++) expect(await client.execute(text, ['kept'])).toHaveLength(2);
    await client.end();
    await expect
      .poll(() => {
        const records = relay.records();
        const ops = records.flatMap(({ kind, data }) => (kind === 'statement' && data.text === text ? [data.op] : []));
        return records.flatMap(({ kind, data }) =>
          kind === 'statement.outcome' && ops.includes(data.op) ? [data.rows] : [],
        );
      })
      .toEqual([2, 2, 2]);
  });

  it('is a change of database, and other commands without text', async () => {
    const { relay, grant } = await start();
    const client = await rawMysqlSession(relay, grant);
    onTestFinished(() => client.end());
    client.command(mysql.Command.initDb, 'other');
    expect((await client.failure()).number).toBe(1044);
    client.command(0x0e);
    expect((await client.body())[0]).toBe(0);
    expect(await relay.recorded('statement', ({ text }) => text === 'COM_INIT_DB')).toMatchObject({
      values: [{ value: 'other' }],
    });
  });
});

describe('the stream', () => {
  it('carries packets over 16 MiB both ways', async () => {
    const { relay, grant } = await start();
    const client = await connectMysql(relay, grant);
    const long = 'x'.repeat(17 * 1024 * 1024);
    const [rows] = await client.query(`SELECT '${long}' AS long_one, length('${long}') AS n`);
    expect(rows).toMatchObject([{ n: long.length }]);
    expect((rows as { long_one: string }[])[0]?.long_one === long).toBe(true);
    const [values] = await client.execute('SELECT length(?) AS n', [long]);
    expect(values).toEqual([{ n: long.length }]);
    await client.end();
  });

  it('carries large results to a client that stalls, in bounded memory', async () => {
    const { relay, grant } = await start();
    const client = await rawMysqlSession(relay, grant);
    onTestFinished(() => client.end());
    client.query('SELECT repeat("x", 10000) FROM seq_1_to_20000');
    await client.packet();
    client.socket.pause();
    const before = process.memoryUsage().rss;
    const other = await connectMysql(relay, grant);
    for (let i = 0; i < 50; i++) await other.query('SELECT 1');
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
    client.socket.resume();
    let rows = 0;
    for (;;) {
      const packet = await client.packet();
      if (packet === null) throw new Error('closed');
      if (packet.body.length > 5000) rows += 1;
      else if (rows > 0 && packet.body[0] === 0xfe) break;
    }
    expect(rows).toBe(20_000);
    await other.end();
  });

  it('keeps the order of commands that are sent ahead', async () => {
    const { relay, grant } = await start();
    const client = await rawMysqlSession(relay, grant);
    onTestFinished(() => client.end());
    const texts = Array.from({ length: 200 }, (_, i) => `DO ${i}`);
    client.send(Buffer.concat(texts.map((text) => mysql.packet(0, Buffer.of(mysql.Command.query), Buffer.from(text)))));
    for (const _ of texts) expect((await client.body())[0]).toBe(0);
    await recorded(relay, 'DO 199');
    const told = relay.records().flatMap(({ kind, data }) => (kind === 'statement' ? [data.text] : []));
    expect(told).toEqual(texts);
  });
});

describe('mariadb-dump', () => {
  it('reads a whole database, tables and rows', async () => {
    const { relay, grant } = await start();
    await world.root.query("REPLACE INTO things VALUES (5000, 'dumped')");
    const where = ['--no-defaults', '--skip-ssl', '-h', '127.0.0.1', '-P', String(relay.port), '-u', grant.user];
    const env = { ...process.env, MYSQL_PWD: grant.passwords[0] ?? '' };
    const { stdout } = await promisify(execFile)('mariadb-dump', [...where, '--single-transaction', DATABASE], { env });
    expect(stdout).toContain('CREATE TABLE `things`');
    expect(stdout).toContain("(5000,'dumped')");
    expect(stdout).toMatch(/-- Dump completed/);
  });
});

describe('a transaction', () => {
  it('and session state are the server’s as without a gateway', async () => {
    const { relay, grant } = await start();
    const client = await mariadb.createConnection(configOf(relay, grant));
    await client.beginTransaction();
    await client.query("INSERT INTO things VALUES (900, 'x')");
    await client.rollback();
    await client.query('SET @mine = 5');
    expect(await client.query('SELECT @mine AS mine, count(*) AS n FROM things WHERE id = 900')).toMatchObject([
      { n: 0n },
    ]);
    await client.reset();
    expect(await client.query('SELECT @mine AS mine')).toMatchObject([{ mine: null }]);
    await client.end();
  });
});

describe('noise instead of a login', () => {
  it.each([
    ['garbage', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a packet of 16 MiB', Buffer.from('ffffff01', 'hex')],
    ['a packet out of order', mysql.packet(7, Buffer.alloc(40))],
    ['an empty packet', mysql.packet(1, Buffer.alloc(0))],
    ['a client of MySQL 4.0', mysql.packet(1, Buffer.from('85a4000000726f6f7400', 'hex'))],
    [
      'an answer that is cut short',
      mysql.packet(1, Buffer.concat([Buffer.from('0082080000000001ff', 'hex'), Buffer.alloc(10)])),
    ],
    [
      'a name that is no text',
      mysql.packet(
        1,
        Buffer.concat([Buffer.from('008208000000000121', 'hex'), Buffer.alloc(23), Buffer.from('fffe0000', 'hex')]),
      ),
    ],
  ])('%s is answered with an error, and nobody else is the worse for it', async (_what, noise) => {
    const { relay, grant } = await start();
    const client = new RawMysql(relay.port);
    await client.greeted();
    client.send(noise);
    const { number } = await client.failure();
    expect([1043, 1235]).toContain(number);
    await client.closed;
    expect(relay.records()).toEqual([]);
    await (await connectMysql(relay, grant)).end();
  });

  it.each([
    ['at once', null],
    ['after half a packet', Buffer.from('ff000001', 'hex')],
  ])('silence %s ends with the time for a login', async (_what, before) => {
    const { relay } = await start({ limits: { handshakeMs: 300 } });
    const client = new RawMysql(relay.port);
    await client.greeted();
    if (before !== null) client.send(before);
    expect(await client.failure()).toMatchObject({ number: 1159, sequence: 1 });
    await client.closed;
  });

  it('a name as long as a packet is refused, and neither remembered nor recorded', async () => {
    const { relay } = await start();
    for (const names of [{ user: 'x'.repeat(60_000) }, { user: 'x', database: 'y'.repeat(60_000) }]) {
      const client = new RawMysql(relay.port);
      await client.prove({ password: 'x', ...names });
      expect(await client.failure()).toMatchObject({ number: 1043, message: expect.stringContaining('too long') });
    }
    expect(relay.records()).toEqual([]);
  });

  it('too many clients are told so before anything else, without SQLSTATE', async () => {
    const { relay } = await start({ limits: { connections: 1 } });
    const first = new RawMysql(relay.port);
    await first.greeted();
    const second = new RawMysql(relay.port);
    const body = await second.body();
    expect(body.toString('hex', 0, 3)).toBe('ff1004');
    expect(body.toString('utf8', 3)).toMatch(/^too many connections/);
    first.end();
  });
});
