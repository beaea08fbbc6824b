/** Logging in to SQL Server through the relay: by ticket, by token, and against what stands behind it. */

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect as tcp } from 'node:net';
import type { EntraTrust } from '@tidegate/contract';
import { sqlserver } from '@tidegate/wire';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { ConnectionOptions } from 'tedious';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { batch, close, configuration, connect } from '../../../test/tds-server/clients/tedious.ts';
import { authority } from './principal-certificates.ts';
import { type RelayOptions, type TestGrant, TestRelay } from './relay-support.ts';
import {
  connectTedious,
  DATABASE,
  newSqlServerGrant,
  newSqlServerWorld,
  type SqlServerWorld,
  targetOf,
} from './sqlserver-relay.ts';

let world: SqlServerWorld;

beforeAll(async () => {
  world = await newSqlServerWorld();
});
afterAll(() => world.end());

async function relayWith(
  grants: readonly TestGrant[],
  options: RelayOptions = {},
  of: SqlServerWorld = world,
): Promise<TestRelay> {
  const relay = await TestRelay.start(of, grants, { tlsRequired: true, ...options });
  onTestFinished(() => relay.stop());
  return relay;
}

async function worldWith(...changes: Parameters<typeof newSqlServerWorld>): Promise<SqlServerWorld> {
  const made = await newSqlServerWorld(...changes);
  onTestFinished(() => made.end());
  return made;
}

describe('a ticket', () => {
  it.each([
    ['7_1', {}],
    ['7_2', {}],
    ['7_3_B', {}],
    ['7_4', {}],
    ['7_4', { encrypt: 'strict' }],
    ['8_0', { encrypt: 'strict' }],
  ])('lets tedious in by TDS %s %o, as the principal', async (tdsVersion, more) => {
    const grant = await newSqlServerGrant(world);
    const relay = await relayWith([grant]);
    const client = await connectTedious(world, relay, grant, { options: { tdsVersion, ...more } });
    expect((await batch(client, 'SELECT SUSER_SNAME(), DB_NAME()')).rows).toEqual([[grant.user, DATABASE]]);
    const seen = world.server.logins.at(-1)?.login;
    expect(seen?.password).toBe(grant.grant.principalPassword);
    expect(seen?.application).toBe('Tedious');
    await close(client);
    expect(await relay.recorded('session.started')).toMatchObject({ principal: grant.user, database: DATABASE });
  });

  it('is one of several', async () => {
    const grant = await newSqlServerGrant(world, { ticketCount: 3 });
    const relay = await relayWith([grant]);
    for (const password of grant.passwords) await close(await connectTedious(world, relay, grant, { password }));
  });

  it('that is wrong is refused like an unknown login name', async () => {
    const grant = await newSqlServerGrant(world);
    const relay = await relayWith([grant]);
    const failure = (user: string) =>
      connectTedious(world, relay, grant, { user, password: 'wrong' }).then(
        () => 'in',
        (error: { message: string }) => error.message.replaceAll(user, 'NAME'),
      );
    const wrong = await failure(grant.user);
    expect(wrong).toMatch(/^login failed for user "NAME"\. .*tidegate connect.*\(Tidegate: login_failed\)$/);
    expect(await failure('nobody.g0000000')).toBe(wrong);
    expect(await relay.recorded('session.refused', (data) => data.loginName === grant.user)).toMatchObject({
      code: 'login_failed',
      resource: 'stock',
    });
  });

  it('is never asked for, nor heard, outside of TLS', async () => {
    const grant = await newSqlServerGrant(world);
    const relay = await relayWith([grant]);
    const before = world.server.logins.length;
    const plain = configuration(targetOf(relay, grant), { encrypt: false });
    await expect(connect(plain)).rejects.toThrow('encrypt');
    // A client that begins with its login, as jTDS does without ssl.
    const said = await rawLogin(relay, grant);
    expect(said).toContain('takes connections with TLS only');
    expect(said).toContain('(Tidegate: tls_required)');
    expect(world.server.logins.length).toBe(before);
  });
});

