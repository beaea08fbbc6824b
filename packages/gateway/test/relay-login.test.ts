/** Who is let in, who is not, and what they are told. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import tls from 'node:tls';
import { promisify } from 'node:util';
import type { GrantId, PersonName } from '@tidegate/core';
import { postgres } from '@tidegate/wire';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { prove, RawClient, rawSession, startup } from './relay-raw.ts';
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
beforeAll(async () => {
  world = await newWorld();
});
afterAll(() => world.end());

async function relayWith(grants: readonly TestGrant[], options: RelayOptions = {}): Promise<TestRelay> {
  const relay = await TestRelay.start(world, grants, options);
  onTestFinished(() => relay.stop());
  return relay;
}

/** The error with which a login ends. */
async function refused(relay: TestRelay, login: { user: string; password: string; database?: string }) {
  const client = new RawClient(relay.port);
  onTestFinished(() => client.end());
  const refusal = client.refusal.bind(client);
  try {
    await prove(client, login);
  } catch (error) {
    // Refused before any proof: the error is in the message.
    const text = error instanceof Error ? /^refused: (.*)$/s.exec(error.message)?.[1] : undefined;
    if (text === undefined) throw error;
    return JSON.parse(text) as postgres.ErrorFields;
  }
  return refusal();
}

describe('a ticket', () => {
  it('lets its holder in as the principal, each of several tickets', async () => {
    const grant = await newGrant(world, { ticketCount: 3 });
    const relay = await relayWith([grant]);
    for (const password of grant.passwords) {
      const client = await relay.connect(grant, { password });
      const { rows } = await client.query('SELECT current_user AS me, current_database() AS here');
      expect(rows).toEqual([{ me: grant.user, here: DATABASE }]);
      await client.end();
    }
  });

  it('that is revoked lets nobody in any more, and leaves the sessions it had opened', async () => {
    const grant = await newGrant(world, { ticketCount: 2 });
    const relay = await relayWith([grant]);
    const client = await relay.connect(grant);
    await relay.change([{ ...grant.grant, tickets: grant.grant.tickets.slice(1) }]);
    expect(await refused(relay, { user: grant.user, password: grant.passwords[0] ?? '' })).toMatchObject({
      code: '28P01',
    });
    await expect(client.query('SELECT 1')).resolves.toBeDefined();
    await client.end();
    const other = await relay.connect(grant, { password: grant.passwords[1] ?? '' });
    await other.end();
  });

  it('that is wrong is refused like an unknown login name, in words and in steps', async () => {
    const grant = await newGrant(world);
    const relay = await relayWith([grant]);
    const wrong = await refused(relay, { user: grant.user, password: 'wrong' });
    const unknown = await refused(relay, { user: 'nobody.g0000000', password: 'wrong' });
    expect(wrong).toMatchObject({ severity: 'FATAL', code: '28P01' });
    expect(unknown).toEqual({ ...wrong, message: wrong.message.replace(grant.user, 'nobody.g0000000') });
    // The challenge too: a name has the same salt each time it is tried.
    const salts = [];
    for (let i = 0; i < 2; i++) {
      const client = new RawClient(relay.port);
      onTestFinished(() => client.end());
      client.send(startup('nobody.g0000000', DATABASE));
      await client.until('R');
      client.send(
        postgres.saslInitialResponse(postgres.SCRAM_SHA_256, Buffer.from('n,,n=,r=abcdefghijklmnopqrstuvwx')),
      );
      const asked = postgres.readAuthentication(await client.until('R'));
      salts.push(asked.kind === 'saslContinue' ? /s=([^,]+)/.exec(Buffer.from(asked.data).toString())?.[1] : null);
    }
    expect(salts[0]).toBe(salts[1]);
    expect(Buffer.from(salts[0] ?? '', 'base64')).toHaveLength(16);
  });

  it('that is wrong again and again is answered later and later, and each time on record', async () => {
    const grant = await newGrant(world);
    const relay = await relayWith([grant]);
    const took: number[] = [];
    for (let i = 0; i < 4; i++) {
      const before = performance.now();
      await refused(relay, { user: grant.user, password: 'wrong' });
      took.push(performance.now() - before);
    }
    expect(took[3]).toBeGreaterThan(800);
    expect(took[3]).toBeGreaterThan((took[0] ?? 0) * 2);
    // Its holder is not locked out, nor made to wait.
    const before = performance.now();
    await (await relay.connect(grant)).end();
    expect(performance.now() - before).toBeLessThan(700);
    const kept = relay.records().filter(({ kind }) => kind === 'session.refused');
    expect(kept).toHaveLength(4);
    expect(kept[0]?.data).toMatchObject({
      loginName: grant.user,
      resource: 'orders',
      database: DATABASE,
      clientAddress: '127.0.0.1',
      code: 'login_failed',
    });
  });

  it('of another grant opens nothing', async () => {
    const [mine, theirs] = [await newGrant(world), await newGrant(world, { person: 'bob' as PersonName })];
    const relay = await relayWith([mine, theirs]);
    expect(await refused(relay, { user: theirs.user, password: mine.passwords[0] ?? '' })).toMatchObject({
      code: '28P01',
    });
  });
});

