/** The live stream: who hears of what, and when it ends. */
import { LIVE_BEAT_SECONDS, liveChanges } from '@tidegate/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { followRecord } from '../../src/notify/keeper.ts';
import { type Api, PASSWORD, startApi, withCluster } from '../support/api.ts';

withCluster();
let api: Api;
beforeAll(async () => {
  api = await startApi();
  await hearing();
});
afterAll(() => api.close());

interface Heard {
  readonly event: string;
  readonly data: unknown;
}
interface Stream extends AsyncIterator<Heard> {
  /** The id that was told last. */
  last(): string | null;
  end(): void;
}

/** A reader of the stream, signed in anew; one that was there before says what it heard last. */
async function listenAs(user: string, from: string | null = null): Promise<Stream> {
  const { token } = await api.nobody.login({ user, password: PASSWORD });
  const gone = new AbortController();
  let last: string | null = null;
  const answer = await fetch(`${api.url}/v1/stream`, {
    headers: { authorization: `Bearer ${token}`, ...(from === null ? {} : { 'last-event-id': from }) },
    signal: gone.signal,
  });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('text/event-stream');
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  async function* messages(): AsyncGenerator<Heard> {
    let rest = '';
    // Named here, so that the answer is kept for as long as it is read: fetch cancels what nobody holds.
    if (answer.body === null) throw new Error('no body');
    for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + chunk).split('\n\n');
      rest = parts.pop() ?? '';
      for (const part of parts) {
        const [, event = '', data = 'null', id] = /^event: (.*)\ndata: (.*)(?:\nid: (.*))?$/.exec(part) ?? [];
        last = id ?? last;
        if (event !== '') yield { event, data: JSON.parse(data) };
      }
    }
  }
  return Object.assign(messages(), { last: () => last, end: () => gone.abort() });
}

const next = async (stream: AsyncIterator<Heard>): Promise<Heard | null> => {
  const { value, done } = await stream.next();
  return done === true ? null : value;
};

/** What is told first after `hello` that is about this very request. */
async function firstOf(stream: AsyncIterator<Heard>, id: string): Promise<Heard> {
  for (;;) {
    const heard = await next(stream);
    if (heard === null) throw new Error('the stream ended');
    const changes = heard.event === 'changed' ? liveChanges.parse(heard.data) : null;
    if (changes?.requests.some((request) => request === id) === true) return heard;
  }
}

/** What happens before the API hears the store, or in the moment after, is told as everything: waits until that is over. */
async function hearing(): Promise<void> {
  const stream = await listenAs('ivan');
  const ivan = await api.as('ivan');
  for (let everything = true; everything; ) {
    await ivan.createRequest({ resource: 'shop', role: 'reader' });
    const heard = await next(stream);
    if (heard === null) throw new Error('the stream ended');
    everything = heard.event === 'hello' || liveChanges.parse(heard.data).everything;
  }
  stream.end();
}

test('needs a login', async () => {
  expect((await fetch(`${api.url}/v1/stream`)).status).toBe(401);
});

test('says hello, then what changed, by name and without content', async () => {
  const alice = await listenAs('alice');
  expect(await next(alice)).toEqual({ event: 'hello', data: { resumed: false } });
  const { id } = await (await api.as('alice')).createRequest({ resource: 'orders', role: 'reader', reason: 'secret' });
  const heard = await firstOf(alice, id);
  expect(heard).toEqual({
    event: 'changed',
    data: { requests: [id], grants: [], sessions: [], notices: false, everything: false },
  });
  alice.end();
});

describe('coming back', () => {
  /** Says hello, hears of a request of its own, and is gone; with what it heard last. */
  async function left(user: string): Promise<string> {
    const stream = await listenAs(user);
    await next(stream);
    const { id } = await (await api.as(user)).createRequest({ resource: 'orders', role: 'reader', reason: 'before' });
    await firstOf(stream, id);
    const last = stream.last();
    stream.end();
    if (last === null) throw new Error('no id was told');
    return last;
  }

  test('whoever missed something is told that, and only that; also the last one who listened', async () => {
    const last = await left('alice');
    const asking = await api.as('alice');
    const missed = await asking.createRequest({ resource: 'orders', role: 'reader', reason: 'missed' });
    const alice = await listenAs('alice', last);
    expect(await next(alice)).toEqual({ event: 'hello', data: { resumed: true } });
    const heard = await firstOf(alice, missed.id);
    expect(heard.data).toMatchObject({ requests: [missed.id], everything: false });
    expect(alice.last()).not.toBe(last);

    // From there on nothing was missed: the next thing told is the next thing that happens.
    const again = await listenAs('alice', alice.last());
    expect(await next(again)).toEqual({ event: 'hello', data: { resumed: true } });
    const later = await asking.createRequest({ resource: 'orders', role: 'editor', reason: 'later' });
    expect(liveChanges.parse((await next(again))?.data).requests).toEqual([later.id]);
    for (const stream of [alice, again]) stream.end();
  });

  test('what others missed is not told along', async () => {
    const last = await left('ivan');
    const { id } = await (await api.as('alice')).createRequest({ resource: 'orders', role: 'reader', reason: 'hers' });
    const ivan = await listenAs('ivan', last);
    expect(await next(ivan)).toEqual({ event: 'hello', data: { resumed: true } });
    const own = await (await api.as('ivan')).createRequest({ resource: 'orders', role: 'reader' });
    let heard: readonly string[] = [];
    while (!heard.includes(own.id)) {
      heard = liveChanges.parse((await next(ivan))?.data).requests;
      expect(heard).not.toContain(id);
    }
    ivan.end();
  });

  test('where nobody can say what was missed, all is to be read again', async () => {
    for (const from of ['0000000000000000.1', 'nonsense', `${(await left('alice')).split('.')[0]}.999999`]) {
      const alice = await listenAs('alice', from);
      expect(await next(alice), from).toEqual({ event: 'hello', data: { resumed: false } });
      alice.end();
    }
    // A new configuration is everything.
    const last = await left('alice');
    const bob = await listenAs('bob');
    await next(bob);
    const carol = await api.as('carol');
    await carol.applyConfig({ yaml: `${(await carol.config()).yaml}\n# again` });
    while (!liveChanges.parse((await next(bob))?.data).everything);
    const alice = await listenAs('alice', last);
    expect(await next(alice)).toEqual({ event: 'hello', data: { resumed: false } });
    for (const stream of [alice, bob]) stream.end();
  });
});

