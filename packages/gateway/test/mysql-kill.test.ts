/** KILL with the number that the gateway gave out: it reaches the right session in whichever worker, on record, and nobody else's. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mysql } from '@tidegate/wire';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { type RawMysql, rawMysqlSession } from './mysql-raw.ts';
import { connectMysql, DATABASE, type MysqlWorld, newMysqlGrant, newMysqlWorld } from './mysql-support.ts';
import { type RelayOptions, type TestGrant, TestRelay } from './relay-support.ts';

let world: MysqlWorld;
beforeAll(async () => {
  world = await newMysqlWorld();
});
afterAll(() => world.end());

async function start(grants: readonly TestGrant[], options: RelayOptions = {}): Promise<TestRelay> {
  const relay = await TestRelay.start(world, grants, options);
  onTestFinished(() => relay.stop());
  return relay;
}

async function rawOf(relay: TestRelay, grant: TestGrant): Promise<RawMysql> {
  const client = await rawMysqlSession(relay, grant);
  onTestFinished(() => client.end());
  return client;
}

/** A session that sleeps in the database. */
async function sleeper(relay: TestRelay, grant: TestGrant): Promise<RawMysql> {
  const client = await rawOf(relay, grant);
  client.query('SELECT sleep(600)');
  await sleeping(grant);
  return client;
}

async function sleeping(grant: TestGrant): Promise<void> {
  const sql = "SELECT 1 FROM information_schema.processlist WHERE user = ? AND info = 'SELECT sleep(600)'";
  await expect.poll(async () => (await world.root.query(sql, [grant.user]))[0], { timeout: 5000 }).toHaveLength(1);
}

const numberOf = (client: RawMysql): number => client.hello?.connection ?? 0;

/** What the server (or the gateway) answers: null for OK. */
async function answer(client: RawMysql): Promise<mysql.ErrorFields | null> {
  const body = await client.body();
  return body[0] === 0xff ? mysql.readError(body) : null;
}

it('KILL QUERY of the same grant stops the statement, and both sessions go on', async () => {
  const grant = await newMysqlGrant(world);
  const relay = await start([grant]);
  const [asleep, other] = [await sleeper(relay, grant), await rawOf(relay, grant)];
  other.query(`KILL QUERY ${numberOf(asleep)}`);
  expect(await answer(other)).toBeNull();
  expect(await asleep.failure()).toMatchObject({ number: 1317 });
  for (const client of [asleep, other]) {
    client.query('DO 1');
    expect(await answer(client)).toBeNull();
  }
  expect(await relay.recorded('session.cancel')).toMatchObject({ grant: grant.grant.id });
  expect(await relay.recorded('statement', ({ text }) => String(text).startsWith('KILL'))).toBeDefined();
});

it.each([
  ['KILL', (client: RawMysql, number: number) => client.query(`KILL ${number}`)],
  ['kill connection', (client: RawMysql, number: number) => client.query(`/* so */ kill Connection ${number};`)],
  [
    'COM_PROCESS_KILL',
    (client: RawMysql, number: number) => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(number);
      client.command(mysql.Command.processKill, bytes);
    },
  ],
])('%s ends the other connection', async (_what, kill) => {
  const grant = await newMysqlGrant(world);
  const relay = await start([grant]);
  const [asleep, other] = [await sleeper(relay, grant), await rawOf(relay, grant)];
  kill(other, numberOf(asleep));
  expect(await answer(other)).toBeNull();
  await asleep.closed;
  other.query('DO 1');
  expect(await answer(other)).toBeNull();
});

it('of another grant is refused, on record, and has no effect', async () => {
  const [grant, foreign] = [await newMysqlGrant(world), await newMysqlGrant(world)];
  const relay = await start([grant, foreign]);
  const [asleep, other] = [await sleeper(relay, grant), await rawOf(relay, foreign)];
  other.query(`KILL QUERY ${numberOf(asleep)}`);
  expect(await answer(other)).toMatchObject({ number: 1095, state: 'HY000' });
  await sleeping(grant);
  expect(relay.records().some(({ kind }) => kind === 'session.cancel')).toBe(false);
  expect(await relay.recorded('statement.outcome', ({ state }) => state === 'error')).toMatchObject({
    sqlstate: 'HY000',
  });
});

it('that the database does not take is answered with an error', async () => {
  const grant = await newMysqlGrant(world);
  await world.root.query('ALTER USER ?@? WITH MAX_USER_CONNECTIONS 2', [grant.user, '%']);
  const relay = await start([grant]);
  const [asleep, other] = [await sleeper(relay, grant), await rawOf(relay, grant)];
  other.query(`KILL QUERY ${numberOf(asleep)}`);
  expect(await answer(other)).toMatchObject({ number: 1105, message: expect.stringContaining('could not make') });
  await sleeping(grant);
});