/** LOGIN7 as the first thing a client says; the texts of what comes back. */
async function rawLogin(relay: TestRelay, grant: TestGrant): Promise<string> {
  const socket = tcp(relay.port, '127.0.0.1');
  await once(socket, 'connect');
  const login: sqlserver.Login7 = {
    version: sqlserver.TdsVersion.v74,
    packetBytes: 4096,
    programVersion: 0,
    processId: 1,
    connectionId: 0,
    flags: [0xe0, 0x03, 0, 0],
    timeZone: 0,
    lcid: 1033,
    hostName: 'test',
    userName: grant.user,
    password: grant.passwords[0] ?? '',
    applicationName: 'raw',
    serverName: '',
    libraryName: '',
    language: '',
    database: DATABASE,
    clientId: Buffer.alloc(6),
    features: null,
  };
  socket.write(sqlserver.packets(sqlserver.PacketType.login7, sqlserver.writeLogin7(login)));
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  await once(socket, 'end');
  socket.destroy();
  return Buffer.concat(parts).toString('latin1').replaceAll('\0', '');
}

describe('a database', () => {
  it('that is not the resource’s is refused', async () => {
    const grant = await newSqlServerGrant(world);
    const relay = await relayWith([grant]);
    await expect(connectTedious(world, relay, grant, { database: 'other' })).rejects.toThrow(
      'does not cover database "other"',
    );
  });

  it('that nobody named is the resource’s first', async () => {
    const grant = await newSqlServerGrant(world);
    const relay = await relayWith([grant]);
    const client = await connectTedious(world, relay, grant, { database: '' });
    expect((await batch(client, 'SELECT DB_NAME()')).rows).toEqual([[DATABASE]]);
    await close(client);
  });
});

describe('a grant', () => {
  it('that is closed says how, and by whom', async () => {
    const closing = { reason: 'revoked' as const, by: 'bob', comment: 'enough' };
    const grant = await newSqlServerGrant(world, { phase: 'close', closing });
    const relay = await relayWith([grant]);
    await expect(connectTedious(world, relay, grant)).rejects.toThrow(
      /was revoked by bob: enough\. .*tidegate request stock.*\(Tidegate: grant_over\)$/,
    );
  });

  it('whose principal the database does not know says so, and nothing of where that is', async () => {
    const grant = await newSqlServerGrant(world);
    await world.server.query(DATABASE, `DROP USER [${grant.user}]`);
    const relay = await relayWith([grant]);
    const told = await connectTedious(world, relay, grant).then(
      () => 'in',
      (error: { message: string }) => error.message,
    );
    expect(told).toContain('does not let the principal');
    expect(told).not.toContain(String(world.server.port));
  });
});

