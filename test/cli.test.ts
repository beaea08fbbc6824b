/** The command line against a running Tidegate: what scripts rely on, and what the whole cycle (cycle.test.ts) leaves out. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@tidegate/contract';
import { freePort } from '@tidegate/embedded/testing';
import { TOTP } from 'otpauth';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { connection, DEMO_PASSWORD, psql, type Said, Tidegate, type Way } from './support/tidegate.ts';

const instant = z.iso.datetime();
const grant = z.object({
  id: z.string(),
  state: z.enum(['scheduled', 'active', 'closing', 'closed']),
  resource: z.string(),
  role: z.string(),
  person: z.string(),
  startsAt: instant.nullable(),
  expiresAt: instant.nullable(),
  closedBecause: z.string().nullable(),
});
const request = z.object({
  id: z.string().regex(/^req_/),
  state: z.enum(['pending', 'approved', 'denied', 'cancelled', 'lapsed']),
  grant: grant.nullable(),
  steps: z.array(z.object({ groups: z.array(z.string()), count: z.int() })),
  reviews: z.array(z.object({ reviewer: z.string(), decision: z.string(), comment: z.string().nullable() })),
  decision: z.object({ rule: z.string(), why: z.string() }),
});
const ODD = `O'Brien "x".y`;

let tidegate: Tidegate;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tidegate-cli-'));
  tidegate = await Tidegate.start();
  for (const person of ['alice', 'bob', 'carol']) await tidegate.login(person);
});
afterAll(async () => {
  await tidegate[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

async function ask(person: string, args: readonly string[]): Promise<z.infer<typeof request>> {
  return request.parse(await tidegate.json(person, ['request', 'orders', '--reason', 'a test', ...args]));
}

async function letIn(person: string, duration: string, role = 'reader'): Promise<Way> {
  const { id } = await ask(person, ['--role', role, '--for', duration]);
  await tidegate.json('bob', ['approve', id]);
  return connection.parse(await tidegate.json(person, ['connect', 'orders', '--role', role, '--print']));
}

function refused(said: Said, code: string): void {
  expect(said.code).toBe(1);
  expect(said.stdout).toBe('');
  expect(said.stderr).toContain(`(${code})`);
}

describe('answers for scripts', () => {
  test('a request without --wait says where it stands, and a grant has the members scripts read', async () => {
    const asked = await ask('alice', ['--role', 'reader', '--for', '10m']);
    expect(asked).toMatchObject({ state: 'pending', grant: null, steps: [{ groups: ['leads'], count: 1 }] });
    await tidegate.json('bob', ['approve', asked.id, '--comment', 'go']);
    const way = connection.parse(await tidegate.json('alice', ['connect', 'orders', '--print']));
    expect(new URL(way.uri).port).toBe(String(tidegate.postgresPort));
    expect(readFileSync(way.caFile, 'utf8')).toContain('BEGIN CERTIFICATE');
    await tidegate.json('alice', ['relinquish', way.grant]);
    const all = z.array(grant).parse(await tidegate.json('alice', ['grants', '--all']));
    expect(all.find(({ id }) => id === way.grant)).toMatchObject({ person: 'alice', closedBecause: 'relinquished' });
  });

  test.each([
    [['whoami']],
    [['resources']],
    [['resources', 'show', 'orders']],
    [['explain', 'orders', '--role', 'owner', '--as', 'bob']],
    [['requests', '--all']],
    [['requests', '--to-review']],
    [['grants', '--all']],
    [['sessions', '--all']],
    [['people']],
    [['gateways']],
    [['gateways', 'join-token', 'another']],
    [['findings', '--all']],
    [['config']],
    [['config', 'versions']],
    [['audit', 'list', '--since', '1h']],
    [['audit', 'key']],
    [['audit', 'verify']],
  ])('%j answers --json with one JSON value and nothing else', async (args) => {
    const said = await tidegate.cli('carol', [...args, '--json']);
    expect(said.code, said.stderr).toBe(0);
    expect(said.stdout).toMatch(/^\S.*\n$/);
    expect(JSON.parse(said.stdout)).toBeTypeOf('object');
  });

  test('an export is many values: to a file, which verifies offline against a key kept elsewhere', async () => {
    const [file, key] = [join(folder, 'record.ndjson'), join(folder, 'key.pem')];
    expect(await tidegate.json('carol', ['audit', 'export', '--out', file])).toMatchObject({ file });
    writeFileSync(key, (await tidegate.cli('carol', ['audit', 'key'])).stdout);
    expect(await tidegate.json('nobody', ['audit', 'verify', file, '--key', key])).toMatchObject({ ok: true });
    writeFileSync(file, readFileSync(file, 'utf8').replace('"alice"', '"mallory"'));
    const spoilt = await tidegate.cli('nobody', ['audit', 'verify', file, '--key', key, '--json']);
    expect(spoilt.code).toBe(1);
    expect(JSON.parse(spoilt.stdout)).toMatchObject({ ok: false });
  });

  test('who may not see gets no data; a server that is away is said so', async () => {
    refused(await tidegate.cli('alice', ['people', '--json']), 'forbidden');
    const port = await freePort();
    const login = ['login', '--url', `http://127.0.0.1:${port}`, '--user', 'alice', '--password-stdin'];
    refused(await tidegate.cli('away', login, 'x\n'), 'unavailable');
    refused(await tidegate.cli('alice2', ['grants']), 'unauthenticated');
  });
});

describe('the configuration', () => {
  test('with errors is refused with every place, and the one in force stays', async () => {
    const before = await tidegate.json('carol', ['config']);
    const file = join(folder, 'errors.yaml');
    const wrong = [
      'apiVersion: tidegate/v1',
      'groups:',
      '  - name: leads',
      '    member: [bob]',
      'policies:',
      '  - name: all',
    ];
    writeFileSync(file, `${[...wrong, '    resources: { all: true }', '    roles: reader'].join('\n')}\n`);
    for (const command of ['plan', 'apply']) {
      const said = await tidegate.cli('carol', [command, '-f', file, '--json']);
      refused(said, 'invalid_config');
      expect(said.stderr).toMatch(/line 4, column 5 .*“member”.*“members”/);
      expect(said.stderr).toMatch(/line 8, column 12 /);
      expect(said.stderr).toMatch(/must say “approvals”/);
    }
    expect(await tidegate.json('carol', ['config'])).toEqual(before);
    const explained = await tidegate.json('alice', ['explain', 'orders', '--role', 'reader']);
    expect(explained).toMatchObject({ outcome: 'needs_approval', rule: 'read and edit' });
  });

  test('is planned, then applied as planned, and others may not', async () => {
    const { yaml } = z.object({ yaml: z.string() }).parse(await tidegate.json('carol', ['config']));
    const more = yaml.replace('- name: leads\n', '- name: leads\n  - name: support\n');
    refused(await tidegate.cli('alice', ['apply', '-f', '-'], more), 'forbidden');
    const plan = await tidegate.json('carol', ['plan', '-f', '-'], more);
    expect(plan).toMatchObject({ changes: [{ kind: 'add', what: 'group support' }] });
    const { planId } = z.object({ planId: z.string() }).parse(plan);
    refused(await tidegate.cli('carol', ['apply', '-f', '-', '--plan-id', planId], yaml), 'conflict');
    const applied = await tidegate.json('carol', ['apply', '-f', '-', '--plan-id', planId], more);
    expect(applied).toMatchObject({ appliedBy: 'carol' });
    expect(await tidegate.json('carol', ['plan', '-f', '-'], more)).toMatchObject({ changes: [] });
  });
});

describe('asking', () => {
  test('a denial carries its comment, and ends a wait with 1', async () => {
    const waiting = tidegate.cli('alice', [
      'request',
      'orders',
      '--role',
      'reader',
      '--reason',
      'x',
      '--wait',
      '--json',
    ]);
    const [asked] = await expectSome(() => tidegate.json('bob', ['requests', '--to-review']));
    const said = await tidegate.cli('bob', ['deny', asked?.id ?? '', '--comment', 'not today']);
    expect(said.code).toBe(0);
    const { code, stdout, stderr } = await waiting;
    expect(code).toBe(1);
    expect(stderr).toContain('waits for leads');
    const reviews = [{ reviewer: 'bob', decision: 'deny', comment: 'not today' }];
    expect(request.parse(JSON.parse(stdout))).toMatchObject({ state: 'denied', grant: null, reviews });
  });

  test('Ctrl-C ends the wait, not the request; cancelled, nobody can agree to it any more', async () => {
    const waiting = tidegate.spawn('alice', ['request', 'orders', '--role', 'reader', '--reason', 'x', '--wait']);
    const [asked] = await expectSome(() => tidegate.json('bob', ['requests', '--to-review']));
    waiting.kill('SIGINT');
    expect(await once(waiting, 'exit')).toEqual([130, null]);
    const id = asked?.id ?? '';
    expect(await tidegate.json('alice', ['requests', id])).toMatchObject({ state: 'pending' });
    expect(await tidegate.json('alice', ['cancel', id])).toMatchObject({ state: 'cancelled' });
    refused(await tidegate.cli('bob', ['approve', id]), 'wrong_state');
  });

  test('a window that begins later opens then, and is given back before', async () => {
    const later = await ask('alice', ['--role', 'editor', '--for', '10m', '--start', '1h']);
    const approved = request.parse(await tidegate.json('bob', ['approve', later.id]));
    expect(approved.grant).toMatchObject({ state: 'scheduled', startsAt: null });
    refused(await tidegate.cli('alice', ['connect', 'orders', '--role', 'editor', '--print']), 'no_active_grant');
    const given = grant.parse(await tidegate.json('alice', ['relinquish', approved.grant?.id ?? '']));
    expect(given.closedBecause).toBe('relinquished');

    const soon = new Date(Date.now() + 4_000).toISOString();
    const asked = await ask('alice', ['--role', 'editor', '--for', '10m', '--start', soon]);
    await tidegate.json('bob', ['approve', asked.id]);
    const open = async () => request.parse(await tidegate.json('alice', ['requests', asked.id])).grant;
    await expect.poll(async () => (await open())?.state, { timeout: 20_000 }).toBe('active');
    const opened = await open();
    expect(Date.parse(opened?.startsAt ?? '')).toBeGreaterThanOrEqual(Date.parse(soon));
    await tidegate.json('alice', ['relinquish', opened?.id ?? '']);
  });
});

describe('people', () => {
  test('whose names have quotes and dots go through the whole cycle', async () => {
    const add = ['people', 'add', ODD, '--groups', 'engineers,leads', '--password-stdin'];
    await tidegate.json('carol', add, `${DEMO_PASSWORD}\n`);
    const login = ['login', '--url', tidegate.url, '--user', ODD, '--password-stdin'];
    await tidegate.json('odd', login, `${DEMO_PASSWORD}\n`);
    const way = await letIn('odd', '5m');
    expect(way.user).toMatch(/^o-brien-x-y\.g[0-9a-z]{7}$/);
    expect((await psql(way, 'SELECT current_user')).stdout).toBe(way.user);

    // As a reviewer, too: and nobody agrees to their own.
    const { id } = await ask('alice', ['--role', 'reader', '--for', '5m']);
    expect(await tidegate.json('odd', ['approve', id, '--comment', `"; DROP TABLE x; --`])).toMatchObject({
      state: 'approved',
      reviews: [{ reviewer: ODD }],
    });
    const own = await ask('odd', ['--role', 'editor', '--for', '5m']);
    refused(await tidegate.cli('odd', ['approve', own.id]), 'own_request');

    const disabled = await tidegate.json('carol', ['people', 'change', ODD, '--disable']);
    expect(disabled).toMatchObject({ name: ODD, disabled: true });
    refused(await tidegate.cli('odd', ['whoami']), 'unauthenticated');
    expect((await psql(way, 'SELECT 1')).code).not.toBe(0);
    const record = await tidegate.json('carol', ['audit', 'list', '--person', ODD, '--kind', 'grant.closing']);
    expect(record).toMatchObject([{ data: { person: ODD, grant: way.grant } }]);
  });

  test('change their password, which ends their other logins', async () => {
    await tidegate.json('carol', ['people', 'add', 'dave', '--password-stdin'], `${DEMO_PASSWORD}\n`);
    const login = ['login', '--url', tidegate.url, '--user', 'dave', '--password-stdin'];
    for (const profile of ['dave', 'dave2']) await tidegate.json(profile, login, `${DEMO_PASSWORD}\n`);
    refused(await tidegate.cli('dave', ['password', '--stdin'], 'wrong password\nanother password\n'), 'login_failed');
    await tidegate.json('dave', ['password', '--stdin'], `${DEMO_PASSWORD}\nanother password\n`);
    expect(await tidegate.json('dave', ['whoami'])).toMatchObject({ name: 'dave' });
    refused(await tidegate.cli('dave2', ['whoami']), 'unauthenticated');
    await tidegate.json('dave', ['logout']);
    refused(await tidegate.cli('dave', ['whoami']), 'unauthenticated');
    refused(await tidegate.cli('dave', login, `${DEMO_PASSWORD}\n`), 'login_failed');
  });
});

test('a second factor: asked for at connect, each code once, and said how where there is none', async () => {
  const { id } = await ask('alice', ['--role', 'owner', '--for', '5m']);
  await tidegate.json('bob', ['approve', id]);
  await tidegate.json('carol', ['approve', id]);
  const goIn = ['connect', 'orders', '--role', 'owner', '--print', '--json'];
  const none = await tidegate.cli('alice', goIn);
  refused(none, 'mfa_required');
  expect(none.stderr).toContain('tidegate mfa enrol');

  refused(
    await tidegate.cli('alice', ['mfa', 'enrol', '--password-stdin', '--json'], 'wrong password\n'),
    'login_failed',
  );
  const enrolment = await tidegate.json('alice', ['mfa', 'enrol', '--password-stdin'], `${DEMO_PASSWORD}\n`);
  const { secret } = z.object({ secret: z.string(), uri: z.string() }).parse(enrolment);
  const totp = new TOTP({ secret });
  const [first, next] = [totp.generate(), totp.generate({ timestamp: Date.now() + 30_000 })];
  expect(await tidegate.json('alice', ['mfa', 'confirm', first])).toMatchObject({ mfa: { totp: true } });

  // Another login has not shown it yet.
  const login = ['login', '--url', tidegate.url, '--user', 'alice', '--password-stdin'];
  await tidegate.json('alice2', login, `${DEMO_PASSWORD}\n`);
  const unshown = await tidegate.cli('alice2', goIn);
  refused(unshown, 'mfa_required');
  expect(unshown.stderr).toContain('--mfa-code');
  refused(await tidegate.cli('alice2', [...goIn, '--mfa-code', first]), 'mfa_invalid');
  connection.parse(
    await tidegate.json('alice2', ['connect', 'orders', '--role', 'owner', '--print', '--mfa-code', next]),
  );

  // For a terminal that has no code: shown in a browser, here by the other login, with a recovery code.
  const { codes } = z
    .object({ codes: z.array(z.string()).length(10) })
    .parse(await tidegate.json('alice', ['mfa', 'recovery-codes']));
  const waiting = tidegate.spawn('alice2', ['mfa', 'verify', '--json']);
  const told = await new Promise<string>((resolve, reject) => {
    let text = '';
    waiting.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('Waiting')) resolve(text);
    });
    waiting.once('exit', () => reject(new Error(`ended: ${text}`)));
  });
  const [, asked = ''] = /challenge=(mfa_\w+)/.exec(told) ?? [];
  const nobody = createClient({ url: tidegate.url });
  const browser = nobody.withToken((await nobody.login({ user: 'alice', password: DEMO_PASSWORD })).token);
  expect(told).toContain((await browser.stepUp({ id: asked })).code);
  const over = once(waiting, 'exit');
  await browser.completeStepUp({ id: asked, code: codes[0] ?? '' });
  expect(await over).toEqual([0, null]);
  const whoami = await tidegate.json('alice2', ['whoami']);
  expect(whoami).toMatchObject({ mfa: { totp: true, recoveryCodes: 9 } });

  const { session } = z.object({ session: z.object({ id: z.string() }) }).parse(whoami);
  expect(await tidegate.json('alice', ['logins'])).toContainEqual(
    expect.objectContaining({ id: session.id, how: 'password', current: false }),
  );
  await tidegate.json('alice', ['logins', 'end', session.id]);
  refused(await tidegate.cli('alice2', ['whoami']), 'unauthenticated');
  await tidegate.json('alice', ['mfa', 'remove']);
  expect(await tidegate.json('alice', ['whoami'])).toMatchObject({ mfa: { totp: false } });
});

test('an extension moves the end, and an open session does not notice', async () => {
  // Six command lines have to end before it does, on a busy machine too.
  const way = await letIn('alice', '15s');
  const client = new pg.Client({ ...way, ssl: false });
  const lost: Error[] = [];
  client.on('error', (error) => lost.push(error));
  await client.connect();
  const more = request.parse(await tidegate.json('alice', ['extend', way.grant, '--for', '10m']));
  expect(more.state).toBe('pending');
  refused(await tidegate.cli('alice', ['approve', more.id]), 'own_request');
  await tidegate.json('bob', ['approve', more.id]);
  const extended = grant.parse(await tidegate.json('alice', ['grants', way.grant]));
  expect(Date.parse(extended.expiresAt ?? '')).toBe(Date.parse(way.expiresAt) + 600_000);
  await client.query('SELECT pg_sleep_until($1::timestamptz + interval $$1500 ms$$)', [way.expiresAt]);
  const { rows } = await client.query('SELECT current_user AS who');
  expect(rows).toEqual([{ who: way.user }]);
  expect(lost).toEqual([]);
  await client.end();
  // New sessions are let in too, with the ticket of before.
  expect((await psql(way, 'SELECT 1')).stdout).toBe('1');
  await tidegate.json('alice', ['relinquish', way.grant]);
});

describe('the proxy', () => {
  test('lets every tool in without a password, passes cancels, and tells why it is cut', async () => {
    const way = await letIn('alice', '10m');
    const proxy = tidegate.spawn('alice', ['proxy', 'orders', '--grant', way.grant, '--json']);
    const told: string[] = [];
    proxy.stderr.on('data', (chunk: Buffer) => told.push(chunk.toString()));
    const [line] = await once(proxy.stdout, 'data');
    const place = z.object({ host: z.string(), port: z.int(), user: z.string(), database: z.string() });
    const { host, port, user, database } = place.parse(JSON.parse(String(line)));
    const through: Way = { ...way, host, port, password: '', sslmode: 'prefer' };
    expect((await psql(through, 'SELECT current_user')).stdout).toBe(user);
    const nobody = await psql({ ...through, user: 'whoever', database: 'whoever' }, 'SELECT current_database()');
    expect(nobody.stdout, 'a tool that names no database gets the one that was opened').toBe(database);
    const other = await psql({ ...through, database: 'postgres' }, 'SELECT 1');
    expect(other.stderr, 'one that names another is refused, not given this one').toContain('postgres');

    const client = new pg.Client({ host, port, user: 'any', database, ssl: false });
    const cut = new Promise<Error>((resolve) => client.on('error', resolve));
    await client.connect();
    const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
    const busy = client.query('SELECT pg_sleep(600)').catch((error: unknown) => error);
    const canceller = new pg.Client({ host, port, user: 'any', database, ssl: false });
    await canceller.connect();
    await expect.poll(async () => running(canceller, rows[0].pid)).toBe('active');
    cancelThrough(client, port);
    expect(String(await busy)).toContain('canceling statement due to user request');
    await canceller.end();

    await tidegate.json('carol', ['revoke', way.grant, '--reason', 'called back']);
    expect(String(await cut)).toMatch(/revoked by carol: called back/);
    expect(await once(proxy, 'exit')).toEqual([0, null]);
    expect(told.join('')).toContain('The grant is over: revoked by carol: called back.');
  });

  test.skipIf(process.getuid?.() !== 0)('is nobody else’s: another user of this machine is refused', async () => {
    const way = await letIn('alice', '10m');
    const proxy = tidegate.spawn('alice', ['proxy', 'orders', '--grant', way.grant, '--json']);
    const [line] = await once(proxy.stdout, 'data');
    const { port } = z.object({ port: z.int() }).parse(JSON.parse(String(line)));
    const through: Way = { ...way, host: '127.0.0.1', port, sslmode: 'disable' };
    expect((await psql(through, 'SELECT 1')).stdout).toBe('1');
    const stranger = await psql(through, 'SELECT 1', { uid: 65_534, gid: 65_534 });
    expect(stranger.code).not.toBe(0);
    expect(stranger.stderr).toContain('serves only the user who started it');
    proxy.kill('SIGINT');
    expect(await once(proxy, 'exit')).toEqual([0, null]);
    await tidegate.json('alice', ['relinquish', way.grant]);
  });
});

/** What a list answers once it is not empty. */
async function expectSome(list: () => Promise<unknown>): Promise<{ id: string }[]> {
  const items = z.array(z.object({ id: z.string() }));
  let found: { id: string }[] = [];
  await expect
    .poll(
      async () => {
        found = items.parse(await list());
        return found.length;
      },
      { timeout: 20_000 },
    )
    .toBeGreaterThan(0);
  return found;
}

async function running(client: pg.Client, pid: unknown): Promise<string> {
  const { rows } = await client.query('SELECT state FROM pg_stat_activity WHERE pid = $1', [pid]);
  return z.object({ state: z.string() }).parse(rows[0]).state;
}

/** As libpq's PQcancel does: a connection of its own, with the key the session was given. */
function cancelThrough(client: pg.Client, port: number): void {
  const { processID, secretKey } = z.object({ processID: z.int(), secretKey: z.int() }).parse(client);
  const packet = Buffer.alloc(16);
  for (const [at, value] of [16, 80_877_102, processID, secretKey].entries()) packet.writeInt32BE(value, at * 4);
  connect(port, '127.0.0.1').end(packet);
}