describe('a grant', () => {
  it('that is over refuses, and says how it ended', async () => {
    const expired = await newGrant(world, { expiresIn: -1 });
    const revoked = await newGrant(world, {
      phase: 'close',
      closing: { reason: 'revoked', by: 'bob', comment: 'wrong database' },
    });
    const relay = await relayWith([expired, revoked]);
    const login = ({ user, passwords }: TestGrant) => ({ user, password: passwords[0] ?? '' });
    expect(await refused(relay, login(expired))).toMatchObject({
      code: '28000',
      message: `grant ${expired.grant.id} expired at ${expired.grant.expiresAt}`,
    });
    expect(await refused(relay, login(revoked))).toMatchObject({
      code: '28000',
      message: `grant ${revoked.grant.id} was revoked by bob: wrong database`,
      hint: expect.stringContaining('tidegate request orders --role editor'),
    });
    expect(await relay.recorded('session.refused', ({ loginName }) => loginName === revoked.user)).toMatchObject({
      code: 'grant_over',
    });
  });

  it('that is expired by this machine’s clock is over, whatever the control plane’s says; and the other way round', async () => {
    const soon = await newGrant(world, { expiresIn: 60_000 });
    const past = await newGrant(world, { expiresIn: -60_000 });
    const relay = await relayWith([soon, past], { contact: { controlNow: Date.now() - 120_000 } });
    expect(await refused(relay, { user: past.user, password: past.passwords[0] ?? '' })).toMatchObject({
      code: '28000',
    });
    relay.contact({ controlNow: Date.now() + 120_000 });
    expect(await refused(relay, { user: soon.user, password: soon.passwords[0] ?? '' })).toMatchObject({
      code: '28000',
    });
  });

  it('that is being opened makes its client wait until the principal can log in', async () => {
    const grant = await newGrant(world, { opened: false });
    await world.root.query(`ALTER ROLE "${grant.user}" NOLOGIN`);
    const relay = await relayWith([grant]);
    const connecting = relay.connect(grant);
    await world.root.query(`ALTER ROLE "${grant.user}" LOGIN`);
    expect(relay.heard.some(({ type }) => type === 'session-opened')).toBe(false);
    relay.tell({ type: 'opened', grant: grant.grant.id });
    await (await connecting).end();
  });

  it('that is not open in time, or only prepared, says so', async () => {
    const waiting = await newGrant(world, { opened: false });
    const prepared = await newGrant(world, { phase: 'prepare', startsAt: null, expiresAt: null, opened: false });
    const relay = await relayWith([waiting, prepared], { limits: { handshakeMs: 300 } });
    for (const grant of [waiting, prepared]) {
      expect(await refused(relay, { user: grant.user, password: grant.passwords[0] ?? '' })).toMatchObject({
        code: '57P03',
        message: `grant ${grant.grant.id} is not open yet`,
      });
    }
  });

  it('that is revoked while a client waits for the database refuses it', async () => {
    const grant = await newGrant(world, { opened: false });
    const relay = await relayWith([grant]);
    const connecting = relay.connect(grant);
    const closing = { reason: 'revoked', by: 'bob', comment: null } as const;
    await relay.change([{ ...grant.grant, phase: 'close', closing }]);
    await expect(connecting).rejects.toMatchObject({
      code: '28000',
      message: `grant ${grant.grant.id} was revoked by bob`,
    });
  });

  it('has room for so many sessions', async () => {
    const grant = await newGrant(world);
    const small = { ...world, resource: { ...world.resource, maxSessionsPerGrant: 2 } };
    const relay = await TestRelay.start(small, [grant]);
    onTestFinished(() => relay.stop());
    const [one, two] = [await relay.connect(grant), await relay.connect(grant)];
    await expect(relay.connect(grant)).rejects.toMatchObject({ code: '53300' });
    await one.end();
    await relay.hears('session-closed');
    await (await relay.connect(grant)).end();
    await two.end();
  });

  it('covers the resource’s databases and no other', async () => {
    const grant = await newGrant(world);
    const relay = await relayWith([grant]);
    await expect(relay.connect(grant, { database: 'other' })).rejects.toMatchObject({
      code: '3D000',
      message: `grant ${grant.grant.id} does not cover database "other"`,
      hint: `Databases of orders: ${DATABASE}`,
    });
    await expect(relay.connect(grant, { database: 'template1' })).rejects.toMatchObject({ code: '3D000' });
  });

  it('that main has removed is as if it had never been', async () => {
    const grant = await newGrant(world);
    const relay = await relayWith([grant]);
    await relay.change([], [grant.grant.id]);
    await expect(relay.connect(grant)).rejects.toMatchObject({ code: '28P01' });
  });
});

