/** MySQL and MariaDB clients: who is let in by which proof, who is not, and what they are told. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mysql } from '@tidegate/wire';
import * as mariadb from 'mariadb';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { RawMysql, type RawMysqlLogin, rawMysqlSession } from './mysql-raw.ts';
import { configOf, connectMysql, DATABASE, type MysqlWorld, newMysqlGrant, newMysqlWorld } from './mysql-support.ts';
import { type RelayOptions, type TestGrant, TestRelay } from './relay-support.ts';

const { Plugin, Capability } = mysql;

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

function rawClient(relay: TestRelay): RawMysql {
  const client = new RawMysql(relay.port);
  onTestFinished(() => client.end());
  return client;
}

/** What the client hears after its proof, up to OK or ERR: the packets' first bytes, and the error. */
async function outcome(client: RawMysql, login: RawMysqlLogin) {
  await client.prove(login);
  const heard: string[] = [];
  for (;;) {
    const { sequence, body } = (await client.packet()) ?? { sequence: -1, body: Buffer.of(0xff, 0, 0) };
    heard.push(`${sequence}:${body.toString('hex', 0, body[0] === 1 ? 2 : 1)}`);
    if (body[0] === 0xff) return { heard, error: mysql.readError(body) };
    if (body[0] === 0) return { heard, error: null };
    if (body[0] === 1 && body[1] === mysql.CachingSha2.fullWanted) client.say(mysql.plainPassword(login.password));
    if (body[0] === 0xfe) {
      const asked = mysql.readAuthPacket(body);
      if (asked.kind !== 'switch') throw new Error('no switch');
      client.say(mysql.sha2Proof(login.password, asked.data));
    }
  }
}

const ME = 'SELECT substring_index(current_user(), "@", 1) AS me, database() AS here';

describe('a driver is let in as the principal', () => {
  it.each([
    ['without TLS', false],
    ['in TLS', true],
  ])('mysql2, %s', async (_how, ssl) => {
    const grant = await newMysqlGrant(world);
    const relay = await relayWith([grant]);
    const client = await connectMysql(relay, grant, ssl ? { ssl: { ca: world.tls.ca } } : {});
    const [rows] = await client.query(ME);
    expect(rows).toEqual([{ me: grant.user, here: DATABASE }]);
    const [values] = await client.execute('SELECT ? + 1 AS n', [41]);
    expect(values).toEqual([{ n: 42 }]);
    await client.end();
  });

  it.each([
    ['without TLS', false],
    ['in TLS', true],
  ])('mariadb, %s', async (_how, ssl) => {
    const grant = await newMysqlGrant(world);
    const relay = await relayWith([grant]);
    const tls = ssl ? { host: 'localhost', ssl: { ca: world.tls.ca } } : {};
    const client = await mariadb.createConnection({ ...configOf(relay, grant), ...tls });
    expect(await client.query(ME)).toEqual([{ me: grant.user, here: DATABASE }]);
    expect(await client.execute('SELECT ? + 1 AS n', [41])).toMatchObject([{ n: 42n }]);
    await client.end();
  });

  it.each([
    ['without TLS', []],
    ['in TLS, verified', ['--ssl-verify-server-cert']],
  ])('the mariadb command line, %s', async (_how, more) => {
    const grant = await newMysqlGrant(world);
    const relay = await relayWith([grant]);
    const ca = join(relay.folder, 'ca.pem');
    writeFileSync(ca, world.tls.ca);
    const tls = more.length > 0 ? [...more, `--ssl-ca=${ca}`] : ['--skip-ssl'];
    const where = ['--no-defaults', '-h', 'localhost', '--protocol=tcp', '-P', String(relay.port), '-u', grant.user];
    const env = { ...process.env, MYSQL_PWD: grant.passwords[0] ?? '' };
    const { stdout } = await promisify(execFile)('mariadb', [...where, ...tls, '-N', '-e', ME, DATABASE], { env });
    expect(stdout.trim().split('\t')).toEqual([grant.user, DATABASE]);
    const program = { application: 'mysql' };
    expect(await relay.recorded('session.started')).toMatchObject({ ...program, principal: grant.user });
  });
});

