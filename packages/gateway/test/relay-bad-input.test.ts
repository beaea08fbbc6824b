/** What comes to an open port: noise, halves, lies and silence. Nobody else notices. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { frame, prove, query, RawClient, rawSession, startup } from './relay-raw.ts';
import {
  DATABASE,
  newGrant,
  newWorld,
  type RelayOptions,
  type TestGrant,
  TestRelay,
  type World,
} from './relay-support.ts';

let world: World;
let grant: TestGrant;
beforeAll(async () => {
  world = await newWorld();
  grant = await newGrant(world);
});
afterAll(() => world.end());

async function start(options: RelayOptions = {}): Promise<TestRelay> {
  const relay = await TestRelay.start(world, [grant], options);
  onTestFinished(() => relay.stop());
  return relay;
}

function raw(relay: TestRelay): RawClient {
  const client = new RawClient(relay.port);
  onTestFinished(() => client.end());
  return client;
}

/** The relay is well: somebody can log in and ask. */
async function isWell(relay: TestRelay): Promise<void> {
  const client = await relay.connect(grant);
  expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  await client.end();
}

const int32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
};

describe('before login', () => {
  it.each([
    ['a length of a gigabyte', int32(1 << 30)],
    ['a negative length', int32(-1)],
    ['an oversized start-up packet', Buffer.concat([int32(20_000), int32(3 << 16), Buffer.alloc(100)])],
    ['another protocol', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['an old protocol', Buffer.concat([int32(8), int32(2 << 16)])],
    ['a start-up without its end', Buffer.concat([int32(13), int32(3 << 16), Buffer.from('user\0')])],
    ['a start-up without a user', Buffer.concat([int32(9), int32(3 << 16), Buffer.alloc(1)])],
    ['a user twice', twoUsers()],
  ])('%s is refused with an error', async (_what, bytes) => {
    const relay = await start();
    const client = raw(relay);
    client.send(bytes);
    expect(await client.refusal()).toMatchObject({
      severity: 'FATAL',
      code: expect.stringMatching(/^(08P01|0A000|28000)$/),
    });
    await client.closed;
    await isWell(relay);
  });

  it('a client that is silent, or stops in the middle, is sent away in time and costs nobody else anything', async () => {
    const relay = await start({ limits: { handshakeMs: 400 } });
    const silent = raw(relay);
    const half = raw(relay);
    half.send(startup(grant.user, DATABASE).subarray(0, 11));
    const unproved = raw(relay);
    unproved.send(startup(grant.user, DATABASE));
    await unproved.until('R');
    const before = performance.now();
    await isWell(relay);
    for (const client of [silent, half, unproved]) {
      expect(await client.refusal()).toMatchObject({ code: '57014', message: 'the login took too long' });
      await client.closed;
    }
    expect(performance.now() - before).toBeLessThan(3_000);
    // Only who has said a name is worth a record.
    const refused = relay.records().filter(({ kind }) => kind === 'session.refused');
    expect(refused.map(({ data }) => data.code)).toEqual(['handshake_timeout']);
  });

  it('a crowd of strangers is kept small, and those who are in stay in', async () => {
    const relay = await start({ limits: { strangersPerAddress: 5 } });
    const inside = await relay.connect(grant);
    const crowd = Array.from({ length: 5 }, () => raw(relay));
    await Promise.all(crowd.map(({ socket }) => once(socket, 'connect')));
    crowd[0]?.send(startup(grant.user, DATABASE));
    await crowd[0]?.until('R');
    const last = raw(relay);
    expect(await last.refusal()).toMatchObject({ code: '53300', message: 'too many connections to the gateway' });
    expect((await inside.query('SELECT 1 AS one')).rowCount).toBe(1);
    crowd[1]?.end();
    await expect
      .poll(() => relay.connect(grant).then((client) => client.end(), String), { timeout: 5_000 })
      .toBeUndefined();
    await inside.end();
  });

  it('a password in pieces, one byte at a time, is as good as whole', async () => {
    const relay = await start();
    const client = raw(relay);
    const send = client.send.bind(client);
    client.socket.setNoDelay(true);
    client.send = (...chunks) => {
      for (const chunk of chunks) for (const byte of chunk) send(Buffer.of(byte));
    };
    await prove(client, { user: grant.user, password: grant.passwords[0] ?? '' });
    await client.until('Z');
  });

  it.each([
    ['another message than a password', frame('Q', Buffer.from('SELECT 1\0'))],
    ['a mechanism nobody offered', frame('p', Buffer.concat([Buffer.from('SCRAM-SHA-1\0'), int32(-1)]))],
    [
      'garbage as first message',
      frame('p', Buffer.concat([Buffer.from('SCRAM-SHA-256\0'), int32(7), Buffer.from('garbage')])),
    ],
    ['a password message of a gigabyte', Buffer.concat([Buffer.from('p'), int32(1 << 30)])],
  ])('%s in place of a proof is refused', async (_what, bytes) => {
    const relay = await start();
    const client = raw(relay);
    client.send(startup(grant.user, DATABASE));
    await client.until('R');
    client.send(bytes);
    expect(await client.refusal()).toMatchObject({ code: '08P01' });
    await client.closed;
  });

  it('what is sent ahead of being let in waits in bounded memory, and is not lost', async () => {
    const relay = await start();
    const client = raw(relay);
    const before = process.memoryUsage().rss;
    const statements = Array.from({ length: 20 }, (_, i) => query(`SELECT ${i}, '${'x'.repeat(100_000)}'`));
    await prove(client, { user: grant.user, password: grant.passwords[0] ?? '' }, () => client.send(...statements));
    for (let i = 0; i < 20; i++)
      expect((await client.until('D')).subarray(6, 6 + String(i).length).toString()).toBe(String(i));
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 2 ** 20);
  });

  it('noise of all kinds, and hanging up at any moment, leaves the relay well', async () => {
    const relay = await start();
    const login = startup(grant.user, DATABASE);
    const noise = Array.from({ length: 60 }, (_, i) => {
      const bytes =
        i % 3 === 0
          ? randomBytes(1 + ((i * 37) % 3000))
          : Buffer.concat([login.subarray(0, i % login.length), randomBytes(i)]);
      const socket = net.connect(relay.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.resume();
      if (i % 2 === 0) socket.write(bytes, () => socket.destroy());
      else socket.end(bytes);
      return once(socket, 'close');
    });
    await Promise.all(noise);
    await isWell(relay);
  });
});

describe('in a session', () => {
  it.each([
    ['a message of an impossible length', Buffer.concat([Buffer.from('Q'), int32(2)])],
    ['an unknown message', frame('?', Buffer.from('x'))],
  ])('%s ends it with an error, on record', async (_what, bytes) => {
    const relay = await start();
    const client = await rawSession(relay, grant);
    onTestFinished(() => client.end());
    client.send(bytes);
    expect(await client.refusal()).toMatchObject({ severity: 'FATAL', code: '08P01' });
    await client.closed;
    expect(await relay.recorded('session.ended')).toMatchObject({ because: 'protocol_violation' });
    await isWell(relay);
  });

  it('half a message and silence costs nobody else anything', async () => {
    const relay = await start();
    const client = await rawSession(relay, grant);
    onTestFinished(() => client.end());
    const whole = query('SELECT 1');
    client.send(whole.subarray(0, 9));
    await isWell(relay);
    client.send(whole.subarray(9));
    await client.until('Z');
  });

  it('text that is not valid UTF-8 is the database’s to refuse, and on record', async () => {
    const relay = await start();
    const client = await rawSession(relay, grant);
    onTestFinished(() => client.end());
    client.send(frame('Q', Buffer.from([...Buffer.from("SELECT '"), 0xc3, 0x28, ...Buffer.from("'\0")])));
    expect(await client.refusal()).toMatchObject({ code: '22021' });
    await client.until('Z');
    expect(await relay.recorded('statement.outcome')).toMatchObject({ sqlstate: '22021' });
  });
});

function twoUsers(): Buffer {
  const body = Buffer.from('user\0a\0user\0b\0\0');
  return Buffer.concat([int32(8 + body.length), int32(3 << 16), body]);
}