describe('a gateway out of touch', () => {
  it('lets nobody in, known or not', async () => {
    const grant = await newGrant(world);
    const relay = await relayWith([grant], { contact: { agoMs: 31_000 } });
    for (const user of [grant.user, 'nobody']) {
      expect(await refused(relay, { user, password: grant.passwords[0] ?? '' })).toMatchObject({
        code: '57P03',
        message: 'the gateway has been out of touch with the control plane for 31 s and lets nobody in',
      });
    }
    relay.contact();
    await (await relay.connect(grant)).end();
  });

  it('from its start lets nobody in', async () => {
    const grant = await newGrant(world);
    const relay = await relayWith([grant], { contact: { agoMs: null } });
    await expect(relay.connect(grant)).rejects.toMatchObject({ code: '57P03' });
  });
});

describe('TLS', () => {
  const psql = async (relay: TestRelay, grant: TestGrant, options: Record<string, string>, database = DATABASE) => {
    const ca = join(relay.folder, 'ca.pem');
    writeFileSync(ca, world.tls.ca);
    const words = {
      host: 'localhost',
      hostaddr: '127.0.0.1',
      port: String(relay.port),
      user: grant.user,
      sslrootcert: ca,
    };
    const conninfo = Object.entries({ ...words, dbname: database, ...options })
      .map(([name, value]) => `${name}='${value.replaceAll("'", "\\'")}'`)
      .join(' ');
    const env = { ...process.env, PGPASSWORD: grant.passwords[0] ?? '' };
    return promisify(execFile)('psql', ['-XAtc', 'SELECT 42', conninfo], { env });
  };

  it('is spoken with psql, verified, with the channel bound', async () => {
    const grant = await newGrant(world);
    const relay = await relayWith([grant], { tlsRequired: true });
    await expect(psql(relay, grant, { sslmode: 'verify-full', channel_binding: 'require' })).resolves.toMatchObject({
      stdout: '42\n',
    });
    await expect(psql(relay, grant, { sslmode: 'verify-full', channel_binding: 'disable' })).resolves.toMatchObject({
      stdout: '42\n',
    });
  });

  it('where it is required, refuses who comes without', async () => {
    const grant = await newGrant(world);
    const relay = await relayWith([grant], { tlsRequired: true });
    await expect(psql(relay, grant, { sslmode: 'disable' })).rejects.toMatchObject({
      stderr: expect.stringContaining('this gateway takes connections with TLS only'),
    });
    expect(await relay.recorded('session.refused')).toMatchObject({ code: 'tls_required', loginName: grant.user });
  });

  it('may be direct, with its ALPN', async () => {
    const grant = await newGrant(world);
    const relay = await relayWith([grant], { tlsRequired: true });
    const client = new RawClient(relay.port);
    onTestFinished(() => client.end());
    await client.startTls({ ALPNProtocols: ['postgresql'] });
    await prove(client, { user: grant.user, password: grant.passwords[0] ?? '' });
    await client.until('Z');
    const without = new RawClient(relay.port);
    onTestFinished(() => without.end());
    await without.startTls();
    expect(await without.refusal()).toMatchObject({ code: '08P01', message: 'direct TLS needs ALPN "postgresql"' });
    const other = tls.connect({
      host: '127.0.0.1',
      port: relay.port,
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: false,
    });
    const { promise, resolve } = Promise.withResolvers<Error>();
    other.once('error', resolve);
    expect(await promise).toMatchObject({ code: expect.stringContaining('ALERT_NO_APPLICATION_PROTOCOL') });
  });

  it('takes nothing that was sent ahead of it in the clear', async () => {
    const relay = await relayWith([]);
    const client = new RawClient(relay.port);
    onTestFinished(() => client.end());
    client.send(Buffer.concat([postgres.sslRequest(), startup('mallory', DATABASE)]));
    expect(await client.refusal()).toMatchObject({
      code: '08P01',
      message: expect.stringContaining('unencrypted data'),
    });
    await client.closed;
  });

  it('is asked for once', async () => {
    const relay = await relayWith([]);
    const gss = postgres.sslRequest();
    gss.writeInt32BE(postgres.GSSENC_REQUEST, 4);
    const client = new RawClient(relay.port);
    onTestFinished(() => client.end());
    client.send(gss);
    expect((await client.bytes(1)).toString()).toBe('N');
    client.send(gss);
    expect(await client.refusal()).toMatchObject({ code: '08P01' });
  });
});

