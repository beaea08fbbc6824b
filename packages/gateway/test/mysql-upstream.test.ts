/** Towards the real server: who it must be under TLS, by which methods the principal logs in, and what it may lack. */
import type { ResourceName } from '@tidegate/core';
import { mysql } from '@tidegate/wire';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { RelayResource } from '../src/worker-protocol.ts';
import { rawMysqlSession } from './mysql-raw.ts';
import { type Script, scriptedServer } from './mysql-server.ts';
import { connectMysql, DATABASE, type MysqlWorld, newMysqlGrant, newMysqlWorld } from './mysql-support.ts';
import { authority } from './principal-certificates.ts';
import { grantOf, type RelayWorld, relayTls, TestRelay } from './relay-support.ts';

const { Plugin, Capability } = mysql;

describe('a MariaDB with TLS', () => {
  let world: MysqlWorld;
  beforeAll(async () => {
    world = await newMysqlWorld();
  });
  afterAll(() => world.end());

  async function connectWith(tls: RelayResource['tls']) {
    const grant = await newMysqlGrant(world);
    await world.root.query('ALTER USER ?@? REQUIRE SSL', [grant.user, '%']);
    const relay = await TestRelay.start({ ...world, resource: { ...world.resource, tls } }, [grant]);
    onTestFinished(() => relay.stop());
    return { client: await connectMysql(relay, grant), relay, grant };
  }

  it('is let speak when it is who it must be', async () => {
    const { client } = await connectWith({ mode: 'verify-full', ca: world.serverCa, serverName: 'db.example' });
    const [rows] = await client.query("SHOW STATUS LIKE 'Ssl_version'");
    expect(rows).toMatchObject([{ Value: 'TLSv1.3' }]);
    await client.end();
  });

  it('may have any name under verify-ca', async () => {
    const { client } = await connectWith({ mode: 'verify-ca', ca: world.serverCa, serverName: null });
    await client.end();
  });

  it.each([
    ['another name', () => ({ mode: 'verify-full' as const, ca: world.serverCa, serverName: 'other.example' })],
    ['the address for its name', () => ({ mode: 'verify-full' as const, ca: world.serverCa, serverName: null })],
    ['an authority of somebody else', () => ({ mode: 'verify-ca' as const, ca: world.tls.ca, serverName: null })],
    ['an authority nobody knows', () => ({ mode: 'verify-full' as const, ca: null, serverName: 'db.example' })],
  ])('with %s is not spoken to', async (_what, tls) => {
    await expect(connectWith(tls())).rejects.toMatchObject({ errno: 3168 });
  });

  it('is told to KILL inside TLS', async () => {
    const { client, relay, grant } = await connectWith({ mode: 'verify-ca', ca: world.serverCa, serverName: null });
    const failed = client.query('SELECT sleep(600)').catch((error: unknown) => error);
    const sql = "SELECT 1 FROM information_schema.processlist WHERE user = ? AND info = 'SELECT sleep(600)'";
    await expect.poll(async () => (await world.root.query(sql, [grant.user]))[0]).toHaveLength(1);
    const other = await connectMysql(relay, grant);
    await other.query(`KILL QUERY ${client.threadId}`);
    expect(await failed).toMatchObject({ errno: 1317 });
    await Promise.all([other.end(), client.end()]);
  });

  it('through its Unix socket needs none', async () => {
    const grant = await newMysqlGrant(world);
    const address = { socket: world.server.socketPath, port: 3306 };
    const relay = await TestRelay.start({ ...world, resource: { ...world.resource, address } }, [grant]);
    onTestFinished(() => relay.stop());
    const client = await connectMysql(relay, grant);
    await expect(client.query('SELECT 1')).resolves.toBeDefined();
    await client.end();
  });

  it('that is away is said to be, and nothing of where', async () => {
    const grant = await newMysqlGrant(world);
    const address = { host: '127.0.0.1', port: 1 };
    const relay = await TestRelay.start({ ...world, resource: { ...world.resource, address } }, [grant]);
    onTestFinished(() => relay.stop());
    const refused = connectMysql(relay, grant);
    await expect(refused).rejects.toMatchObject({ errno: 3168, message: expect.stringContaining('cannot be reached') });
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('127.0.0.1') });
  });
});

