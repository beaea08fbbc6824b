/** The local port of the command line before a relay: tools get in without a password, in their own protocol. */
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import type { Connection } from '@tidegate/contract';
import mysql2 from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { clientsOf } from '../packages/cli/src/engines/engines.ts';
import { openLocalPort } from '../packages/cli/src/proxy/local-port.ts';
import { DATABASE, type MysqlWorld, newMysqlGrant, newMysqlWorld } from '../packages/gateway/test/mysql-support.ts';
import { type RelayWorld, type TestGrant, TestRelay } from '../packages/gateway/test/relay-support.ts';
import { newSqlServerGrant, newSqlServerWorld, type SqlServerWorld } from '../packages/gateway/test/sqlserver-relay.ts';
import { batch, close, configuration, connect as connectTedious } from './tds-server/clients/tedious.ts';

/** As the control plane answers `connect`. */
function connectionTo(
  world: RelayWorld,
  relay: { readonly port: number },
  { grant, user, passwords }: TestGrant,
  tls: boolean,
) {
  const connection: Connection = {
    grant: grant.id,
    ticket: grant.tickets[0]?.id ?? ('' as never),
    engine: world.resource.engine,
    gateway: 'local',
    host: tls ? 'localhost' : '127.0.0.1',
    port: relay.port,
    user,
    password: passwords[0] ?? '',
    database: DATABASE,
    ca: world.tls.ca,
    tlsRequired: tls,
    expiresAt: grant.expiresAt ?? '',
  };
  return connection;
}

describe('MySQL', () => {
  let world: MysqlWorld;
  beforeAll(async () => {
    world = await newMysqlWorld();
  });
  afterAll(() => world.end());

  async function open(tls: boolean) {
    const grant = await newMysqlGrant(world);
    const relay = await TestRelay.start(world, [grant], { tlsRequired: tls });
    onTestFinished(() => relay.stop());
    const told: string[] = [];
    const local = await openLocalPort(connectionTo(world, relay, grant, tls), 0, (message) => told.push(message));
    onTestFinished(() => local.end());
    const connect = (more: mysql2.ConnectionOptions = {}) =>
      mysql2.createConnection({ host: local.host, port: local.port, user: 'me', ...more });
    return { grant, relay, local, told, connect };
  }

  it.each([
    ['without TLS behind it', false],
    ['with TLS behind it', true],
  ])('%s, a driver is in as the principal, with a password of its own or none', async (_, tls) => {
    const { grant, connect } = await open(tls);
    for (const password of ['', 'anything']) {
      const client = await connect({ password });
      const [rows] = await client.query('SELECT substring_index(current_user(), "@", 1) AS me, database() AS here');
      expect(rows).toEqual([{ me: grant.user, here: DATABASE }]);
      await client.end();
    }
  });

  it('KILL finds the connection by the number that the tool knows', async () => {
    const { connect } = await open(false);
    const [asleep, other] = [await connect(), await connect()];
    const failed = asleep.query('SELECT sleep(600)').catch((error: unknown) => error);
    const running = 'SELECT count(*) AS n FROM information_schema.processlist WHERE info = "SELECT sleep(600)"';
    await expect.poll(async () => (await world.root.query(running))[0]).toEqual([{ n: 1 }]);
    await other.query(`KILL QUERY ${asleep.threadId}`);
    await failed;
    expect((await asleep.query('SELECT 1 AS on_again'))[0]).toEqual([{ on_again: 1 }]);
    await Promise.all([asleep.end(), other.end()]);
  });

  it.each(['mysql_native_password', 'caching_sha2_password', 'client_ed25519'])(
    'the mariadb command line, told to use %s',
    async (plugin) => {
      const { local } = await open(true);
      const where = ['--no-defaults', '-h', local.host, '-P', String(local.port), '-u', 'me', '--skip-ssl'];
      const env = { ...process.env, MYSQL_PWD: 'anything' };
      const run = promisify(execFile)('mariadb', [...where, `--default-auth=${plugin}`, '-N', '-e', 'SELECT 2'], {
        env,
      });
      expect((await run).stdout.trim()).toBe('2');
    },
  );

  it('what the gateway refuses is told in its words, to the tool and to the person', async () => {
    const { grant, relay, told, connect } = await open(true);
    const closing = { reason: 'revoked', by: 'bob', comment: 'enough' } as const;
    await relay.change([{ ...grant.grant, phase: 'close', closing }]);
    await expect(connect()).rejects.toThrow(/was revoked by bob: enough/);
    expect(told.join()).toMatch(/was revoked by bob: enough/);
  });
});

describe('SQL Server', () => {
  let world: SqlServerWorld;
  beforeAll(async () => {
    world = await newSqlServerWorld();
  });
  afterAll(() => world.end());

  async function open() {
    const grant = await newSqlServerGrant(world);
    const relay = await TestRelay.start(world, [grant], { tlsRequired: true });
    onTestFinished(() => relay.stop());
    const told: string[] = [];
    const local = await openLocalPort(connectionTo(world, relay, grant, true), 0, (message) => told.push(message));
    onTestFinished(() => local.end());
    return { grant, relay, local, told };
  }
  const target = (port: number) => ({ port, host: '127.0.0.1', user: 'me', password: 'anything', database: DATABASE });

  it.each(['7_1', '7_4'])('tedious, by TDS %s, is in as the principal', async (tdsVersion) => {
    const { grant, local } = await open();
    const client = await connectTedious(configuration(target(local.port), { encrypt: false, tdsVersion }));
    expect((await batch(client, 'SELECT SUSER_SNAME(), DB_NAME()')).rows).toEqual([[grant.user, DATABASE]]);
    await close(client);
  });

  it('tsql, as tidegate connect runs it', async () => {
    const { grant, local } = await open();
    const program = clientsOf('sqlserver').programs.find(({ name }) => name === 'tsql');
    const here = { ...connectionTo(world, { port: local.port }, grant, false), host: local.host, password: '' };
    const { args = [], env = {} } = program?.launch(here, '', () => '') ?? {};
    expect(args.join(' ')).not.toContain(grant.passwords[0]);
    const child = spawn('tsql', args, { env: { ...process.env, ...env } });
    child.stdin.end('SELECT SUSER_SNAME() AS me\ngo\n');
    let said = '';
    for await (const chunk of child.stdout) said += chunk;
    expect(said).toContain(grant.user);
  });

  it('what the gateway refuses is told in its words, to the tool', async () => {
    const { grant, relay, local } = await open();
    const closing = { reason: 'revoked', by: 'bob', comment: 'enough' } as const;
    await relay.change([{ ...grant.grant, phase: 'close', closing }]);
    await expect(connectTedious(configuration(target(local.port), { encrypt: false }))).rejects.toThrow(
      /was revoked by bob: enough/,
    );
  });
});