describe('a start-up', () => {
  it('with protocol 3.2 gets a long cancel key, with 3.0 a short one, with 3.9 is offered 3.2', async () => {
    const grant = await newGrant(world);
    const relay = await relayWith([grant]);
    for (const [minor, length] of [
      [0, 4],
      [2, 32],
    ] as const) {
      const client = await rawSession(relay, grant, { minor });
      expect(client.key?.secret).toHaveLength(length);
      client.end();
    }
    const client = new RawClient(relay.port);
    onTestFinished(() => client.end());
    client.send(startup(grant.user, DATABASE, { '_pq_.new': '1' }, 9));
    expect(postgres.readNegotiateProtocolVersion((await client.message())?.body ?? Buffer.alloc(0))).toEqual({
      minor: 2,
      unknownOptions: ['_pq_.new'],
    });
  });

  it('brings its settings to the database, less those that say who one is', async () => {
    const grant = await newGrant(world);
    const relay = await relayWith([grant]);
    const client = await relay.connect(grant, { application_name: 'reports', options: '-c work_mem=5MB' });
    const { rows } = await client.query(
      `SELECT current_setting('work_mem') AS mem, current_setting('application_name') AS app`,
    );
    expect(rows).toEqual([{ mem: '5MB', app: 'reports' }]);
    await client.end();
    expect(await relay.recorded('session.started')).toMatchObject({ application: 'reports' });
    await expect(relay.connect(grant, { options: '-c role=postgres' })).rejects.toMatchObject({ code: '0A000' });
    await expect(relay.connect(grant, { replication: 'database' })).rejects.toMatchObject({ code: '0A000' });
    // The database's own refusals come through.
    await expect(relay.connect(grant, { options: '-c no_such=1' })).rejects.toMatchObject({
      code: '42704',
      message: expect.stringContaining('the database says: unrecognized configuration parameter "no_such"'),
    });
  });
});

describe('a database', () => {
  const tryWith = async (change: Partial<World['resource']>, before?: (grant: TestGrant) => Promise<unknown>) => {
    const grant = await newGrant(world);
    await before?.(grant);
    const relay = await TestRelay.start({ ...world, resource: { ...world.resource, ...change } }, [grant]);
    onTestFinished(() => relay.stop());
    try {
      const client = await relay.connect(grant);
      await client.end();
      return null;
    } catch (error) {
      return { ...(await relay.recorded('session.refused')), error };
    }
  };

  it('that cannot be reached, or lets the principal not in, is said so without saying where it is', async () => {
    expect(await tryWith({ address: { host: '127.0.0.1', port: 1 } })).toMatchObject({
      code: 'database_unreachable',
      error: { code: '57P03', message: 'the database of orders cannot be reached' },
    });
    const shut = await tryWith({}, ({ user }) => world.root.query(`ALTER ROLE "${user}" NOLOGIN`));
    expect(shut).toMatchObject({ code: 'database_refused', error: { code: '28000' } });
    expect(String(shut?.error)).not.toContain('127.0.0.1');
    const full = await tryWith({}, ({ user }) => world.root.query(`ALTER ROLE "${user}" CONNECTION LIMIT 0`));
    expect(full).toMatchObject({ error: { code: '53300', message: expect.stringContaining('too many connections') } });
  });

  it('is reached on its Unix socket too', async () => {
    const { socketDir, port } = world.cluster;
    expect(await tryWith({ address: { socket: socketDir, port } })).toBeNull();
  });

  it('that speaks no TLS where it must is not spoken to', async () => {
    expect(await tryWith({ tls: { mode: 'verify-full', ca: world.tls.ca, serverName: null } })).toMatchObject({
      code: 'database_unreachable',
    });
  });
});

describe('removal of a grant', () => {
  it('that was never known is no matter', async () => {
    const relay = await relayWith([]);
    await relay.change([], ['g0000000' as GrantId]);
  });
});
