/** LOCAL INFILE: for the resource that allows it, what was uploaded on record before the server has its end; for no other. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import type { ResourceName } from '@tidegate/core';
import { mysql } from '@tidegate/wire';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { rawMysqlSession } from './mysql-raw.ts';
import { connectMysql, DATABASE, type MysqlWorld, newMysqlGrant, newMysqlWorld } from './mysql-support.ts';
import { type TestGrant, TestRelay } from './relay-support.ts';

const { Capability } = mysql;
const sha256 = (content: string) => createHash('sha256').update(content).digest('hex');

let world: MysqlWorld;
beforeAll(async () => {
  world = await newMysqlWorld({ allow: { localInfile: true } }, { local_infile: 'ON' });
});
afterAll(() => world.end());

async function start(of: MysqlWorld = world): Promise<{ relay: TestRelay; grant: TestGrant }> {
  const grant = await newMysqlGrant(of);
  const relay = await TestRelay.start(of, [grant]);
  onTestFinished(() => relay.stop());
  return { relay, grant };
}

const LOAD = "LOAD DATA LOCAL INFILE 'rows.csv' INTO TABLE things";
const load = (content: string) => ({ sql: LOAD, infileStreamFactory: () => Readable.from([Buffer.from(content)]) });

it('goes through by mysql2, and stands on record by size and digest', async () => {
  const { relay, grant } = await start();
  const client = await connectMysql(relay, grant, { flags: ['LOCAL_FILES'] });
  const content = Array.from({ length: 100_000 }, (_, i) => `${1_000_000 + i}\tfrom a file ${i}\n`).join('');
  await client.query(load(content));
  const [rows] = await client.query("SELECT count(*) AS n FROM things WHERE name LIKE 'from a file%'");
  expect(rows).toEqual([{ n: 100_000 }]);
  await client.end();
  const { op } = await relay.recorded('statement', ({ text }) => text === LOAD);
  const bytes = Buffer.byteLength(content);
  const uploaded = { op, file: 'rows.csv', bytes, whole: true, sha256: sha256(content) };
  expect(await relay.recorded('statement.uploaded')).toMatchObject(uploaded);
  expect(await relay.recorded('statement.outcome', (data) => data.op === op)).toMatchObject({ rows: 100_000, bytes });
});

it('goes through by the mariadb command line', async () => {
  const { relay, grant } = await start();
  const file = join(relay.folder, 'rows.csv');
  writeFileSync(file, '1\tone\n2\ttwo\n');
  const where = ['--no-defaults', '--skip-ssl', '-h', '127.0.0.1', '-P', String(relay.port), '-u', grant.user];
  const env = { ...process.env, MYSQL_PWD: grant.passwords[0] ?? '' };
  const text = `LOAD DATA LOCAL INFILE '${file}' INTO TABLE things`;
  await promisify(execFile)('mariadb', [...where, '--local-infile=1', DATABASE, '-e', text], { env });
  expect(await relay.recorded('statement.uploaded')).toMatchObject({
    file,
    bytes: 12,
    sha256: sha256('1\tone\n2\ttwo\n'),
  });
});

it('is on record before the server has the end of the file', async () => {
  const { relay, grant } = await start();
  const client = await rawMysqlSession(relay, grant, { capabilities: Capability.localFiles });
  onTestFinished(() => client.end());
  client.query(LOAD);
  expect((await client.body())[0]).toBe(0xfb);
  client.say(Buffer.from('700\tlast words\n'));
  expect(relay.records().some(({ kind }) => kind === 'statement.uploaded')).toBe(false);
  client.say(Buffer.alloc(0));
  expect((await client.body())[0]).toBe(0);
  const kinds = relay.records().map(({ kind }) => kind);
  expect(kinds.indexOf('statement.uploaded')).toBeGreaterThan(kinds.indexOf('statement'));
  const [rows] = await world.root.query('SELECT name FROM things WHERE id = 700');
  expect(rows).toEqual([{ name: 'last words' }]);
});

it('that ends in the middle stands on record as far as it came', async () => {
  const { relay, grant } = await start();
  const client = await rawMysqlSession(relay, grant, { capabilities: Capability.localFiles });
  client.query(LOAD);
  expect((await client.body())[0]).toBe(0xfb);
  client.say(Buffer.from('800\tnever\n'));
  client.end();
  const part = { whole: false, bytes: 10, sha256: sha256('800\tnever\n') };
  expect(await relay.recorded('statement.uploaded')).toMatchObject(part);
});

it('tells no digest where values are not recorded', async () => {
  const { relay, grant } = await start({ ...world, resource: { ...world.resource, record: { values: 'text' } } });
  const client = await connectMysql(relay, grant, { flags: ['LOCAL_FILES'] });
  await client.query(load('900\tsecret\n'));
  await client.end();
  const uploaded = await relay.recorded('statement.uploaded');
  expect(uploaded).toMatchObject({ file: 'rows.csv', bytes: 11, whole: true });
  expect(uploaded).not.toHaveProperty('sha256');
});

it('is refused by the server of another resource, whatever this gateway offers, and the session goes on', async () => {
  const other = {
    ...world,
    resource: { ...world.resource, name: 'stock' as ResourceName, allow: { localInfile: false } },
  };
  const grant = await newMysqlGrant(other);
  const relay = await TestRelay.start(world, []);
  onTestFinished(() => relay.stop());
  const resources = [world.resource, other.resource];
  relay.tell({ type: 'state', revision: 9, resources, grants: [grant.grant] });
  await relay.hears('ack', ({ revision }) => revision === 9);
  const client = await connectMysql(relay, grant, { flags: ['LOCAL_FILES'] });
  const asked = client.query({
    sql: LOAD,
    infileStreamFactory: () => {
      throw new Error('asked for a file');
    },
  });
  await expect(asked).rejects.toMatchObject({ errno: 4166 });
  await expect(client.query('SELECT 1')).resolves.toBeDefined();
  await client.end();
  // It was offered all the same.
  const raw = await rawMysqlSession(relay, grant);
  expect(mysql.has(raw.hello?.capabilities ?? 0, Capability.localFiles)).toBe(true);
  raw.end();
});
