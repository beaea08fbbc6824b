/** What the live stream says reaches what is on screen, also what is only on its way there. */
import { QueryObserver } from '@tanstack/react-query';
import type { LiveChanges } from '@tidegate/contract';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

let told: typeof import('../src/api/tell.ts').told;
let queries: typeof import('../src/api/queries.ts').queries;

beforeAll(async () => {
  vi.stubGlobal('location', { origin: 'http://localhost' });
  ({ told } = await import('../src/api/tell.ts'));
  ({ queries } = await import('../src/api/queries.ts'));
});
afterAll(() => {
  queries.clear();
  vi.unstubAllGlobals();
});

const nothing: LiveChanges = { requests: [], grants: [], sessions: [], notices: false, everything: false };

/** A list on screen; its answers are given one by one. */
function onScreen(name: string) {
  const asked: PromiseWithResolvers<string>[] = [];
  const observer = new QueryObserver(queries, {
    queryKey: [name, null],
    queryFn: () => {
      const answer = Promise.withResolvers<string>();
      asked.push(answer);
      return answer.promise;
    },
  });
  const leave = observer.subscribe(() => undefined);
  return { asked, shows: () => observer.getCurrentResult().data, leave };
}

test('a list that was read is read again', async () => {
  const { asked, shows, leave } = onScreen('notices');
  asked[0]?.resolve('before');
  await vi.waitFor(() => expect(shows()).toBe('before'));
  const heard = told({ ...nothing, notices: true });
  await vi.waitFor(() => expect(asked.length).toBe(2));
  asked[1]?.resolve('after');
  await heard;
  expect(shows()).toBe('after');
  leave();
});

test('a first answer that is on its way is asked for anew: it may be from before', async () => {
  const { asked, shows, leave } = onScreen('sessions');
  const heard = told({ ...nothing, sessions: ['ses_0000000000000001' as never] });
  await vi.waitFor(() => expect(asked.length).toBe(2));
  asked[0]?.resolve('before');
  asked[1]?.resolve('after');
  await heard;
  expect(shows()).toBe('after');
  leave();
});

test('what is not concerned is left alone', async () => {
  const { asked, leave } = onScreen('people');
  await told({ ...nothing, notices: true });
  expect(asked.length).toBe(1);
  leave();
});
