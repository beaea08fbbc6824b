/** What tedious never says: nonces around federated logins, said by a client made of the codecs alone. */
import { Buffer } from 'node:buffer';
import { generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto';
import { once } from 'node:events';
import tls from 'node:tls';
import type { EntraTrust } from '@tidegate/contract';
import { sqlserver } from '@tidegate/wire';
import { exportJWK, SignJWT } from 'jose';
import { expect, it, onTestFinished } from 'vitest';
import { TestRelay } from './relay-support.ts';
import { DATABASE, newSqlServerGrant, newSqlServerWorld } from './sqlserver-relay.ts';

const { FeatureId, PacketType } = sqlserver;

interface Said {
  readonly fedAuthRequired: number | null;
  readonly nonce: Buffer | null;
  /** Given the server's nonce. */
  readonly feature: (nonce: Buffer | null) => sqlserver.Feature;
}

/** Logs in where TLS comes first, and gives what the server said to it. */
async function logIn(port: number, said: Said): Promise<readonly sqlserver.ReceivedToken[]> {
  const socket = tls.connect({ port, host: '127.0.0.1', ALPNProtocols: ['tds/8.0'], rejectUnauthorized: false });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'secureConnect');
  const reader = new sqlserver.MessageReader('server');
  const received = async (): Promise<Buffer> => {
    for (;;) {
      const message = reader.message();
      if (message !== null) return message.body;
      const [chunk] = await once(socket, 'data');
      reader.push(chunk);
    }
  };
  const { fedAuthRequired, nonce } = said;
  const version = { major: 16, minor: 0, build: 0, sub: 0 };
  const options = { version, encryption: 1, instance: '', thread: 1, mars: false, trace: null, fedAuthRequired, nonce };
  socket.write(sqlserver.packets(PacketType.prelogin, sqlserver.writePrelogin(options)));
  const answer = sqlserver.readPrelogin(await received(), 'server');
  const login: sqlserver.Login7 = {
    version: sqlserver.TdsVersion.v74,
    packetBytes: 4096,
    programVersion: 0,
    processId: 1,
    connectionId: 0,
    flags: [0xe0, 0x03, 0, 0x10],
    timeZone: 0,
    lcid: 1033,
    hostName: 'test',
    userName: '',
    password: '',
    applicationName: 'raw',
    serverName: 'localhost',
    libraryName: 'raw',
    language: '',
    database: DATABASE,
    clientId: Buffer.alloc(6),
    features: [said.feature(answer.nonce)],
  };
  socket.write(sqlserver.packets(PacketType.login7, sqlserver.writeLogin7(login)));
  return sqlserver.readLoginResponse(await received(), login.version);
}

const errors = (tokens: readonly sqlserver.ReceivedToken[]): string[] =>
  tokens.flatMap((token) => (token.kind === 'error' ? [token.message.message] : []));
const acknowledged = (tokens: readonly sqlserver.ReceivedToken[]): string[] =>
  tokens
    .flatMap((token) => (token.kind === 'features' ? token.features : []))
    .filter(({ id }) => id === FeatureId.fedAuth)
    .map(({ data }) => data.toString('hex'));

it('a client’s nonce comes back with its token acknowledged, and whether a token is required is said alike twice', async () => {
  const [tenant, object] = [randomUUID(), randomUUID()];
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { kty = '', n = '', e = '' } = await exportJWK(publicKey);
  const issuer = `https://sts.windows.net/${tenant}/`;
  const entra: EntraTrust[] = [{ tenant, issuers: [issuer], keys: [{ kty, n, e, kid: 'one' }] }];
  const token = await new SignJWT({ tid: tenant, oid: object })
    .setProtectedHeader({ alg: 'RS256', kid: 'one' })
    .setIssuer(issuer)
    .setAudience('https://database.windows.net/')
    .setExpirationTime('10m')
    .sign(privateKey);
  const world = await newSqlServerWorld({ entra });
  onTestFinished(() => world.end());
  const grant = await newSqlServerGrant(world, { entra: { tenant, object } });
  const relay = await TestRelay.start(world, [grant], { tlsRequired: true });
  onTestFinished(() => relay.stop());

  const nonce = randomBytes(32);
  const good = await logIn(relay.port, {
    fedAuthRequired: 1,
    nonce,
    feature: () => sqlserver.fedAuthFeature(token, true),
  });
  expect(errors(good)).toEqual([]);
  expect(acknowledged(good)).toEqual([nonce.toString('hex')]);

  const plain = await logIn(relay.port, {
    fedAuthRequired: null,
    nonce: null,
    feature: () => sqlserver.fedAuthFeature(token, false),
  });
  expect(acknowledged(plain)).toEqual(['']);

  const changed = await logIn(relay.port, {
    fedAuthRequired: 1,
    nonce: null,
    feature: () => sqlserver.fedAuthFeature(token, false),
  });
  expect(errors(changed)).toEqual([expect.stringContaining('differ on whether a token is required')]);
});

it('the TDS server of the tests wants its own nonce back with a token, and gives the client’s', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const federation = { publicKey, issuer: 'https://issuer', audience: 'https://database', stsUrl: 'https://sts' };
  const world = await newSqlServerWorld({}, { federation });
  onTestFinished(() => world.end());
  await world.server.query(DATABASE, 'CREATE USER [alice@example.test] FROM EXTERNAL PROVIDER');
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: 'https://issuer', aud: 'https://database', exp: Date.now(), upn: 'alice@example.test' };
  const body = `${part({ alg: 'ES256' })}.${part(claims)}`;
  const signature = sign('sha256', Buffer.from(body), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  const token = `${body}.${signature.toString('base64url')}`;
  const nonce = randomBytes(32);
  const by = (change: (servers: Buffer | null) => Buffer | null) =>
    logIn(world.server.port, {
      fedAuthRequired: 1,
      nonce,
      feature: (servers) => sqlserver.fedAuthFeature(token, true, change(servers)),
    });
  const good = await by((servers) => servers);
  expect(errors(good)).toEqual([]);
  expect(acknowledged(good)).toEqual([nonce.toString('hex')]);
  expect(errors(await by(() => randomBytes(32)))).toEqual([expect.stringContaining('Login failed')]);
  expect(errors(await by(() => null))).toEqual([expect.stringContaining('Login failed')]);
});