describe('a server like MySQL', () => {
  let tls: RelayWorld['tls'];
  let certificate: { readonly key: string; readonly certificate: string; readonly ca: string };
  beforeAll(async () => {
    tls = await relayTls();
    const ca = await authority('scripted');
    const { pem, key } = await ca.issue('db.example');
    certificate = { key, certificate: pem, ca: ca.pem };
  });

  const verified = () => ({ mode: 'verify-full' as const, ca: certificate.ca, serverName: 'db.example' });

  /** `wants`: what the resource says of TLS. */
  async function through(script: Script, wants?: RelayResource['tls']) {
    let password = '';
    const server = await scriptedServer(() => password, script);
    const resource: RelayResource = {
      name: 'shop' as ResourceName,
      engine: 'mysql',
      address: { host: '127.0.0.1', port: server.port },
      tls: wants ?? { mode: 'disable', ca: null, serverName: null },
      databases: [DATABASE],
      record: { values: 'full' },
      maxSessionsPerGrant: 10,
      allow: { localInfile: false },
      entra: [],
    };
    const grant = grantOf(resource);
    password = grant.grant.principalPassword;
    const relay = await TestRelay.start({ resource, tls }, [grant]);
    onTestFinished(() => {
      server.close();
      return relay.stop();
    });
    return { server, relay, grant, password };
  }

  it.each([
    ['caching_sha2_password', {}],
    ['caching_sha2_password that the account asks for', { plugin: Plugin.native, asks: Plugin.cachingSha2 }],
    ['mysql_native_password', { plugin: Plugin.native }],
    ['mysql_native_password that the account asks for', { asks: Plugin.native }],
    [
      'mysql_native_password behind a default that is not spoken here',
      { plugin: 'sha256_password', asks: Plugin.native },
    ],
  ])('takes the principal’s login by %s', async (_what, script) => {
    const { server, relay, grant } = await through(script);
    const client = await rawMysqlSession(relay, grant);
    onTestFinished(() => client.end());
    client.query('DO 1');
    expect((await client.body())[0]).toBe(0);
    expect(server.logins).toMatchObject([{ user: grant.user, database: DATABASE }]);
    expect(server.plain).toEqual([]);
    expect(server.commands).toEqual(['DO 1']);
  });

  it.each([
    ['caching_sha2_password with nothing in its cache', { cold: true }],
    ['mysql_clear_password', { asks: Plugin.clear }],
  ])('is told the password itself inside TLS, for %s', async (_what, script) => {
    const { server, relay, grant, password } = await through({ ...script, tls: certificate }, verified());
    const client = await rawMysqlSession(relay, grant);
    client.end();
    expect(server.plain).toEqual([password]);
  });

  it.each([
    ['caching_sha2_password with nothing in its cache', { cold: true }],
    ['mysql_clear_password', { asks: Plugin.clear }],
    ['a method that is not spoken here', { asks: 'sha256_password' }],
  ])('is told nothing outside of TLS, for %s', async (_what, script) => {
    const { server, relay, grant } = await through(script);
    await expect(rawMysqlSession(relay, grant)).rejects.toThrow(/does not take the principal's login as it must/);
    expect(server.plain).toEqual([]);
  });

  it('that does not speak TLS where it must is told nothing at all', async () => {
    const { server, relay, grant } = await through({}, verified());
    await expect(rawMysqlSession(relay, grant)).rejects.toThrow(/cannot be reached/);
    expect(server.logins).toEqual([]);
  });

  it('gets the flags that the client agreed on, and no others of the session', async () => {
    const { server, relay, grant } = await through({});
    const asked = Capability.deprecateEof | Capability.sessionTrack | Capability.compress | Capability.localFiles;
    const client = await rawMysqlSession(relay, grant, { capabilities: asked });
    client.end();
    const flags = server.logins[0]?.capabilities ?? 0;
    expect(mysql.has(flags, Capability.deprecateEof | Capability.sessionTrack)).toBe(true);
    expect(flags & (Capability.compress | Capability.localFiles | Capability.ssl)).toBe(0);
    const plain = await rawMysqlSession(relay, grant);
    plain.end();
    expect((server.logins[1]?.capabilities ?? 0) & (Capability.deprecateEof | Capability.sessionTrack)).toBe(0);
  });

  it('that knows query attributes gets those of a client, and they are on record with what they came with', async () => {
    const { server, relay, grant } = await through({});
    const offers = async () => {
      const client = await rawMysqlSession(relay, grant);
      client.end();
      return client.hello?.capabilities ?? 0;
    };
    await expect.poll(async () => mysql.has(await offers(), Capability.queryAttributes)).toBe(true);
    const client = await connectMysql(relay, grant);
    const attributes = { trace: 'abc-7', attempt: 2 };
    await client.query({ sql: 'DO 1', attributes });
    await client.query('DO 2');
    await client.execute({ sql: 'DO ?', attributes }, ['bound']);
    await client.end();

    const said = server.commands.find((text) => text.endsWith('DO 1')) ?? '';
    expect(said).toMatch(/trace.*attempt.*abc-7/s);
    expect(server.commands.some((text) => /trace.*abc-7/s.test(text) && text.includes('bound'))).toBe(true);
    const named = [
      { name: 'trace', value: 'abc-7' },
      { name: 'attempt', value: 2 },
    ];
    const statement = await relay.recorded('statement', ({ text }) => text === 'DO 1');
    const records = relay.records();
    const before = records[records.findIndex(({ kind, data }) => kind === 'statement' && data.op === statement.op) - 1];
    expect(before).toMatchObject({ kind: 'statement.bound', data: { values: named } });
    await relay.recorded('statement', ({ text }) => text === 'DO 2');
    expect(await relay.recorded('statement', ({ text }) => text === 'DO ?')).toMatchObject({
      protocol: 'extended',
      values: [{ value: 'bound' }, ...named],
    });
  });

  it('that lacks what the client was promised is not spoken to, and the client told what', async () => {
    const { server, relay, grant } = await through({ capabilities: (0xdfffffff & ~Capability.deprecateEof) >>> 0 });
    await expect(rawMysqlSession(relay, grant, { capabilities: Capability.deprecateEof })).rejects.toThrow(
      /lacks what this connection was offered \(deprecateEof\).*not_supported/s,
    );
    expect(server.logins).toEqual([]);
    (await rawMysqlSession(relay, grant)).end();
  });

  it.each([
    [
      'its own error',
      mysql.errorBody({ number: 1040, state: '08004', message: 'Too many connections' }, false),
      /the database says: Too many connections/,
    ],
    ['something else', Buffer.from('SSH-2.0-OpenSSH'), /does not speak as expected/],
    ['a first packet that is cut short', Buffer.of(10, 0x38, 0), /does not speak as expected/],
  ])('that begins with %s is refused in clear words', async (_what, first, words) => {
    const { relay, grant } = await through({ first });
    await expect(rawMysqlSession(relay, grant)).rejects.toThrow(words);
  });
});