describe('the server behind', () => {
  it('must show a certificate of the authority, for the name', async () => {
    const grant = await newSqlServerGrant(world);
    const foreign = await authority('somebody else');
    for (const tls of [
      { mode: 'verify-full' as const, ca: foreign.pem, serverName: 'db.example' },
      { mode: 'verify-full' as const, ca: world.serverCa, serverName: 'other.example' },
    ]) {
      const before = world.server.logins.length;
      const relay = await relayWith([grant], {}, { ...world, resource: { ...world.resource, tls } });
      await expect(connectTedious(world, relay, grant)).rejects.toThrow('cannot be reached');
      expect(world.server.logins.length).toBe(before);
    }
  });

  it('that takes TLS first and nothing else is reached so, by clients of any version', async () => {
    const strict = await worldWith({}, { strictOnly: true });
    const grant = await newSqlServerGrant(strict);
    const relay = await relayWith([grant], {}, strict);
    for (const [tdsVersion, encrypt] of [
      ['7_1', true],
      ['7_4', true],
      ['8_0', 'strict'],
    ]) {
      const client = await connectTedious(strict, relay, grant, {
        options: { tdsVersion, encrypt } as ConnectionOptions,
      });
      expect((await batch(client, 'SELECT SUSER_SNAME()')).rows).toEqual([[grant.user]]);
      await close(client);
    }
    const foreign = {
      ...strict,
      resource: { ...strict.resource, tls: { ...strict.resource.tls, ca: world.serverCa } },
    };
    const misled = await relayWith([grant], {}, foreign);
    const before = strict.server.logins.length;
    await expect(connectTedious(strict, misled, grant)).rejects.toThrow('cannot be reached');
    expect(strict.server.logins.length).toBe(before);
  });

  it('that does not encrypt is not told the password', async () => {
    const plain = await worldWith({}, { tls: null });
    const grant = await newSqlServerGrant(plain);
    const relay = await relayWith([grant], {}, plain);
    await expect(connectTedious(plain, relay, grant)).rejects.toThrow('cannot be reached');
    expect(plain.server.logins).toEqual([]);
  });

  it('may do without where the resource says so', async () => {
    const plain = await worldWith({ tls: { mode: 'disable', ca: null, serverName: null } }, { tls: null });
    const grant = await newSqlServerGrant(plain);
    const relay = await relayWith([grant], {}, plain);
    const client = await connectTedious(plain, relay, grant);
    expect((await batch(client, 'SELECT 1')).rows).toEqual([[1]]);
    await close(client);
  });

  it('may send the login on, which the gateway follows and the client never hears of', async () => {
    const far = await worldWith({}, { tls: world.serverTls });
    const route = () => ({ host: 'localhost', port: far.server.port });
    const gate = await worldWith({}, { route, tls: world.serverTls });
    const tls = { mode: 'verify-full' as const, ca: world.serverCa, serverName: 'db.example' };
    const grant = await newSqlServerGrant(gate);
    const password = grant.grant.principalPassword;
    await far.server.query(DATABASE, `CREATE USER [${grant.user}] WITH PASSWORD = '${password}'`);
    const relay = await relayWith([grant], {}, { ...gate, resource: { ...gate.resource, tls } });
    const client = await connectTedious(gate, relay, grant);
    expect((await batch(client, 'SELECT SUSER_SNAME()')).rows).toEqual([[grant.user]]);
    expect(far.server.sessions).toHaveLength(1);
    expect(gate.server.sessions).toEqual([]);
    await close(client);
  });

  it('that it sends the login on to must show a certificate too', async () => {
    const far = await worldWith();
    const gate = await worldWith({}, { route: () => ({ host: 'localhost', port: far.server.port }) });
    const grant = await newSqlServerGrant(gate);
    const relay = await relayWith([grant], {}, gate);
    await expect(connectTedious(gate, relay, grant)).rejects.toThrow('cannot be reached');
    expect(gate.server.logins).toHaveLength(1);
    expect(far.server.logins).toEqual([]);
  });

  it('that sends it on for ever is given up', async () => {
    const plain = { mode: 'disable' as const, ca: null, serverName: null };
    const ports: number[] = [];
    const loop = await worldWith(
      { tls: plain },
      { tls: null, route: () => ({ host: '127.0.0.1', port: ports[0] ?? 0 }) },
    );
    ports.push(loop.server.port);
    const grant = await newSqlServerGrant(loop);
    const relay = await relayWith([grant], {}, loop);
    await expect(connectTedious(loop, relay, grant)).rejects.toThrow('cannot be reached');
    expect(loop.server.logins.length).toBe(5);
  });
});

describe('packets', () => {
  it.each([512, 4096, 32_767])(
    'of %d bytes are agreed on by both ends, and carry long messages both ways',
    async (packetSize) => {
      const grant = await newSqlServerGrant(world);
      const relay = await relayWith([grant]);
      const client = await connectTedious(world, relay, grant, { options: { packetSize } });
      const long = 'å'.repeat(200_000);
      expect((await batch(client, `SELECT N'${long}' AS long`)).rows).toEqual([[long]]);
      expect(world.server.logins.at(-1)?.packetSize).toBe(packetSize);
      expect(world.server.messages.at(-1)?.largestPacket).toBe(packetSize);
      await close(client);
    },
  );
});