describe('a proof', () => {
  it.each([
    ['caching_sha2_password, fast', { plugin: Plugin.cachingSha2 }, ['2:0103', '3:00']],
    ['mysql_native_password', { plugin: Plugin.native }, ['2:00']],
    ['caching_sha2_password after another method', { plugin: 'client_ed25519' }, ['2:fe', '4:0103', '5:00']],
    ['caching_sha2_password in TLS', { plugin: Plugin.cachingSha2, secure: true }, ['3:0103', '4:00']],
    ['mysql_clear_password in TLS', { plugin: Plugin.clear, secure: true }, ['3:00']],
    [
      'the password itself in TLS, after a short proof that does not fit',
      { plugin: Plugin.cachingSha2, secure: true, proof: Buffer.alloc(32, 1) },
      ['3:0104', '5:00'],
    ],
  ])('%s lets in, with each of several tickets', async (_what, login, packets) => {
    const grant = await newMysqlGrant(world, { ticketCount: 3 });
    const relay = await relayWith([grant]);
    for (const password of grant.passwords) {
      const { heard, error } = await outcome(rawClient(relay), { user: grant.user, password, ...login });
      expect(error).toBeNull();
      expect(heard).toEqual(packets);
    }
  });

  it.each([
    ['caching_sha2_password', { plugin: Plugin.cachingSha2 }],
    ['mysql_native_password', { plugin: Plugin.native }],
    ['nothing at all', { proof: Buffer.alloc(0) }],
    ['a proof of another length', { proof: Buffer.alloc(31) }],
    ['caching_sha2_password in TLS, to its end', { plugin: Plugin.cachingSha2, secure: true }],
    ['mysql_clear_password in TLS', { plugin: Plugin.clear, secure: true }],
  ])('by %s that is wrong is refused like an unknown login name, in words and in packets', async (_what, login) => {
    const grant = await newMysqlGrant(world);
    const relay = await relayWith([grant]);
    const wrong = await outcome(rawClient(relay), { user: grant.user, password: 'wrong', ...login });
    const unknown = await outcome(rawClient(relay), { user: 'nobody.g0000000', password: 'wrong', ...login });
    expect(wrong.error).toMatchObject({ number: 1045, state: '28000' });
    expect(unknown.error?.message.replace('nobody.g0000000', grant.user)).toEqual(wrong.error?.message);
    expect(unknown.heard).toEqual(wrong.heard);
    expect(await relay.recorded('session.refused', (data) => data.loginName === grant.user)).toMatchObject({
      code: 'login_failed',
      resource: 'shop',
    });
  });

  it('in plain text is not asked for outside of TLS', async () => {
    const grant = await newMysqlGrant(world);
    const relay = await relayWith([grant]);
    const password = grant.passwords[0] ?? '';
    const clear = await outcome(rawClient(relay), { user: grant.user, password, plugin: Plugin.clear });
    expect(clear.heard).toEqual(['2:fe', '4:0103', '5:00']);
    const short = { user: grant.user, password, proof: Buffer.alloc(32, 1) };
    expect((await outcome(rawClient(relay), short)).heard).toEqual(['2:ff']);
  });

  it('that was heard is worth nothing on another connection', async () => {
    const grant = await newMysqlGrant(world);
    const relay = await relayWith([grant]);
    const { nonce } = await rawClient(relay).greeted();
    for (const plugin of [Plugin.cachingSha2, Plugin.native]) {
      const make = plugin === Plugin.native ? mysql.nativeProof : mysql.sha2Proof;
      const proof = make(grant.passwords[0] ?? '', nonce);
      const { error } = await outcome(rawClient(relay), { user: grant.user, password: '', plugin, proof });
      expect(error).toMatchObject({ number: 1045 });
    }
  });

  it('of a ticket that is revoked lets nobody in any more, and leaves the sessions it had opened', async () => {
    const grant = await newMysqlGrant(world, { ticketCount: 2 });
    const relay = await relayWith([grant]);
    const client = await connectMysql(relay, grant);
    await relay.change([{ ...grant.grant, tickets: grant.grant.tickets.slice(1) }]);
    await expect(connectMysql(relay, grant)).rejects.toMatchObject({ errno: 1045 });
    await expect(client.query('SELECT 1')).resolves.toBeDefined();
    await client.end();
    await (await connectMysql(relay, grant, { password: grant.passwords[1] ?? '' })).end();
  });
});

