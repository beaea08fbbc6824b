/** The record searched and summed up, a session's statements, one grant's story: what people look back with. */
import type { GrantId } from '@tidegate/core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { grantPrepared } from '../../src/access/reports.ts';
import { type Api, startApi, withCluster } from '../support/api.ts';
import {
  type Identity,
  joinLink,
  liveSession,
  send,
  startTestLink,
  TestGateway,
  type TestLink,
  TestStream,
  WHO,
} from '../support/link.ts';

withCluster();
let api: Api;
let link: TestLink;
let identity: Identity;
let gateway: TestGateway;
let grant: GrantId;
let session: ReturnType<typeof liveSession>;
let stream: TestStream;
let who: Record<string, string>;
const ago = (seconds: number) => api.context.now().subtract({ seconds }).toString();

beforeAll(async () => {
  api = await startApi();
  link = await startTestLink(api.context);
  identity = await joinLink(link);
  const made = await (await api.as('ivan')).createRequest({ resource: 'orders', role: 'reader' });
  grant = made.grant?.id ?? ('' as GrantId);
  await grantPrepared(api.context, grant);
  session = { ...liveSession(grant), startedAt: ago(60) };
  gateway = await TestGateway.connect(link, identity, { sessions: [session] });
  const ivan = await api.as('ivan');
  await vi.waitFor(async () => expect((await ivan.sessions({})).items).toHaveLength(1), { timeout: 5_000 });
  stream = new TestStream(identity.gateway);
  who = { ...WHO, person: 'ivan', grant, session: session.id, resource: 'orders' };
  const statement = (op: number, text: string, more: object = {}) =>
    stream.add('statement', { ...who, op, protocol: 'extended', text, bytes: text.length, ...more }, ago(50 - op));
  const outcome = (op: number, more: object) =>
    stream.add(
      'statement.outcome',
      {
        ...who,
        op,
        index: 0,
        state: 'done',
        command: 'SELECT',
        rows: 3,
        bytes: 90,
        sqlstate: null,
        durationMs: 4,
        ...more,
      },
      ago(50 - op),
    );
  await upload([
    stream.add('session.started', who, session.startedAt),
    statement(1, 'SELECT * FROM sales.orders WHERE "total" > 5'),
    stream.add('statement.bound', { ...who, op: 3, values: [{ type: 'int4', value: '7' }] }, ago(49)),
    outcome(1, {}),
    statement(2, 'DELETE FROM sales.customers', { bound: 3 }),
    outcome(2, { state: 'error', rows: null, sqlstate: '42501' }),
    statement(4, 'SELECT 1; SELECT 2'),
    outcome(4, { rows: 1 }),
    stream.add(
      'statement.outcome',
      { ...who, op: 4, index: 1, state: 'done', command: 'SELECT', rows: 1, bytes: 9, sqlstate: null, durationMs: 2 },
      ago(46),
    ),
  ]);
});
afterAll(async () => {
  gateway.drop();
  await link.stop();
  await api.close();
});

async function upload(lines: readonly string[]): Promise<void> {
  const { status } = await send(link, `/streams/${stream.id}/records`, { body: lines.join('\n'), identity });
  expect(status).toBe(200);
}

describe('a search', () => {
  const find = async (query: object) => {
    const { items, ...page } = await (await api.as('audrey')).searchRecord({ ...query });
    return {
      kinds: items.map(({ kind, data }) => [kind, ...(typeof data.op === 'number' ? [data.op] : [])].join(' ')),
      ...page,
    };
  };

  test('by text: in small letters or capitals, with what JSON has to escape', async () => {
    expect((await find({ text: 'where "TOTAL"' })).kinds).toEqual(['statement 1']);
    expect((await find({ text: '42501' })).kinds).toEqual(['statement.outcome 2']);
  });

  test('by text finds nothing in what is only about the record: hashes, streams', async () => {
    expect((await find({ text: stream.id })).kinds).toEqual([]);
  });

  test('by table: as a whole word, in statements alone', async () => {
    expect((await find({ table: 'orders' })).kinds).toEqual(['statement 1']);
    expect((await find({ table: 'sales.customers' })).kinds).toEqual(['statement 2']);
    expect((await find({ table: 'custom' })).kinds).toEqual([]);
  });

  test('by resource, person, outcome and kind, together', async () => {
    expect((await find({ outcome: 'error' })).kinds).toEqual(['statement.outcome 2']);
    expect((await find({ outcome: 'error', resource: 'shop' })).kinds).toEqual([]);
    expect((await find({ kind: 'statement', person: 'ivan', resource: 'orders' })).kinds).toHaveLength(3);
  });

  test('of refused attempts', async () => {
    await expect(
      (await api.as('olga')).createRequest({ resource: 'orders', role: 'reader', reason: 'x' }),
    ).rejects.toThrow();
    expect((await find({ outcome: 'refused' })).kinds).toContain('request.refused');
  });

  test('goes on page by page, and says that it got to the beginning', async () => {
    const audrey = await api.as('audrey');
    const first = await audrey.searchRecord({ session: session.id, limit: 4 });
    expect(first.items).toHaveLength(4);
    const rest = await audrey.searchRecord({ session: session.id, limit: 100, cursor: first.nextCursor ?? '' });
    expect(rest).toMatchObject({ nextCursor: null, backTo: null });
    const seen = [...first.items, ...rest.items].map(({ seq }) => seq);
    expect(new Set(seen).size).toBe(9);
  });
});

