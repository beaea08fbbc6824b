/** Texts are checked beside the event loop: a large one holds nobody up, and one that is too much takes nothing with it. */
import { InvalidConfig } from '@tidegate/config';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CheckerLimits, type ConfigChecker, configChecker } from '../../src/config/checking/checker.ts';
import { NOTHING_KNOWN_TEXT } from '../../src/config/checking/known-text.ts';
import { type Api, CONFIG, startApi, withCluster } from '../support/api.ts';

/** `count` servers more than there are in `CONFIG`. */
const large = (count: number): string =>
  CONFIG.replace(
    'roles:\n',
    `${Array.from({ length: count }, (_, n) => `  - {name: db${n}, engine: postgres, address: "db${n}.example.com:5432", databases: [app], labels: {team: t${n % 50}}, credential: {user: admin, env: PASSWORD}}\n`).join('')}roles:\n`,
  );

describe('while a large text is checked', () => {
  withCluster();
  let api: Api;
  beforeAll(async () => {
    api = await startApi();
  });
  afterAll(() => api.close());

  test('others are answered, again and again', async () => {
    const [carol, alice] = [await api.as('carol'), await api.as('alice')];
    let planning = true;
    const plan = carol.planConfig({ yaml: large(1_000) }).finally(() => {
      planning = false;
    });
    let answered = 0;
    while (planning) {
      await alice.requests({ filter: 'mine', limit: 10 });
      if (planning) answered += 1;
    }
    expect((await plan).changes).toHaveLength(300);
    // On the event loop it took all of the time: nobody was answered but who came before it.
    expect(answered).toBeGreaterThan(10);
  });
});

/** A checker of a test's own, ended with it. */
async function withChecker(limits: Partial<CheckerLimits>, work: (checker: ConfigChecker) => Promise<void>) {
  const checker = configChecker(limits);
  try {
    await work(checker);
  } finally {
    await checker.stop();
  }
}
const asked = (text: string) => ({ text, known: NOTHING_KNOWN_TEXT, against: null });
const SMALL = 'apiVersion: tidegate/v1';

describe('a text that takes too much', () => {
  test('of time is refused', () =>
    withChecker({ deadlineMs: 300 }, async (checker) => {
      const refused = checker.check(asked(large(8_000)));
      await expect(refused).rejects.toMatchObject({ code: 'invalid_config', message: /longer than 0.3 s/ });
    }));

  test('of memory is refused, and the next is checked', () =>
    withChecker({ memoryMb: 32 }, async (checker) => {
      const [refused, next] = [checker.check(asked(large(3_000))), checker.check(asked(SMALL))];
      await expect(refused).rejects.toMatchObject({ code: 'invalid_config', message: /more memory/ });
      expect(JSON.parse((await next).content)).toMatchObject({ apiVersion: 'tidegate/v1', resources: [] });
    }));
});

test('what is wrong is told as it is where the text is checked by itself, and the thread goes on', () =>
  withChecker({}, async (checker) => {
    const wrong = checker.check(asked('apiVersion: tidegate/v1\ngroups: [{ name: 5 }]\nx: 1'));
    const error: unknown = await wrong.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidConfig);
    expect(error).toMatchObject({
      problems: [
        { path: 'groups[0].name', line: 2 },
        { path: 'x', line: 3, column: 1 },
      ],
    });
    expect((await checker.check(asked(SMALL))).warnings).toEqual([]);
  }));

test('of many at once some are told to come again, and none waits for a checker that has stopped', () =>
  withChecker({ waiting: 2 }, async (checker) => {
    const [first, second, third] = [SMALL, SMALL, SMALL].map((text) => checker.check(asked(text)));
    await expect(third).rejects.toMatchObject({ code: 'unavailable' });
    expect(await Promise.all([first, second])).toHaveLength(2);
    const last = checker.check(asked(large(2_000)));
    const stopped = checker.stop();
    await expect(last).rejects.toMatchObject({ code: 'unavailable' });
    await stopped;
    await expect(checker.check(asked(SMALL))).rejects.toMatchObject({ code: 'unavailable' });
  }));