it('of a session that is over is of nobody', async () => {
  const grant = await newMysqlGrant(world);
  const relay = await start([grant]);
  const [gone, other] = [await rawOf(relay, grant), await rawOf(relay, grant)];
  gone.end();
  await relay.hears('session-closed');
  other.query(`KILL ${numberOf(gone)}`);
  expect(await answer(other)).toMatchObject({ number: 1094, message: `Unknown thread id: ${numberOf(gone)}` });
});

it('a number that is the server’s own is the server’s to kill', async () => {
  const grant = await newMysqlGrant(world);
  const relay = await start([grant]);
  const [asleep, other] = [await connectMysql(relay, grant), await rawOf(relay, grant)];
  const [rows] = await asleep.query('SELECT connection_id() AS id');
  const { id } = (rows as { id: number }[])[0] ?? { id: 0 };
  const failed = asleep.query('SELECT sleep(600)').catch((error: unknown) => error);
  await sleeping(grant);
  other.query(`KILL ${id}`);
  expect(await answer(other)).toBeNull();
  expect(await failed).toBeInstanceOf(Error);
  other.query('KILL 999999');
  expect(await answer(other)).toMatchObject({ number: 1094 });
});

it('crosses workers: asked at one, done and recorded at the other', async () => {
  const grant = await newMysqlGrant(world);
  const [here, there] = [await start([grant], { worker: 3 }), await start([grant], { worker: 5 })];
  const [asleep, other] = [await sleeper(here, grant), await rawOf(there, grant)];
  expect(numberOf(asleep) & 0xff).toBe(3);
  other.query(`KILL ${numberOf(asleep)}`);
  const asked = await there.hears('cancel');
  expect(asked.worker).toBe(3);
  here.tell({ type: 'cancel', key: asked.key });
  const answered = await here.hears('cancel');
  expect(answered.worker).toBe(5);
  there.tell({ type: 'cancel', key: answered.key });
  expect(await answer(other)).toBeNull();
  await asleep.closed;
  expect(await here.recorded('session.cancel')).toMatchObject({ grant: grant.grant.id });
});

it('of another grant at another worker is refused there', async () => {
  const [grant, foreign] = [await newMysqlGrant(world), await newMysqlGrant(world)];
  const [here, there] = [await start([grant], { worker: 3 }), await start([foreign], { worker: 5 })];
  const [asleep, other] = [await sleeper(here, grant), await rawOf(there, foreign)];
  other.query(`KILL QUERY ${numberOf(asleep)}`);
  here.tell({ type: 'cancel', key: (await there.hears('cancel')).key });
  there.tell({ type: 'cancel', key: (await here.hears('cancel')).key });
  expect(await answer(other)).toMatchObject({ number: 1095 });
  await sleeping(grant);
});

it('the mariadb command line: Ctrl-C', async () => {
  const grant = await newMysqlGrant(world);
  const relay = await start([grant]);
  const where = ['--no-defaults', '--skip-ssl', '-h', '127.0.0.1', '-P', String(relay.port), '-u', grant.user];
  const env = { ...process.env, MYSQL_PWD: grant.passwords[0] ?? '' };
  const client = spawn('mariadb', [...where, '-e', 'SELECT sleep(600)', DATABASE], { env });
  await sleeping(grant);
  client.kill('SIGINT');
  await once(client, 'close');
  expect(await relay.recorded('session.cancel')).toMatchObject({ grant: grant.grant.id });
});

it('COM_CHANGE_USER is refused, and the session goes on', async () => {
  const grant = await newMysqlGrant(world);
  const relay = await start([grant]);
  const client = await connectMysql(relay, grant);
  await expect(client.changeUser({ user: 'root', password: 'x' })).rejects.toMatchObject({
    errno: 1235,
    message: expect.stringContaining('belongs to one grant'),
  });
  const raw = await rawOf(relay, grant);
  raw.command(mysql.Command.changeUser, 'root\0');
  expect(await answer(raw)).toMatchObject({ number: 1235, state: '42000' });
  raw.query('DO 1');
  expect(await answer(raw)).toBeNull();
});

it('a command behind one that the gateway answers waits for it', async () => {
  const grant = await newMysqlGrant(world);
  const relay = await start([grant]);
  const client = await rawOf(relay, grant);
  const gone = 2 ** 30 + 0x100;
  const packets = [`DO 1`, `KILL ${gone}`, 'SELECT 7', `KILL QUERY ${gone}`, 'DO 2'].map((text) =>
    mysql.packet(0, Buffer.of(mysql.Command.query), Buffer.from(text)),
  );
  client.send(Buffer.concat(packets));
  expect(await answer(client)).toBeNull();
  expect(await answer(client)).toMatchObject({ number: 1094 });
  for (const first of [1, 3, 0xfe, 1, 0xfe]) expect((await client.body())[0]).toBe(first);
  expect(await answer(client)).toMatchObject({ number: 1094 });
  expect(await answer(client)).toBeNull();
});
