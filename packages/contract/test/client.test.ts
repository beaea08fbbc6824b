import { describe, expect, test } from 'vitest';
import { createClient, Refusal } from '../src/index.ts';

const PERSON = { name: 'alice', groups: [], disabled: false, entra: null, createdAt: '2026-11-22T12:00:00Z' };
const PROBLEM = {
  type: 'https://tidegate.dev/problems/policy-denied',
  title: 'Not allowed',
  status: 403,
  code: 'policy_denied',
  detail: 'No rule lets you.',
  next: 'Ask for less.',
  traceId: 't_1',
};

/** A client whose calls end here: what was sent, and what comes back. */
function clientOf(answer: () => Response | Promise<Response>, token: string | null = 'tdg_x') {
  const sent: { url: string; method: string; headers: Headers; body: unknown }[] = [];
  const client = createClient({
    url: 'http://tidegate.test/',
    token,
    timeoutMs: 50,
    fetch: async (url, init) => {
      const request = new Request(url instanceof Request ? url.url : url, init);
      const text = await request.text();
      sent.push({
        url: request.url,
        method: request.method,
        headers: request.headers,
        body: text === '' ? undefined : JSON.parse(text),
      });
      return answer();
    },
  });
  return { client, sent };
}
const json = (value: unknown, status = 200, headers = {}): Response =>
  new Response(JSON.stringify(value), { status, headers: { 'content-type': 'application/json', ...headers } });

describe('a call', () => {
  test('puts each member where the endpoint has it', async () => {
    const { client, sent } = clientOf(() => json(PERSON));
    await client.changePerson({ name: 'Zoë/../x?y#z', disabled: true });
    expect(sent[0]).toMatchObject({
      url: 'http://tidegate.test/v1/people/Zo%C3%AB%2F..%2Fx%3Fy%23z',
      method: 'PATCH',
      body: { disabled: true },
    });
    expect(sent[0]?.headers.get('authorization')).toBe('Bearer tdg_x');

    const lists = clientOf(() => json({ items: [PERSON], nextCursor: null }), null);
    expect((await lists.client.people({ limit: 5, cursor: 'a b' })).items[0]?.name).toBe('alice');
    expect(lists.sent[0]?.url).toBe('http://tidegate.test/v1/people?limit=5&cursor=a+b');
    expect(lists.sent[0]?.headers.has('authorization')).toBe(false);
    expect(lists.sent[0]?.body).toBeUndefined();
  });

  test('without an answer’s body answers nothing', async () => {
    const { client } = clientOf(() => new Response(null, { status: 204 }));
    expect(await client.logout()).toBeUndefined();
  });

  test('as somebody else leaves the first client as it was', async () => {
    const { client, sent } = clientOf(() => json(PERSON));
    await client.withToken('tdg_y').person({ name: 'alice' });
    await client.person({ name: 'alice' });
    expect(sent.map(({ headers }) => headers.get('authorization'))).toEqual(['Bearer tdg_y', 'Bearer tdg_x']);
  });
});

describe('a refusal', () => {
  const refusalOf = async (answer: () => Response | Promise<Response>): Promise<unknown> =>
    clientOf(answer)
      .client.me()
      .catch((error: unknown) => error);

  test('carries the code, the sentence, the next step and the whole problem', async () => {
    const refused = await refusalOf(() => json(PROBLEM, 403, { 'retry-after': '7' }));
    expect(refused).toBeInstanceOf(Refusal);
    expect(refused).toMatchObject({
      code: 'policy_denied',
      message: 'No rule lets you.',
      next: 'Ask for less.',
      problem: PROBLEM,
      retryAfter: 7,
    });
  });

  test.each([
    ['no problem at all', () => new Response('<html>', { status: 502 }), 'unavailable'],
    ['a code of a newer server', () => json({ ...PROBLEM, code: 'brand_new' }, 403), 'internal'],
    ['an answer of another shape', () => json({ name: 'alice' }), 'internal'],
    ['an answer that is no JSON', () => new Response('<html>'), 'internal'],
    ['nobody there', () => Promise.reject(new TypeError('fetch failed')), 'unavailable'],
  ])('%s is one too', async (_, answer, code) => {
    expect(await refusalOf(answer)).toMatchObject({ name: 'Refusal', code });
  });

  test('a server that does not answer is given up on; one’s own abort is not a refusal', async () => {
    const never = createClient({
      url: 'http://tidegate.test',
      timeoutMs: 20,
      fetch: (_, init) =>
        new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))),
    });
    await expect(never.me()).rejects.toMatchObject({ code: 'unavailable' });
    const abort = new AbortController();
    const call = never.request({ id: 'req_0', wait: 60 }, { signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
  });
});