test('a request is told to its requester, who could review it, owners, auditors and administrators; to nobody else', async () => {
  const ivan = await listenAs('ivan');
  await next(ivan);
  const concerned = await Promise.all(['alice', 'bob', 'dan', 'audrey', 'carol'].map((user) => listenAs(user)));
  for (const stream of concerned) await next(stream);
  const { id } = await (await api.as('alice')).createRequest({ resource: 'orders', role: 'reader', reason: 'one' });
  for (const stream of concerned) await firstOf(stream, id);

  // The first request that ivan hears of is his own: what alice asked for was told before, and not to him.
  const own = await (await api.as('ivan')).createRequest({ resource: 'orders', role: 'reader' });
  let heard: readonly string[] = [];
  while (heard.length === 0) heard = liveChanges.parse((await next(ivan))?.data).requests;
  expect(heard).toEqual([own.id]);
  for (const stream of [...concerned, ivan]) stream.end();
});

test('a grant is told to its holder and not to who merely reviewed it, who is told of the request', async () => {
  const asking = await api.as('alice');
  const [alice, bob] = await Promise.all([listenAs('alice'), listenAs('bob')]);
  const { id } = await asking.createRequest({ resource: 'orders', role: 'reader', reason: 'one' });
  await firstOf(alice, id);
  await firstOf(bob, id);
  const { grant } = await (await api.as('bob')).review({ id, decision: 'approve' });
  const toAlice = liveChanges.parse((await firstOf(alice, id)).data);
  const toBob = liveChanges.parse((await firstOf(bob, id)).data);
  expect(toAlice.grants).toEqual([grant?.id]);
  expect(toBob.grants).toEqual([]);
  alice.end();
  bob.end();
});

test('whoever is told something hears that there is news; nobody else does', async () => {
  await (await api.as('alice')).createRequest({ resource: 'orders', role: 'reader', reason: 'news' });
  const [bob, ivan] = await Promise.all([listenAs('bob'), listenAs('ivan')]);
  await next(bob);
  await next(ivan);
  while (await followRecord(api.context, false));
  let news = false;
  while (!news) news = liveChanges.parse((await next(bob))?.data).notices;
  const { id } = await (await api.as('ivan')).createRequest({ resource: 'orders', role: 'reader' });
  expect((await firstOf(ivan, id)).data).toMatchObject({ requests: [id], notices: false });
  for (const stream of [bob, ivan]) stream.end();
});

test('whoever comes to stand in hears that all they see is another; nobody else does', async () => {
  const [lea, ivan] = await Promise.all([listenAs('lea'), listenAs('ivan')]);
  await next(lea);
  await next(ivan);
  const endsAt = api.context.now().add({ hours: 24 }).toString();
  const { id } = await (await api.as('bob')).createDelegation({ delegate: 'lea', endsAt });
  expect((await next(lea))?.data).toMatchObject({ everything: true });
  await (await api.as('bob')).endDelegation({ id });
  expect((await next(lea))?.data).toMatchObject({ everything: true });
  const own = await (await api.as('ivan')).createRequest({ resource: 'orders', role: 'reader' });
  expect((await firstOf(ivan, own.id)).data).toMatchObject({ everything: false });
  for (const stream of [lea, ivan]) stream.end();
});

test('a new configuration is told to everybody as everything', async () => {
  const olga = await listenAs('olga');
  await next(olga);
  const carol = await api.as('carol');
  const { yaml } = await carol.config();
  await carol.applyConfig({ yaml: `${yaml}\n# once more` });
  expect(await next(olga)).toEqual({
    event: 'changed',
    data: { requests: [], grants: [], sessions: [], notices: false, everything: true },
  });
  olga.end();
});

test('a login that has ended ends its streams within a beat', { timeout: LIVE_BEAT_SECONDS * 3_000 }, async () => {
  const stream = await listenAs('lea');
  await next(stream);
  await (await api.as('carol')).changePerson({ name: 'lea' as never, disabled: true });
  let last: Heard | null = null;
  for (let heard = await next(stream); heard !== null; heard = await next(stream)) last = heard;
  expect(last).toEqual({ event: 'ended', data: {} });
});

test('a thirteenth stream of one login is refused as any call is', async () => {
  const { token } = await api.nobody.login({ user: 'ivan', password: PASSWORD });
  const gone = new AbortController();
  const open = () =>
    fetch(`${api.url}/v1/stream`, { headers: { authorization: `Bearer ${token}` }, signal: gone.signal });
  const held: Response[] = [];
  while (held.length < 12) held.push(await open());
  expect(held.map(({ status }) => status)).toEqual(Array.from({ length: 12 }, () => 200));
  const refused = await open();
  expect(refused.status).toBe(429);
  expect(refused.headers.get('content-type')).toContain('application/problem+json');
  gone.abort();
});
