import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { batch, close, configuration, connect } from './clients/tedious.ts';
import type { TdsServer } from './server.ts';
import { administrator, certificates, startShop } from './support.ts';

const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const federation = {
  publicKey,
  issuer: 'https://issuer.test',
  audience: 'https://database.windows.net/',
  stsUrl: 'https://login.test/tenant',
};

let server: TdsServer;
let elsewhere: TdsServer;
let authority: string;

beforeAll(async () => {
  const { tls, ca } = await certificates();
  authority = ca;
  elsewhere = await startShop(tls);
  server = await startShop(tls, {
    federation,
    route: (database) => (database === 'master' ? { host: 'localhost', port: elsewhere.port } : null),
  });
  await server.query('shop', 'CREATE USER [alice@example.test] FROM EXTERNAL PROVIDER');
  await server.query('shop', 'ALTER ROLE db_datareader ADD MEMBER [alice@example.test]');
});

afterAll(async () => {
  await server.close();
  await elsewhere.close();
});

function tokenFor(upn: string, key: KeyObject = privateKey, expiresIn = 600): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = {
    iss: federation.issuer,
    aud: federation.audience,
    exp: Math.floor(Date.now() / 1000) + expiresIn,
    upn,
  };
  const signed = `${part({ alg: 'ES256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

const withToken = (token: string, options = {}) => ({
  ...configuration({ ...administrator(server.port), ca: authority }, options),
  authentication: { type: 'azure-active-directory-access-token' as const, options: { token } },
});

describe('federated logins', () => {
  it('are let in with a token that comes along (library 1)', async () => {
    const connection = await connect(withToken(tokenFor('alice@example.test')));
    expect((await batch(connection, 'SELECT SUSER_SNAME(), USER_NAME()')).rows).toEqual([
      ['alice@example.test', 'alice@example.test'],
    ]);
    expect(server.logins.at(-1)?.login.federated?.library).toBe(1);
    await close(connection);
  });

  it('are told where to get a token, and let in with it (library 2)', async () => {
    let asked: unknown = null;
    const credential = {
      getToken: async (scope: string | string[]) => {
        asked = scope;
        return { token: tokenFor('alice@example.test'), expiresOnTimestamp: Date.now() + 60_000 };
      },
    };
    const connection = await connect({
      ...configuration(administrator(server.port)),
      authentication: { type: 'token-credential', options: { credential } },
    });
    expect(asked).toBe('https://database.windows.net/.default');
    expect(server.logins.at(-1)?.login.federated?.library).toBe(2);
    await close(connection);
  });

  it('are let in where TLS comes first', async () => {
    const connection = await connect(withToken(tokenFor('alice@example.test'), { encrypt: 'strict' }));
    await close(connection);
  });

  it('are refused with a token of another key, an old one, and for nobody', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    for (const token of [
      tokenFor('alice@example.test', other),
      tokenFor('alice@example.test', privateKey, -1),
      tokenFor('eve'),
    ]) {
      await expect(connect(withToken(token))).rejects.toThrow('Login failed');
    }
  });
});

describe('routing', () => {
  it('sends a client to another server once it has logged in', async () => {
    const before = elsewhere.logins.length;
    const connection = await connect(configuration({ ...administrator(server.port), database: 'master' }));
    expect((await batch(connection, 'SELECT 1')).rows).toEqual([[1]]);
    expect(elsewhere.logins.length).toBe(before + 1);
    await close(connection);
  });
});
