/** Numbers of connections: whose they are, over all workers, and what becomes of questions that nobody answers. */
import { randomBytes } from 'node:crypto';
import type { SessionId } from '@tidegate/core';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { Permit } from '../src/relay/admit.ts';
import { Kills } from '../src/relay/kills.ts';

const permitOf = (grant: string, session = 'ses_1') => ({ grant: { id: grant }, session }) as unknown as Permit;

function worker(number: number) {
  const passed: { to: number; text: string }[] = [];
  const kills = new Kills({
    worker: number,
    sessions: { get: () => null },
    random: randomBytes,
    pass: (to, text) => passed.push({ to, text }),
  });
  return { kills, passed };
}

it('are positive, name the worker, and differ', () => {
  const { kills } = worker(200);
  const all = Array.from({ length: 1000 }, () => kills.next());
  expect(new Set(all).size).toBe(1000);
  for (const number of all) {
    expect(number & 0xff).toBe(200);
    expect(number).toBeGreaterThanOrEqual(2 ** 30);
    expect(number).toBeLessThan(2 ** 31);
  }
});

it('that no gateway gave are foreign, and one of a session that is over is nobody’s', async () => {
  const { kills, passed } = worker(3);
  for (const number of [0, 1, 4711, 2 ** 30 - 1, 2 ** 31, 2 ** 40]) {
    expect(await kills.kill(number, 'statement', permitOf('g1'))).toBe('foreign');
  }
  const number = kills.next();
  kills.assign(number, permitOf('g1'));
  kills.forget('ses_1' as SessionId);
  expect(await kills.kill(number, 'statement', permitOf('g1'))).toBe('unknown');
  expect(passed).toEqual([]);
});

it('of another worker are asked there; one that does not answer has no such session', async () => {
  vi.useFakeTimers();
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const { kills, passed } = worker(3);
  const there = 2 ** 30 + 5;
  const asked = kills.kill(there, 'connection', permitOf('g1'));
  expect(passed).toEqual([{ to: 5, text: `kill 1 3 ${there} connection g1` }]);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await asked).toBe('unknown');
  // Too late to matter.
  expect(kills.passed('killed 1 done')).toBe(true);
  const again = kills.kill(there, 'connection', permitOf('g1'));
  expect(kills.passed('killed 2 denied')).toBe(true);
  expect(await again).toBe('denied');
});

it('answers what it is asked, and leaves other texts alone', async () => {
  const { kills, passed } = worker(5);
  expect(kills.passed(`kill 9 3 ${2 ** 30 + 5} statement g1`)).toBe(true);
  await vi.waitFor(() => expect(passed).toEqual([{ to: 3, text: 'killed 9 unknown' }]));
  for (const text of ['1234.abcdef', '', 'kill', 'killed 1 everything', 'kill 1 2 3 all g1']) {
    expect(kills.passed(text)).toBe(false);
  }
});
