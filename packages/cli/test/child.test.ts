import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SupervisedChild } from '../src/start/child.ts';

describe('a supervised part', () => {
  let folder: string;
  const restarts: string[] = [];
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tidegate-child-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function part(code: string): SupervisedChild {
    const entry = join(folder, `${Math.random()}.mjs`);
    writeFileSync(entry, code);
    return new SupervisedChild({
      name: 'part',
      entry,
      env: () => ({ ...process.env, STARTED: String(Date.now()) }),
      logFile: join(folder, 'part.log'),
      onRestart: (name, how) => restarts.push(`${name}: ${how}`),
    });
  }
  const READY = `process.send({ type: 'ready', pid: process.pid }); process.on('disconnect', () => process.exit());`;

  test('is started again when it dies, until it is stopped', async () => {
    const child = part(READY);
    const { pid } = await child.start();
    process.kill(Number(pid), 'SIGKILL');
    await expect.poll(() => child.pid, { timeout: 10_000 }).not.toBe(pid);
    expect(restarts).toEqual(['part: SIGKILL']);
    await child.stop();
    expect(restarts).toHaveLength(1);
  });

  test('that cannot start says why, and is not tried again', async () => {
    const child = part(`process.send({ type: 'failed', message: 'port 1 is in use' }, () => process.exit(1));`);
    await expect(child.start()).rejects.toThrow('port 1 is in use');
    await child.stop();
  });

  test('that ends without a word points at its log, which has what it said', async () => {
    const child = part(`console.error('the reason'); process.exit(3);`);
    await expect(child.start()).rejects.toThrow(/exit code 3.*part\.log/);
    await child.stop();
    await expect.poll(() => readFileSync(join(folder, 'part.log'), 'utf8')).toContain('the reason');
  });

  test('answers what it is asked', async () => {
    const child = part(
      `${READY} process.on('message', ({ what }) => process.send({ type: 'answer', to: what, value: 'tgj1' }));`,
    );
    await child.start();
    expect(await child.ask('join-token')).toBe('tgj1');
    await child.stop();
    await expect(child.ask('join-token')).rejects.toThrow('not running');
  });
});
