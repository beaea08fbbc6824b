import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { expect, test } from 'vitest';
import { LogFile } from '../src/log-file.ts';
import { accessRules, serverConf } from '../src/postgres/configuration.ts';

const configuration = { name: 'test', major: 18, socketDir: '/run/a "b", c', port: 5432, host: null, settings: {} };

test('the configuration quotes what it is given and says nothing twice', () => {
  const conf = serverConf({ ...configuration, settings: { search_path: `"it's", C:\\dir`, shared_buffers: '32MB' } });
  expect(conf).toContain(`search_path = '"it''s", C:\\\\dir'\n`);
  expect(conf).toContain(`unix_socket_directories = '"/run/a ""b"", c"'\n`);
  expect(conf.match(/^shared_buffers = .*$/gm)).toEqual(["shared_buffers = '32MB'"]);
  expect(conf).toContain("listen_addresses = ''\n");
});

test('older servers are not told what they do not know', () => {
  expect(serverConf({ ...configuration, major: 14 })).not.toMatch(/allow_alter_system|io_method/);
  expect(serverConf(configuration)).toMatch(/allow_alter_system = 'off'/);
});

test('TCP is let in only where it is listened to, and only by password', () => {
  expect(accessRules(configuration)).not.toContain('host');
  expect(accessRules({ ...configuration, host: '127.0.0.1' })).toContain('host all all all scram-sha-256\n');
});

test('the log never takes more than twice its bound, and what is kept is the newest', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-test-'));
  const path = join(folder, 'log');
  try {
    const log = new LogFile(path, 1000, (error) => expect.unreachable(String(error)));
    for (let line = 0; line < 500; line++) log.write(`line ${String(line).padStart(4, '0')}\n`);
    log.end();
    await finished(log);
    expect((await readdir(folder)).sort()).toEqual(['log', 'log.1']);
    const sizes = await Promise.all([path, `${path}.1`].map(async (file) => (await stat(file)).size));
    for (const size of sizes) expect(size).toBeLessThanOrEqual(1000);
    const kept = `${await readFile(`${path}.1`, 'utf8')}${await readFile(path, 'utf8')}`.trim().split('\n');
    expect(kept.at(-1)).toBe('line 0499');
    expect(kept).toEqual(kept.map((_, index) => `line ${String(500 - kept.length + index).padStart(4, '0')}`));
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a log that cannot be written is told once and stops nobody', async () => {
  const troubles: unknown[] = [];
  const log = new LogFile('/dev/null/log', 1000, (error) => troubles.push(error));
  for (let line = 0; line < 10; line++) log.write('line\n');
  log.end();
  await finished(log);
  expect(troubles).toHaveLength(1);
});
