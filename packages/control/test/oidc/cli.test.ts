/** The command line against a real provider: what a person types, sees, and gets. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PASSWORD, withCluster } from '../support/api.ts';
import { Browser } from './support/browser.ts';
import { PLATFORM, startWorld, type World } from './support/world.ts';

withCluster();
const MAIN = fileURLToPath(new URL('../../../cli/src/main.ts', import.meta.url));
let world: World;
let home: string;
beforeAll(async () => {
  world = await startWorld();
  world.idp.accounts.set('sub-erin', { claims: { preferred_username: 'erin', groups: [PLATFORM] }, amr: ['pwd'] });
  home = mkdtempSync(join(tmpdir(), 'tidegate-cli-'));
});
afterAll(async () => {
  rmSync(home, { recursive: true, force: true });
  await world.close();
});

interface Run {
  /** Resolves when the CLI has said something that matches. */
  said(pattern: RegExp): Promise<string>;
  readonly ended: Promise<{ code: number | null; out: string; err: string }>;
}

function tidegate(...args: string[]): Run {
  return tidegateWith({}, ...args);
}

function tidegateWith(more: Record<string, string>, ...args: string[]): Run {
  const env = {
    ...more,
    PATH: process.env.PATH,
    HOME: home,
    NO_COLOR: '1',
    TIDEGATE_URL: world.origin,
  };
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  const hearers = new Set<() => void>();
  child.stdout.on('data', (chunk) => {
    out += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    err += String(chunk);
    for (const hear of hearers) hear();
  });
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.on('close', (code) => resolve({ code, out, err }));
  });
  return {
    ended,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const hear = (): void => {
          const found = pattern.exec(err)?.[1];
          if (found === undefined) return;
          hearers.delete(hear);
          resolve(found);
        };
        hearers.add(hear);
        hear();
        void ended.then(() => reject(new Error(`it ended and said: ${err}`)));
      }),
  };
}

const PAGE = /(http:\/\/127\.0\.0\.1:\d+\/auth\?\S+)/;

describe('tidegate login', () => {
  test('prints the provider’s page, waits for the browser, and keeps the login in the profile', async () => {
    const run = tidegate('login', '--provider', 'corp', '--json');
    const { text } = await new Browser().walk(await run.said(PAGE), 'sub-erin');
    expect(text).toContain('You are signed in');
    const { code, out } = await run.ended;
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ person: 'erin', url: world.origin });
    const profile: unknown = JSON.parse(readFileSync(join(home, '.config/tidegate/default.json'), 'utf8'));
    expect(profile).toMatchObject({ person: 'erin', token: expect.stringMatching(/^tdg_/) });
    const me = await tidegate('whoami', '--json').ended;
    expect(JSON.parse(me.out)).toMatchObject({ name: 'erin', groups: ['platform'], session: { how: 'oidc' } });
  });

  test('who gives up is told why, and nothing is kept', async () => {
    const run = tidegate('login', '--provider', 'corp', '--profile', 'other');
    expect((await new Browser().walk(await run.said(PAGE), '')).text).toContain('You are not signed in');
    const { code, err } = await run.ended;
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('did not let you in. (login_failed)') });
  });

  test('with --device, a code to type anywhere', async () => {
    const run = tidegate('login', '--device', '--json', '--profile', 'device');
    const userCode = await run.said(/type ([A-Z]{4}-[A-Z]{4})/);
    await new Browser().walk(`${world.idp.issuer}/device?user_code=${userCode}`, 'sub-erin');
    // The server’s own clock says when the provider may be asked again.
    world.api.advance({ seconds: 10 });
    const { code, out } = await run.ended;
    expect({ code, answer: JSON.parse(out) }).toMatchObject({ code: 0, answer: { person: 'erin' } });
  });

  test('where nobody is there to be asked, the ways are named', async () => {
    const { code, err } = await tidegate('login').ended;
    expect({ code, err }).toEqual({
      code: 2,
      err: expect.stringContaining('With --provider NAME, --device, or --user NAME.'),
    });
    const unknown = await tidegate('login', '--provider', 'crop').ended;
    expect({ code: unknown.code, err: unknown.err }).toEqual({
      code: 2,
      err: expect.stringContaining('There are corp.'),
    });
    expect((await tidegate('login', '--device', '--user', 'erin').ended).code).toBe(2);
  });
});

test('tidegate mfa verify goes to the provider that one signed in at, where there is a browser', async () => {
  const account = world.idp.accounts.get('sub-erin');
  const login = tidegate('login', '--provider', 'corp', '--profile', 'rises');
  if (account !== undefined) account.amr = ['pwd'];
  await new Browser().walk(await login.said(PAGE), 'sub-erin');
  await login.ended;
  expect(JSON.parse((await tidegate('whoami', '--json', '--profile', 'rises').ended).out).session.mfaAt).toBeNull();
  if (account !== undefined) account.amr = ['pwd', 'mfa'];
  // A browser that does nothing: the test walks the way itself.
  const verify = tidegateWith({ BROWSER: '/bin/true' }, 'mfa', 'verify', '--json', '--profile', 'rises');
  const page = await verify.said(PAGE);
  expect(new URL(page).searchParams.get('max_age')).toBe('0');
  await new Browser().walk(page, 'sub-erin');
  const { code, out } = await verify.ended;
  expect({ code, mfaAt: JSON.parse(out).session.mfaAt }).toEqual({ code: 0, mfaAt: expect.any(String) });
});

test('tidegate people shows, links and unlinks identities', async () => {
  await world.signIn('sub-erin');
  const { token } = await world.api.nobody.login({ user: 'carol', password: PASSWORD });
  const carol = { url: world.origin, token, person: 'carol', expiresAt: '2100-01-01T00:00:00Z' };
  writeFileSync(join(home, '.config/tidegate/carol.json'), JSON.stringify(carol));
  const people = async (...args: string[]) => tidegate('people', ...args, '--profile', 'carol').ended;
  expect((await people('identities', 'erin')).out).toMatch(/corp +sub-erin/);
  const at = ['--provider', 'corp', '--subject', 'sub-erin'];
  expect((await people('link', 'dan', ...at)).out).toMatch(/sub-erin .* carol/);
  expect((await people('identities', 'erin')).out).toContain('Nobody, at none.');
  expect((await people('unlink', 'dan', ...at)).out).toContain('Unlinked');
  expect((await people('unlink', 'dan', ...at)).err).toContain('not known by that subject');
  expect((await people('link', 'dan')).code).toBe(2);
});
