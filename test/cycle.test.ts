/** The whole cycle through the command line on a fresh home, as root and as an ordinary user (issue: Prove it with). */
import { rmSync } from 'node:fs';
import { TOTP } from 'otpauth';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { checkoutFor } from './support/checkout.ts';
import { connection, ordinaryAccount, psql, root, Tidegate, type Way } from './support/tidegate.ts';

const asRoot = process.getuid?.() === 0;
const isLong = process.env.TIDEGATE_LONG === '1';
/** Where we are root, all other tests run as root: the cycle does so only in the long run. */
const accounts = asRoot
  ? [...(isLong ? [{ as: 'root', account: undefined }] : []), { as: 'an ordinary user', account: ordinaryAccount() }]
  : [{ as: 'an ordinary user', account: undefined }];

const request = z.object({
  id: z.string(),
  state: z.string(),
  grant: z
    .object({ id: z.string(), state: z.string(), startsAt: z.string().nullable(), expiresAt: z.string().nullable() })
    .nullable(),
  decision: z.object({ rule: z.string(), why: z.string() }),
  steps: z.array(z.object({ groups: z.array(z.string()), count: z.number() })),
});
const grants = z.array(
  z.object({
    id: z.string(),
    state: z.string(),
    resource: z.string(),
    role: z.string(),
    person: z.string(),
    closedBecause: z.string().nullable(),
  }),
);

/** The first error a client is told of; what follows it (the socket closing) is no news. */
function firstError(client: pg.Client): Promise<Error> {
  return new Promise((resolve) => {
    client.on('error', resolve);
  });
}

