/** An administrator whose credential is a token in a file that somebody else renews: read at each login, told inside TLS. */
import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DesiredResource, desiredResource } from '@tidegate/contract';
import { SignJWT } from 'jose';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { mysqlProvisioner } from '../src/engines/mysql/principal/index.ts';
import { Connections } from '../src/engines/sqlserver/principal/sessions.ts';
import { connectTedious } from '../src/engines/sqlserver/principal/tedious.ts';
import { scriptedServer } from './mysql-server.ts';
import { authority } from './principal-certificates.ts';
import { contextOf } from './principal-support.ts';
import { DATABASE, newSqlServerWorld } from './sqlserver-relay.ts';
import { temporaryFolder } from './support/record.ts';

const ADMINISTRATOR = 'gateway@example.test';
const NEVER = { allow: { localInfile: false }, entra: [], ownerRole: null, reconcile: true } as const;

/** A file with this in it, as a sidecar would keep it. */
function tokenFile(token: string): { readonly path: string; renew(token: string): void } {
  const path = join(temporaryFolder(), 'token');
  const renew = (text: string) => writeFileSync(path, `${text}\n`);
  renew(token);
  return { path, renew };
}

test('SQL Server: lets the administrator in by it, and the next login by the one that has come since', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const federation = {
    publicKey,
    issuer: 'https://issuer.test',
    audience: 'https://database.windows.net/',
    stsUrl: 'https://login.test/tenant',
  };
  const token = (expires: string) =>
    new SignJWT({ upn: ADMINISTRATOR })
      .setProtectedHeader({ alg: 'ES256', typ: 'JWT' })
      .setIssuer(federation.issuer)
      .setAudience(federation.audience)
      .setExpirationTime(expires)
      .sign(privateKey);
  const world = await newSqlServerWorld({}, { federation });
  onTestFinished(() => world.end());
  await world.server.query(DATABASE, `CREATE USER [${ADMINISTRATOR}] FROM EXTERNAL PROVIDER`);
  await world.server.query(DATABASE, `ALTER ROLE db_owner ADD MEMBER [${ADMINISTRATOR}]`);
  const file = tokenFile(await token('-1m'));
  const resource = desiredResource.parse({
    ...world.resource,
    ...NEVER,
    credential: { user: ADMINISTRATOR, source: { kind: 'tokenFile', path: file.path } },
  });
  const administrator = new Connections({ ...contextOf(resource), connect: connectTedious });
  onTestFinished(() => administrator.end());
  const me = () =>
    administrator.use(DATABASE, 'self', (session) =>
      session.rows(z.object({ me: z.string() }), 'SELECT SUSER_SNAME() AS me'),
    );
  // One that has run out is refused, and nothing else is tried in its place.
  await expect(me()).rejects.toMatchObject({ code: '18456' });
  file.renew(await token('10m'));
  expect(await me()).toEqual([{ me: ADMINISTRATOR }]);
  const { federated, password } = world.server.logins.at(-1)?.login ?? {};
  expect(federated).not.toBeNull();
  expect(password).toBe('');
});

async function scripted(kind: 'file' | 'tokenFile', path: string, encrypted = true) {
  const ca = await authority('scripted');
  const { pem, key } = await ca.issue('db.example');
  const server = await scriptedServer(() => 'the second token', {
    asks: 'mysql_clear_password',
    tls: { key, certificate: pem },
  });
  onTestFinished(() => server.close());
  const resource: DesiredResource = desiredResource.parse({
    name: 'shop',
    engine: 'mysql',
    address: { host: '127.0.0.1', port: server.port },
    tls: encrypted
      ? { mode: 'verify-full', ca: ca.pem, serverName: 'db.example' }
      : { mode: 'disable', ca: null, serverName: null },
    databases: ['shop'],
    record: { values: 'full' },
    maxSessionsPerGrant: 10,
    ...NEVER,
    credential: { user: ADMINISTRATOR, source: { kind, path } },
  });
  const principals = mysqlProvisioner(contextOf(resource));
  onTestFinished(() => principals.end());
  return { server, look: () => principals.leftovers(new Set()).catch((error: unknown) => error) };
}

test('MySQL: it is told as it is where the server asks so, inside TLS, and read anew for the next login', async () => {
  const file = tokenFile('the first token');
  const { server, look } = await scripted('tokenFile', file.path);
  expect(await look()).toMatchObject({ code: '1045' });
  file.renew('the second token');
  // In now; what a script answers to statements is no concern here.
  await look();
  expect(server.plain.slice(0, 1)).toEqual(['the first token']);
  expect(server.plain.at(-1)).toBe('the second token');
  expect(server.logins[0]?.user).toBe(ADMINISTRATOR);
});

test.each([
  ['a password is', 'file', true],
  ['outside TLS a token is', 'tokenFile', false],
] as const)('MySQL: %s never told so', async (_what, kind, encrypted) => {
  const file = tokenFile('the second token');
  const { server, look } = await scripted(kind, file.path, encrypted);
  expect(await look()).toBeInstanceOf(Error);
  expect(server.logins.length).toBeGreaterThan(0);
  expect(server.plain).toEqual([]);
});