describe('a listener that wants TLS', () => {
  it('refuses a client without, right ticket or not', async () => {
    const grant = await newMysqlGrant(world);
    const relay = await relayWith([grant], { tlsRequired: true });
    await expect(connectMysql(relay, grant)).rejects.toMatchObject({ errno: 3159, sqlState: 'HY000' });
    await (await connectMysql(relay, grant, { ssl: { ca: world.tls.ca } })).end();
  });

  it('takes what comes behind the request for TLS for TLS, and for nothing else', async () => {
    const grant = await newMysqlGrant(world);
    const relay = await relayWith([grant]);
    const client = rawClient(relay);
    await client.greeted();
    const prefix = { mariadbCapabilities: 0, maxPacket: 2 ** 24, collation: 45 };
    const flags = (Capability.protocol41 | Capability.ssl | Capability.secureConnection) >>> 0;
    client.say(mysql.sslRequest({ ...prefix, capabilities: flags }));
    // In the clear, where TLS should begin.
    client.say(Buffer.alloc(60, 1));
    await client.closed;
    expect(relay.records()).toEqual([]);
  });
});

describe('a database', () => {
  it('that is not the resource’s is refused', async () => {
    const grant = await newMysqlGrant(world);
    const relay = await relayWith([grant]);
    await expect(connectMysql(relay, grant, { database: 'other' })).rejects.toMatchObject({
      errno: 1049,
      sqlState: '42000',
      message: expect.stringContaining('does not cover database "other"'),
    });
  });

  it('that nobody named is the resource’s first, in the session and on record', async () => {
    const grant = await newMysqlGrant(world);
    const relay = await relayWith([grant]);
    const client = await connectMysql(relay, grant, { database: '' });
    const [rows] = await client.query(ME);
    expect(rows).toMatchObject([{ here: DATABASE }]);
    expect(await relay.recorded('session.started')).toMatchObject({ database: DATABASE });
    await client.end();
  });
});

describe('a grant', () => {
  it('that is closed says how, and by whom', async () => {
    const closing = { reason: 'revoked' as const, by: 'bob', comment: 'enough' };
    const grant = await newMysqlGrant(world, { phase: 'close', closing });
    const relay = await relayWith([grant]);
    await expect(connectMysql(relay, grant)).rejects.toMatchObject({
      errno: 1045,
      message: expect.stringMatching(/was revoked by bob: enough\..*tidegate request shop.*\(Tidegate: grant_over\)$/s),
    });
  });

  it('whose principal the database does not know says that it will not be let in, and nothing of where', async () => {
    const grant = await newMysqlGrant(world);
    await world.root.query('DROP USER ?@?', [grant.user, '%']);
    const relay = await relayWith([grant]);
    const refused = connectMysql(relay, grant);
    await expect(refused).rejects.toMatchObject({
      errno: 1045,
      message: expect.stringContaining('does not let the principal'),
    });
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('127.0.0.1') });
  });

  it('has as many sessions as the resource allows', async () => {
    const grant = await newMysqlGrant(world);
    const relay = await TestRelay.start({ ...world, resource: { ...world.resource, maxSessionsPerGrant: 1 } }, [grant]);
    onTestFinished(() => relay.stop());
    const client = await connectMysql(relay, grant);
    await expect(connectMysql(relay, grant)).rejects.toMatchObject({ errno: 1203, sqlState: '42000' });
    await client.end();
  });
});

describe('what is agreed on', () => {
  it('never has compression, files or flags that are not known here, whatever the client says', async () => {
    const grant = await newMysqlGrant(world);
    const relay = await relayWith([grant]);
    const never =
      Capability.compress |
      Capability.zstdCompression |
      Capability.localFiles |
      Capability.optionalResultsetMetadata |
      Capability.multiFactorAuthentication;
    const client = await rawMysqlSession(relay, grant, { capabilities: never >>> 0 });
    onTestFinished(() => client.end());
    expect((client.hello?.capabilities ?? 0) & never).toBe(0);
    client.query('SELECT 1');
    expect([...(await client.body())]).toEqual([1]);
  });

  it('leaves LOCAL INFILE to the server to refuse, and the session goes on', async () => {
    const grant = await newMysqlGrant(world);
    const relay = await relayWith([grant]);
    const client = await connectMysql(relay, grant, { flags: ['LOCAL_FILES'] });
    const load = client.query({
      sql: "LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE things",
      infileStreamFactory: () => {
        throw new Error('asked for a file');
      },
    });
    await expect(load).rejects.toMatchObject({ errno: 4166 });
    await expect(client.query('SELECT 1')).resolves.toBeDefined();
    await client.end();
  });
});