describe.each(accounts)('as $as', ({ account }) => {
  const checkout = account === undefined ? root : checkoutFor(account);
  let tidegate: Tidegate;

  beforeAll(async () => {
    tidegate = await Tidegate.start({ account, checkout, first: true });
    for (const person of ['alice', 'bob', 'carol']) await tidegate.login(person);
  });
  afterAll(async () => {
    await tidegate[Symbol.asyncDispose]();
    if (checkout !== root) rmSync(checkout, { recursive: true, force: true });
  });

  /** alice asks, bob agrees, and the answer is how alice gets in. */
  async function letIn(duration: string, role = 'reader'): Promise<Way> {
    const asked = request.parse(
      await tidegate.json('alice', ['request', 'orders', '--role', role, '--for', duration, '--reason', 'test']),
    );
    await tidegate.json('bob', ['approve', asked.id]);
    return connection.parse(await tidegate.json('alice', ['connect', 'orders', '--role', role, '--print']));
  }

  test('nobody is in without asking, and the refusal says why', async () => {
    const said = await tidegate.cli('alice', ['connect', 'orders', '--print', '--json']);
    expect(said.code).toBe(1);
    expect(said.stdout).toBe('');
    expect(said.stderr).toContain('no_active_grant');
  });

  test('asked, agreed by another, let in as oneself, read only, revoked, and cut off with the reason', async () => {
    const asked = request.parse(
      await tidegate.json('alice', ['request', 'orders', '--role', 'reader', '--for', '30m', '--reason', 'order 4711']),
    );
    expect(asked.state).toBe('pending');
    expect(asked.grant).toBeNull();
    expect(asked.steps).toMatchObject([{ groups: ['leads'], count: 1 }]);

    const own = await tidegate.cli('alice', ['approve', asked.id]);
    expect(own.code).toBe(1);
    expect(own.stderr).toContain('own_request');

    const approved = request.parse(await tidegate.json('bob', ['approve', asked.id]));
    expect(approved.state).toBe('approved');
    const way = connection.parse(await tidegate.json('alice', ['connect', 'orders', '--print']));

    const [, count] = (await psql(way, 'SELECT current_user || chr(10) || count(*) FROM orders')).stdout.split('\n');
    expect(Number(count)).toBeGreaterThan(10_000);
    const who = await psql(way, 'SELECT current_user');
    expect(who.stdout).toBe(way.user);
    expect(way.user).toMatch(/^alice\.g[0-9a-z]{7}$/);
    const write = await psql(way, 'DELETE FROM orders');
    expect(write.code).not.toBe(0);

    const client = new pg.Client({ ...way, ssl: false });
    client.on('error', () => undefined); // the statement under way hears of it first
    await client.connect();
    const busy = client.query('SELECT pg_sleep(600)').catch((error: unknown) => error);
    expect(await tidegate.json('alice', ['sessions'])).toHaveLength(1);
    await tidegate.json('carol', ['revoke', way.grant, '--reason', 'called back']);
    const error = await busy;
    expect(String(error)).toMatch(/revoked by carol.*called back/s);

    const again = await tidegate.cli('alice', ['connect', 'orders']);
    expect(again.code).toBe(1);
    const closed = await psql(way, 'SELECT 1');
    expect(closed.code).not.toBe(0);
    const all = grants.parse(await tidegate.json('alice', ['grants', '--all']));
    expect(all.find(({ id }) => id === way.grant)?.closedBecause).toBe('revoked');
  });

  test('expires by itself: the open session is told why, and the principal is gone', async () => {
    const way = await letIn('6s');
    const client = new pg.Client({ ...way, ssl: false });
    const cut = firstError(client);
    await client.connect();
    await client.query('SELECT 1');
    const error = await cut;
    const late = Date.now() - Date.parse(way.expiresAt);
    expect(String(error)).toMatch(/expired/);
    expect(late).toBeGreaterThan(-1_000);
    expect(late).toBeLessThan(1_000);

    // The record says when the gateway saw the principal gone; the next owner looks in the database itself.
    await expect
      .poll(
        async () =>
          JSON.stringify(await tidegate.json('carol', ['audit', 'list', '--grant', way.grant, '--kind', 'principal'])),
        { timeout: 30_000 },
      )
      .toContain('closed');
    const other = await letIn('5m');
    const left = await psql(other, `SELECT count(*) FROM pg_roles WHERE rolname = '${way.user}'`);
    expect(left.stdout).toBe('0');
  });

  test('an owner needs a lead and a DBA, who are two people, and a second factor to connect', async () => {
    const asked = request.parse(
      await tidegate.json('alice', ['request', 'orders', '--role', 'owner', '--for', '10m', '--reason', 'new table']),
    );
    expect(asked.steps.map(({ groups }) => groups)).toEqual([['leads'], ['dba']]);
    await tidegate.json('bob', ['approve', asked.id]);
    expect((await tidegate.cli('bob', ['approve', asked.id])).code).toBe(1);
    await tidegate.json('carol', ['approve', asked.id]);

    const without = await tidegate.cli('alice', ['connect', 'orders', '--role', 'owner', '--print', '--json']);
    expect(without.code).toBe(1);
    expect(without.stderr).toContain('mfa_required');

    const { secret } = z
      .object({ secret: z.string() })
      .parse(await tidegate.json('alice', ['mfa', 'enrol', '--password-stdin'], 'correct horse battery\n'));
    const totp = new TOTP({ secret });
    await tidegate.json('alice', ['mfa', 'confirm', totp.generate()]);
    // A code counts once (replays are refused): the next one is taken from the step after, which the server allows for.
    const next = totp.generate({ timestamp: Date.now() + 30_000 });
    const way = connection.parse(
      await tidegate.json('alice', ['connect', 'orders', '--role', 'owner', '--print', '--mfa-code', next]),
    );

    expect((await psql(way, 'CREATE TABLE notes_of_alice (id int); INSERT INTO notes_of_alice VALUES (1)')).code).toBe(
      0,
    );
    await tidegate.json('alice', ['relinquish', way.grant]);
    await expect
      .poll(
        async () =>
          JSON.stringify(await tidegate.json('carol', ['audit', 'list', '--grant', way.grant, '--kind', 'principal'])),
        { timeout: 30_000 },
      )
      .toContain('closed');
    const reader = await letIn('5m');
    const kept = await psql(reader, "SELECT tableowner FROM pg_tables WHERE tablename = 'notes_of_alice'");
    expect(kept.stdout).not.toBe('');
    expect(kept.stdout).not.toContain('alice.');
  });

  test('the record holds every statement before its outcome, and verifies offline', async () => {
    const way = await letIn('5m');
    const client = new pg.Client({ ...way, ssl: false });
    await client.connect();
    await client.query('SELECT * FROM customers WHERE id = $1', [4711]);
    await client.end();
    const entry = z.object({ kind: z.string(), data: z.record(z.string(), z.unknown()) });
    const recorded = async () =>
      z.array(entry).parse(await tidegate.json('carol', ['audit', 'list', '--grant', way.grant, '--limit', '500']));
    await expect
      .poll(async () => (await recorded()).some(({ kind }) => kind === 'session.ended'), { timeout: 30_000 })
      .toBe(true);
    const entries = await recorded();
    const statement = entries.find(({ kind, data }) => kind === 'statement' && JSON.stringify(data).includes('4711'));
    expect(statement?.data).toMatchObject({
      person: 'alice',
      principal: way.user,
      text: 'SELECT * FROM customers WHERE id = $1',
    });
    const outcome = entries.find(({ kind, data }) => kind === 'statement.outcome' && data.op === statement?.data.op);
    expect(outcome?.data).toMatchObject({ state: 'done', rows: 1 });

    const verified = await tidegate.json('carol', ['audit', 'verify']);
    expect(verified).toMatchObject({ ok: true });
  });

  test('a second start on the same home is refused and says by which process', async () => {
    const failed = await Tidegate.start({ home: tidegate.home.replace(/\/tidegate$/, ''), account, checkout }).then(
      () => 'it started',
      (error: unknown) => String(error),
    );
    expect(failed).toContain('in use by another Tidegate process');
    expect(failed).toContain(String(tidegate.process.pid));
  });

  test('stops on SIGTERM, and a used home comes back with what it knew', async () => {
    expect(await tidegate.stop()).toBe(0);
    const home = tidegate.home.replace(/\/tidegate$/, '');
    await using back = await Tidegate.start({
      home,
      account,
      checkout,
      env: { TIDEGATE_PORT: new URL(tidegate.url).port },
    });
    expect(grants.parse(await back.json('alice', ['grants', '--all'])).length).toBeGreaterThan(2);
    await back.stop();
    rmSync(home, { recursive: true, force: true });
  });
});
