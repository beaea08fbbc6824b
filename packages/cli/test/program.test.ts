/** What is typed wrong ends with 2 before anything is asked of a server; there is none here. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Command } from 'commander';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { run, tidegate } from '../src/program.ts';

const said = { out: '', err: '' };
let home: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'tidegate-program-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));
beforeEach(() => {
  said.out = '';
  said.err = '';
  vi.stubEnv('HOME', home);
  vi.stubEnv('XDG_CONFIG_HOME', '');
  vi.stubEnv('TIDEGATE_PROFILE', undefined);
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said.out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said.err += stripVTControlCharacters(String(text));
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

const tg = (...args: string[]): Promise<number> => run(['node', 'tidegate', ...args]);

describe('usage errors', () => {
  test.each([
    [['nosuch'], /unknown command/],
    [['reqest', 'orders'], /Did you mean request/],
    [['grants', '--bogus'], /unknown option/],
    [['connect'], /missing required argument/],
    [['request', 'orders'], /--role/],
    [['deny', 'req_0000000000000000'], /--comment/],
    [['requests', '--mine', '--all'], /cannot be used with/],
    [['people', 'change', 'bob', '--enable', '--disable'], /cannot be used with/],
    [['people', 'change', 'bob'], /Nothing to change/],
    [['approve', 'foo'], /not the id of a request/],
    [['revoke', 'g1', '--reason', 'x'], /not the id of a grant/],
    [['sessions', '--cut', 'why'], /Which session/],
    [['request', 'Orders', '--role', 'reader'], /not the name of a resource/],
    [['request', 'orders', '--role', 'reader', '--for', 'soon'], /not a duration/],
    [['request', 'orders', '--role', 'reader', '--start', '25:00'], /not a time/],
    [['proxy', 'orders', '--port', '99999'], /not a number from 0 to 65535/],
    [['connect', 'orders', '--print', '--', '-c', 'x'], /--print no client is run/],
    [['audit', 'list', '--limit', 'many'], /not a number/],
    [['audit', 'export', '--json'], /--out FILE/],
    [['audit', 'export', '--since', 'yesterday'], /not a time/],
    [['cancel', 'g1'], /not the id of a request/],
    [['requests', 'g1'], /not the id of a request/],
    [['grants', 'req_1'], /not the id of a grant/],
    [['relinquish', 'req_1'], /not the id of a grant/],
    [['revoke-ticket', 'g0000000', 'x'], /not the id of a ticket/],
    [['extend', 'g0000000', '--for', 'long'], /not a duration/],
    [['explain', 'orders', '--role', 'Reader'], /not the name of a role/],
    [['resources', 'show', 'No'], /not the name of a resource/],
    [['gateways', 'join-token', 'two', '--valid-for', 'ever'], /not a duration/],
    [['config', 'show', 'latest'], /not a number/],
    [['login', '--url', 'ftp://x', '--user', 'a', '--password-stdin'], /not an address/],
    [['whoami', '--profile', '../x'], /cannot be a profile/],
    [['login'], /no terminal to ask at/],
  ])('%j', async (args, message) => {
    expect(await tg(...args)).toBe(2);
    expect(said.err).toMatch(message);
    expect(said.out).toBe('');
  });

  test('say where help is', async () => {
    await tg('audit', 'list', '--bogus');
    expect(said.err).toContain('See: tidegate audit list --help');
  });
});

describe('refusals', () => {
  test('who is not signed in is told how, under the same profile', async () => {
    expect(await tg('grants', '--profile', 'bob', '--json')).toBe(1);
    expect(said.out).toBe('');
    expect(said.err).toContain('(unauthenticated)');
    expect(said.err).toContain('tidegate login --profile bob');
  });

  test('a file that is not there is named', async () => {
    expect(await tg('audit', 'verify', 'x.ndjson', '--key', '/nonexistent/key.pem')).toBe(1);
    expect(said.err).toContain('/nonexistent/key.pem cannot be read (ENOENT).');
  });
});

describe('help', () => {
  function* leaves(command: Command, path: string[] = []): Generator<string[]> {
    if (command.commands.length === 0) yield path;
    for (const child of command.commands) yield* leaves(child, [...path, child.name()]);
  }

  test.each([...leaves(tidegate())].map((path) => [path]))('%j says what it takes, and ends with 0', async (path) => {
    expect(await tg(...path, '--help')).toBe(0);
    expect(said.out).toContain(`Usage: tidegate ${path.join(' ')}`);
    expect(said.out).toContain('--json');
  });

  test('of everything fits 80 columns', async () => {
    vi.stubEnv('COLUMNS', '80');
    expect(await tg('--help')).toBe(0);
    for (const line of said.out.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  });
});