test('the summary counts each entry once in time and in each facet', async () => {
  const summary = await (await api.as('audrey')).recordSummary({ session: session.id, since: ago(600) });
  expect(summary).toMatchObject({ complete: true, total: 9 });
  const counted = summary.buckets.flatMap(({ areas }) => Object.values(areas)).reduce((sum, count) => sum + count, 0);
  expect(counted).toBe(9);
  expect(summary.facets.outcome).toEqual([
    { value: 'done', count: 3 },
    { value: 'error', count: 1 },
  ]);
  expect(summary.facets.resource).toEqual([{ value: 'orders', count: 9 }]);
});

describe('a session', () => {
  test('is shown with its statements: values, outcomes added up, times from its beginning', async () => {
    const ivan = await api.as('ivan');
    expect(await ivan.session({ id: session.id })).toMatchObject({ id: session.id, mayCut: true, cut: null });
    const { items } = await ivan.sessionStatements({ id: session.id });
    expect(items).toMatchObject([
      { op: 1, outcome: { state: 'done', rows: 3 }, values: null },
      { op: 2, outcome: { state: 'error', code: '42501' }, values: [{ value: '7' }] },
      { op: 4, outcome: { state: 'done', rows: 2, durationMs: 6 } },
    ]);
    expect(items[0]?.offsetMs).toBeGreaterThan(5_000);
  });

  test('is paged without a statement twice or left out', async () => {
    const ivan = await api.as('ivan');
    const ops: (number | null)[] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await ivan.sessionStatements({
        id: session.id,
        limit: 1,
        ...(cursor === undefined ? {} : { cursor }),
      });
      ops.push(...page.items.map(({ op }) => op));
      if (page.nextCursor === null) break;
      cursor = page.nextCursor;
    }
    expect(ops).toEqual([1, 2, 4]);
  });

  test('is found by person, resource and time, by those who may see it', async () => {
    const audrey = await api.as('audrey');
    const ids = async (query: object) => (await audrey.sessions({ state: 'all', ...query })).items.map(({ id }) => id);
    expect(await ids({ person: 'ivan', resource: 'orders', since: ago(5) })).toEqual([session.id]);
    expect(await ids({ person: 'alice' })).toEqual([]);
    expect(await ids({ resource: 'shop' })).toEqual([]);
    expect(await ids({ until: ago(3600) })).toEqual([]);
  });

  test('is followed while it runs, resumed after a place, and told its end', async () => {
    const { token } = await api.nobody.login({ user: 'ivan', password: 'correct horse battery' });
    const { items } = await (await api.as('ivan')).sessionStatements({ id: session.id });
    const answer = await fetch(new URL(`/v1/sessions/${session.id}/live`, api.url), {
      headers: { authorization: `Bearer ${token}`, 'last-event-id': items.at(-1)?.cursor ?? '' },
    });
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    const heard = answer.text();
    await upload([
      stream.add('statement', { ...who, op: 9, protocol: 'simple', text: 'SELECT 9', bytes: 8 }),
      stream.add('session.ended', {
        ...who,
        because: 'client_closed',
        by: null,
        statements: 4,
        bytesToClient: 1,
        bytesToServer: 1,
      }),
    ]);
    const text = await heard;
    expect(text).toMatch(/event: statement\nid: \S+\ndata: .*SELECT 9/);
    expect(text).not.toContain('DELETE FROM');
    expect(text.trimEnd().split('\n\n').at(-1)).toMatch(/^event: ended/);
  });

  test('is nobody else’s to look at, live either', async () => {
    const { token } = await api.nobody.login({ user: 'olga', password: 'correct horse battery' });
    const answer = await fetch(new URL(`/v1/sessions/${session.id}/live`, api.url), {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(answer.status).toBe(404);
    expect((await fetch(new URL(`/v1/sessions/${session.id}/live`, api.url))).status).toBe(401);
  });
});

test('a grant’s story goes from its request to its last statement', async () => {
  const story = await (await api.as('ivan')).grantStory({ id: grant, limit: 500 });
  expect(story.grant.id).toBe(grant);
  expect(story.sessions.map(({ id }) => id)).toEqual([session.id]);
  const kinds = story.entries.items.map(({ kind }) => kind);
  expect(kinds[0]).toBe('request.created');
  expect(kinds).toEqual(expect.arrayContaining(['grant.scheduled', 'grant.activated', 'statement']));
  // As numbers: as text `.27Z` comes after `.271Z`.
  const times = story.entries.items.slice(1).map(({ at }) => Temporal.Instant.from(at).epochMilliseconds);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
});

describe('the overview', () => {
  test('counts what is open, asked and refused', async () => {
    const overview = await (await api.as('audrey')).overview({});
    expect(overview.open).toMatchObject({ total: 1, byRole: [{ value: 'reader', count: 1 }] });
    expect(overview.requests.total).toBeGreaterThan(0);
    expect(overview.refused.byKind).toContainEqual({ value: 'request.refused', count: 1 });
    expect(overview.people).toMatchObject([{ person: 'ivan', open: 1, grants: 1 }]);
  });

  test('of an owner is of what they own', async () => {
    expect((await (await api.as('dan')).overview({})).open.total).toBe(1);
  });

  test('of two years is refused', async () => {
    await expect((await api.as('audrey')).overview({ since: '2020-01-01T00:00:00Z' })).rejects.toThrow('a year');
  });
});
