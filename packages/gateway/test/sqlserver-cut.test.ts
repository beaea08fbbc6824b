/** The end of a SQL Server session from the gateway's side, and clients that break its protocol before they are in. */
import { once } from 'node:events';
import { connect as tcp } from 'node:net';
import { sqlserver } from '@tidegate/wire';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { batch, close, newRequest } from '../../../test/tds-server/clients/tedious.ts';
import { type RelayOptions, type TestGrant, TestRelay } from './relay-support.ts';
import { connectTedious, newSqlServerGrant, newSqlServerWorld, type SqlServerWorld } from './sqlserver-relay.ts';

let world: SqlServerWorld;
beforeAll(async () => {
  world = await newSqlServerWorld();
});
afterAll(() => world.end());

async function relayWith(grants: readonly TestGrant[], options: RelayOptions = {}): Promise<TestRelay> {
  const relay = await TestRelay.start(world, grants, { tlsRequired: true, ...options });
  onTestFinished(() => relay.stop());
  return relay;
}

const closed = (grant: TestGrant) => ({
  ...grant.grant,
  phase: 'close' as const,
  closing: { reason: 'revoked' as const, by: 'bob', comment: 'enough' },
});
const REVOKED = /^session ended: grant .* was revoked by bob: enough\. .*\(Tidegate: grant_revoked\)$/;

const sessions = ({ user }: TestGrant) => world.server.sessions.filter(({ loginName }) => loginName === user);

describe('a revoke', () => {
  it.each([
    ['7_1', true],
    ['7_4', true],
    ['8_0', 'strict'],
  ])('tells a client that waits for a statement, by TDS %s, and ends the statement', async (tdsVersion, encrypt) => {
    const grant = await newSqlServerGrant(world);
    const relay = await relayWith([grant]);
    const client = await connectTedious(world, relay, grant, { options: { tdsVersion, encrypt } });
    const { request, result } = newRequest(`WAITFOR DELAY '00:10:00'`);
    const failed = result.catch((error: unknown) => error);
    client.execSqlBatch(request);
    await expect.poll(() => sessions(grant).some(({ running }) => running)).toBe(true);
    await relay.change([closed(grant)]);
    expect(await failed).toMatchObject({ number: 596, class: 20, message: expect.stringMatching(REVOKED) });
    await expect.poll(() => sessions(grant)).toEqual([]);
    expect(await relay.recorded('session.ended')).toMatchObject({ because: 'grant_revoked', by: 'bob' });
  });

  it('sends its reason to an idle client too, as a response of its own', async () => {
    const grant = await newSqlServerGrant(world);
    const relay = await relayWith([grant]);
    const debug = { data: true, packet: false, payload: false, token: false };
    const client = await connectTedious(world, relay, grant, { options: { debug } });
    // tedious reads no responses while it waits for none; its debug log shows what came all the same.
    const dumps: string[] = [];
    client.on('debug', (dump: string) => dumps.push(textOf(dump)));
    await relay.change([closed(grant)]);
    await expect.poll(() => dumps.join('')).toContain('was revoked by bob: enough');
  });

  it('of another grant leaves a session alone', async () => {
    const [grant, other] = [await newSqlServerGrant(world), await newSqlServerGrant(world)];
    const relay = await relayWith([grant, other]);
    const client = await connectTedious(world, relay, grant);
    await relay.change([closed(other)]);
    expect((await batch(client, 'SELECT 1')).rows).toEqual([[1]]);
    await close(client);
  });
});

/** The text in a dump of a packet: lines of an offset, bytes in hexadecimal, and the same as characters. */
function textOf(dump: string): string {
  const hex = dump.split('\n').map((line) => /^\s*[0-9A-F]{4} {2}((?:[0-9A-F]{2} ?)+)/i.exec(line)?.[1] ?? '');
  return Buffer.from(hex.join('').replaceAll(' ', ''), 'hex').toString('latin1').replaceAll('\0', '');
}

describe('a server that ends the session', () => {
  it('ends the client’s too', async () => {
    const grant = await newSqlServerGrant(world);
    const relay = await relayWith([grant]);
    const client = await connectTedious(world, relay, grant);
    const ended = once(client, 'end');
    for (const session of sessions(grant)) session.kill();
    await ended;
    expect(await relay.recorded('session.ended')).toMatchObject({ because: expect.stringMatching(/^server_/) });
  });
});

const { PacketType, Encryption } = sqlserver;
const prelogin = (encryption: number): Buffer =>
  sqlserver.packets(
    PacketType.prelogin,
    sqlserver.writePrelogin({
      version: { major: 9, minor: 0, build: 0, sub: 0 },
      encryption,
      instance: '',
      thread: null,
      mars: true,
      trace: null,
      fedAuthRequired: null,
      nonce: null,
    }),
  );

describe('before a login', () => {
  it.each([
    ['nothing of the protocol', Buffer.from('GET / HTTP/1.1\r\nHost: here\r\n\r\n')],
    ['a packet with an impossible length', Buffer.from('1201000000000100', 'hex')],
    ['a batch', sqlserver.packets(PacketType.batch, Buffer.from('SELECT 1', 'utf16le'))],
    [
      'a PRELOGIN whose options lie outside of it',
      sqlserver.packets(PacketType.prelogin, Buffer.from('00ffff0006ff', 'hex')),
    ],
    ['something other than TLS in the place of TLS', Buffer.concat([prelogin(Encryption.on), Buffer.alloc(64, 1)])],
    [
      'wrapped bytes that are no TLS',
      Buffer.concat([prelogin(Encryption.on), sqlserver.packets(PacketType.prelogin, Buffer.alloc(64, 1))]),
    ],
    [
      'a record of data before there is TLS',
      Buffer.concat([prelogin(Encryption.on), Buffer.from('170303000a', 'hex'), Buffer.alloc(10)]),
    ],
    ['TLS that is none', Buffer.from('160301000501020304050607', 'hex')],
    ['that it can’t encrypt', prelogin(Encryption.notSupported)],
  ])('%s ends the connection, and nobody else’s', async (_what, bytes) => {
    const grant = await newSqlServerGrant(world);
    const relay = await relayWith([grant]);
    const before = world.server.logins.length;
    const socket = tcp(relay.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.resume();
    await once(socket, 'connect');
    socket.write(bytes);
    await once(socket, 'close');
    expect(world.server.logins.length).toBe(before);
    await close(await connectTedious(world, relay, grant));
  });

  it('a client that asks for several active result sets is told no', async () => {
    const relay = await relayWith([]);
    const socket = tcp(relay.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(prelogin(Encryption.on));
    const [answer] = await once(socket, 'data');
    const told = sqlserver.readPrelogin(answer.subarray(sqlserver.HEADER_BYTES), 'server');
    expect(told).toMatchObject({ mars: false, encryption: Encryption.on });
    socket.destroy();
  });

  it('a client that says nothing is refused in time', async () => {
    const relay = await relayWith([], { limits: { handshakeMs: 200 } });
    const socket = tcp(relay.port, '127.0.0.1');
    await once(socket, 'connect');
    const parts: Buffer[] = [];
    socket.on('data', (part: Buffer) => parts.push(part));
    await once(socket, 'close');
    expect(Buffer.concat(parts).toString('latin1').replaceAll('\0', '')).toContain('(Tidegate: handshake_timeout)');
  });
});
