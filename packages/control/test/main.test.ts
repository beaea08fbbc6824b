/** The control plane as a process: what its supervisor relies on. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createClient } from '@tidegate/contract';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { optionsFrom } from '../src/options.ts';
import { codeOf, emptyDatabase, PASSWORD, withCluster } from './support/api.ts';

withCluster();

const ready = z.object({
  type: z.literal('ready'),
  url: z.string(),
  linkPort: z.int(),
  setupToken: z.string().nullable(),
});
const failed = z.object({ type: z.literal('failed'), message: z.string() });
const answer = z.object({ type: z.literal('answer'), to: z.literal('join-token'), value: z.string() });

let home: string;
let storeUrl: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'tidegate-control-'));
  storeUrl = await emptyDatabase();
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

interface Started {
  readonly child: ChildProcess;
  readonly said: unknown;
  readonly output: () => string;
}

/** Forks it and waits for the first thing it says; fails with its output when it ends without a word. */
async function start(env: NodeJS.ProcessEnv = {}): Promise<Started> {
  const child = fork(fileURLToPath(new URL('../src/main.ts', import.meta.url)), [], {
    env: {
      PATH: process.env.PATH,
      TIDEGATE_HOME: home,
      TIDEGATE_DATABASE_URL: storeUrl,
      TIDEGATE_PORT: '0',
      TIDEGATE_LINK_PORT: '0',
      TIDEGATE_LOG_LEVEL: 'debug',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  children.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += String(chunk)));
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`it ended with ${String(code)} before it said anything:\n${output}`);
  });
  ended.catch(() => undefined); // its end is looked for again, once it has spoken
  const [said] = await Promise.race([once(child, 'message'), ended]);
  return { child, said, output: () => output };
}

async function exitOf(child: ChildProcess): Promise<unknown> {
  if (child.exitCode !== null) return child.exitCode;
  const [code] = await once(child, 'exit');
  return code;
}

describe('the process', () => {
  test('says where it is, serves, makes join tokens, keeps secrets out of its log, and ends on SIGTERM', async () => {
    const { child, said, output } = await start();
    const { url, setupToken } = ready.parse(said);
    const carol = { name: 'carol', password: PASSWORD, groups: ['administrators', 'auditors'] };
    await createClient({ url }).setup({ token: setupToken ?? '', people: [carol] });
    const { token } = await createClient({ url }).login({ user: 'carol', password: PASSWORD });
    expect(await codeOf(createClient({ url }).login({ user: 'carol', password: 'wrong password' }))).toBe(
      'login_failed',
    );
    expect((await createClient({ url, token }).auditKey()).publicKey).toContain('BEGIN PUBLIC KEY');
    const page = await fetch(url);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(await page.text()).toContain('Tidegate');

    child.send({ type: 'ask', what: 'join-token' });
    const [answered] = await once(child, 'message');
    const joinToken = answer.parse(answered).value;
    child.kill('SIGTERM');
    expect(await exitOf(child)).toBe(0);
    const key = readFileSync(join(home, 'key'), 'utf8').trim();
    for (const secret of [token, setupToken ?? '', joinToken, PASSWORD, 'wrong password', key]) {
      expect(output()).not.toContain(secret);
    }

    // Once more on the same store: nobody needs to be made.
    const again = await start();
    expect(ready.parse(again.said).setupToken).toBeNull();
  });

  test('ends with its supervisor', async () => {
    const { child, said } = await start();
    ready.parse(said);
    child.disconnect();
    expect(await exitOf(child)).toBe(0);
  });

  test('a wait does not hold up its end', async () => {
    const { child, said } = await start();
    const { url } = ready.parse(said);
    const { token } = await createClient({ url }).login({ user: 'carol', password: PASSWORD });
    const carol = createClient({ url, token });
    const yaml = `
apiVersion: tidegate/v1
resources:
  - { name: orders, engine: postgres, address: "127.0.0.1:1", databases: [orders], credential: { user: a, env: A }, tls: { mode: disable } }
policies:
  - { name: all, resources: { all: true }, roles: [reader], who: { people: [carol] }, approvals: [] }
`;
    await carol.applyConfig({ yaml });
    const { id } = await carol.createRequest({ resource: 'orders', role: 'reader', reason: 'x' });
    const waiting = carol.request({ id, wait: 60 }).catch(() => null);
    child.kill('SIGTERM');
    expect(await exitOf(child)).toBe(0);
    await waiting;
  });

  test('a port that is taken is named', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { child, said } = await start({ TIDEGATE_PORT: String(port) });
    expect(failed.parse(said).message).toContain(`127.0.0.1:${port} is in use. Set TIDEGATE_PORT`);
    expect(await exitOf(child)).toBe(1);
    other.close();
  });

  test('another key than the store was sealed with is refused', async () => {
    const { child, said } = await start({ TIDEGATE_KEY: Buffer.alloc(32, 1).toString('base64') });
    expect(failed.parse(said).message).toContain('sealed with another key');
    expect(await exitOf(child)).toBe(1);
  });
});

describe('the environment', () => {
  const sound = { TIDEGATE_DATABASE_URL: 'postgresql://u@h/d', TIDEGATE_HOME: '/h' };

  test('has its defaults', () => {
    expect(optionsFrom(sound)).toMatchObject({
      bind: '127.0.0.1',
      port: 7300,
      linkPort: 7301,
      staleAfterMs: 30_000,
      cutAfterMs: 300_000,
      trustProxy: [],
    });
    expect(optionsFrom({ ...sound, TIDEGATE_STALE_AFTER: '5s', TIDEGATE_CUT_AFTER: '2m' })).toMatchObject({
      staleAfterMs: 5_000,
      cutAfterMs: 120_000,
    });
  });

  test('says where browsers find us, and how long logins last', () => {
    expect(optionsFrom(sound)).toMatchObject({ publicUrl: null });
    const { idle, longest } = optionsFrom(sound).logins;
    expect([idle.total('hours'), longest.total('hours')]).toEqual([8, 24]);
    const set = {
      TIDEGATE_PUBLIC_URL: 'https://tidegate.example/',
      TIDEGATE_LOGIN_IDLE: '30m',
      TIDEGATE_LOGIN_LONGEST: '9h',
    };
    const { publicUrl, logins } = optionsFrom({ ...sound, ...set });
    expect(publicUrl).toBe('https://tidegate.example');
    expect([logins.idle.total('minutes'), logins.longest.total('hours')]).toEqual([30, 9]);
    for (const url of [
      'http://tidegate.example',
      'https://tidegate.example/app',
      'https://user@tidegate.example',
      'ftp://localhost',
      'tidegate.example',
    ]) {
      expect(() => optionsFrom({ ...sound, TIDEGATE_PUBLIC_URL: url })).toThrow(/TIDEGATE_PUBLIC_URL/);
    }
    expect(() => optionsFrom({ ...sound, TIDEGATE_LOGIN_IDLE: '1s' })).toThrow(/TIDEGATE_LOGIN_IDLE/);
  });

  test('what is wrong is named, never shown', () => {
    const wrong = { ...sound, TIDEGATE_DATABASE_URL: 'mysql://root:hunter2@h/d', TIDEGATE_PORT: '99999' };
    expect(() => optionsFrom(wrong)).toThrow(/TIDEGATE_DATABASE_URL.*TIDEGATE_PORT/);
    expect(() => optionsFrom(wrong)).not.toThrow(/hunter2/);
    expect(() => optionsFrom({ ...sound, TIDEGATE_PORT: '70000' })).toThrow(/“TIDEGATE_PORT” must be at most 65535\.$/);
  });
});
