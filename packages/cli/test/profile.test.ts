import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Profiles } from '../src/profile.ts';
import { UsageError } from '../src/usage.ts';

const ALICE = {
  url: 'https://tidegate.example',
  token: 'tdg_secret',
  person: 'alice',
  expiresAt: '2026-11-23T00:00:00Z',
};
const mode = (path: string): number => statSync(path).mode & 0o777;

describe('profiles', () => {
  let home: string;
  let umask: number;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'tidegate-profile-'));
    umask = process.umask(0);
  });
  afterEach(() => {
    process.umask(umask);
    rmSync(home, { recursive: true, force: true });
  });

  test('are read by their owner alone, whatever the umask', () => {
    const profiles = new Profiles({ HOME: home }, undefined);
    expect(profiles.load()).toBeNull();
    profiles.save(ALICE);
    expect(profiles.load()).toEqual(ALICE);
    const folder = join(home, '.config', 'tidegate');
    expect(mode(folder)).toBe(0o700);
    expect(mode(join(folder, 'default.json'))).toBe(0o600);
    expect(readdirSync(folder), 'no partial file is left').toEqual(['default.json']);
  });

  test('never take over the mode of a file that stands in the way', () => {
    const profiles = new Profiles({ HOME: home }, undefined);
    profiles.save(ALICE);
    const file = join(home, '.config', 'tidegate', 'default.json');
    writeFileSync(`${file}.${process.pid}`, '', { mode: 0o666 });
    profiles.save(ALICE);
    expect(mode(file)).toBe(0o600);
  });

  test('go where XDG says, one for each name', () => {
    const env = { HOME: home, XDG_CONFIG_HOME: join(home, 'xdg'), TIDEGATE_PROFILE: 'bob' };
    new Profiles(env, undefined).save(ALICE);
    new Profiles(env, 'carol').save({ ...ALICE, person: 'carol' });
    expect(readdirSync(join(home, 'xdg', 'tidegate')).sort()).toEqual(['bob.json', 'carol.json']);
    expect(new Profiles(env, 'carol').load()?.person).toBe('carol');
  });

  test.each(['../x', 'a/b', '', '.hidden', 'x'.repeat(65)])('cannot be called “%s”', (name) => {
    expect(() => new Profiles({ HOME: home }, name)).toThrow(UsageError);
  });

  test('are forgotten, once and again', () => {
    const profiles = new Profiles({ HOME: home }, undefined);
    profiles.save(ALICE);
    profiles.forget();
    profiles.forget();
    expect(profiles.load()).toBeNull();
  });

  test('that were damaged say which file it is, and nothing of what is in it', () => {
    const profiles = new Profiles({ HOME: home }, undefined);
    profiles.save(ALICE);
    const file = join(home, '.config', 'tidegate', 'default.json');
    writeFileSync(file, '{"token":"tdg_secret"');
    expect(() => profiles.load()).toThrow(`The profile ${file} cannot be read.`);
  });

  test('keep authorities apart, also those of two gateways of one name', () => {
    const profiles = new Profiles({ HOME: home }, undefined);
    const [one, two] = [profiles.saveAuthority('../local', 'PEM 1'), profiles.saveAuthority('../local', 'PEM 2')];
    expect(one).not.toBe(two);
    expect(readFileSync(one, 'utf8')).toBe('PEM 1');
    expect(one.startsWith(join(home, '.config', 'tidegate', 'ca'))).toBe(true);
    expect(profiles.saveAuthority('../local', 'PEM 1')).toBe(one);
  });
});