describe('a token of the person’s own sign-in', () => {
  const tenant = randomUUID();
  const object = randomUUID();

  async function withTrust() {
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
    const { kty = '', n = '', e = '' } = await exportJWK(publicKey);
    const issuer = `https://sts.windows.net/${tenant}/`;
    const trust: EntraTrust = { tenant, issuers: [issuer], keys: [{ kty, n, e, kid: 'one' }] };
    const token = (claims: Record<string, unknown> = {}) =>
      new SignJWT({ tid: tenant, oid: object, ...claims })
        .setProtectedHeader({ alg: 'RS256', kid: 'one' })
        .setIssuer(issuer)
        .setAudience('https://database.windows.net/')
        .setExpirationTime('10m')
        .setNotBefore(Math.floor(Date.now() / 1000) - 60)
        .sign(privateKey);
    const trusting = { ...world, resource: { ...world.resource, entra: [trust] } };
    const grant = await newSqlServerGrant(trusting, { entra: { tenant, object } });
    const relay = await relayWith([grant], {}, trusting);
    const target = { ...targetOf(relay, grant), host: 'localhost', ca: world.tls.ca };
    return { token, grant, relay, target, trusting };
  }

  it.each([{}, { encrypt: 'strict' }])('that comes with the login lets in %o', async (options) => {
    const { token, grant, target } = await withTrust();
    const client = await connect({
      ...configuration(target, options),
      authentication: { type: 'azure-active-directory-access-token', options: { token: await token() } },
    });
    expect((await batch(client, 'SELECT SUSER_SNAME()')).rows).toEqual([[grant.user]]);
    expect(world.server.logins.at(-1)?.login.federated).toBeNull();
    await close(client);
  });

  it('that the client fetches when it is told where lets in', async () => {
    const { token, grant, target } = await withTrust();
    let asked: unknown = null;
    const credential = {
      getToken: async (scope: string | string[]) => {
        asked = scope;
        return { token: await token(), expiresOnTimestamp: Date.now() + 600_000 };
      },
    };
    const client = await connect({
      ...configuration(target),
      authentication: { type: 'token-credential', options: { credential } },
    });
    expect(asked).toBe('https://database.windows.net/.default');
    expect((await batch(client, 'SELECT SUSER_SNAME()')).rows).toEqual([[grant.user]]);
    await close(client);
  });

  it('that names no database gets the first of the only grant’s resource, and of several is told to name one', async () => {
    const { token, grant, relay, target, trusting } = await withTrust();
    const anywhere = { ...target, database: '' };
    const by = async (to: typeof target) =>
      await connect({
        ...configuration(to),
        authentication: { type: 'azure-active-directory-access-token', options: { token: await token() } },
      });
    const client = await by(anywhere);
    expect((await batch(client, 'SELECT DB_NAME(), SUSER_SNAME()')).rows).toEqual([[DATABASE, grant.user]]);
    await close(client);
    expect(await relay.recorded('session.started')).toMatchObject({ database: DATABASE });

    const second = await newSqlServerGrant(trusting, { entra: { tenant, object } });
    await relay.change([second.grant]);
    await expect(by(anywhere)).rejects.toThrow(/several open grants and have named no database.*Name the database/s);
    for (const each of [grant, second]) {
      const closing = { reason: 'relinquished' as const, by: 'alice', comment: null };
      await relay.change([{ ...each.grant, phase: 'close', closing }]);
    }
    await expect(by(anywhere)).rejects.toThrow('you have no open grant here');
  });

  it('of somebody without a grant, or where no tenant is trusted, is refused', async () => {
    const { token, target } = await withTrust();
    const by = async (to: typeof target, claims: Record<string, unknown>) =>
      await connect({
        ...configuration(to),
        authentication: { type: 'azure-active-directory-access-token', options: { token: await token(claims) } },
      });
    await expect(by(target, { oid: randomUUID() })).rejects.toThrow('you have no open grant for the database');
    await expect(by(target, { idtyp: 'app' })).rejects.toThrow('login failed');
    const grant = await newSqlServerGrant(world);
    const relay = await relayWith([grant]);
    await expect(by({ ...target, port: relay.port }, {})).rejects.toThrow('knows no tenant');
  });
});
