/** Questions about databases: asked of a gateway over its link, answered once or given up in time. */
import { LINK_PROTOCOL } from '@tidegate/contract';
import type { ResourceName } from '@tidegate/core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { Looks } from '../../src/link/looks.ts';
import { type Api, startApi, withCluster } from '../support/api.ts';
import { joinLink, startTestLink, TestGateway, type TestLink } from '../support/link.ts';

const ORDERS = 'orders' as ResourceName;

withCluster();
let api: Api;
let link: TestLink;
beforeAll(async () => {
  api = await startApi();
});
beforeEach(async () => {
  link = await startTestLink(api.context);
});
afterEach(() => link.stop());
afterAll(() => api.close());

async function linked(protocol?: number): Promise<TestGateway> {
  const hello = protocol === undefined ? {} : { protocol };
  const gateway = await TestGateway.connect(link, await joinLink(link), hello);
  await gateway.until(({ revision }) => revision > 0);
  return gateway;
}

async function asked(gateway: TestGateway) {
  await gateway.until(({ messages }) => messages.some(({ type }) => type === 'look'));
  const look = gateway.messages.findLast((message) => message.type === 'look');
  if (look === undefined) throw new Error('not asked');
  return look;
}

test('asked of a gateway that is linked, and answered by its id', async () => {
  const gateway = await linked();
  const answer = link.look(ORDERS, { kind: 'objects' });
  const { id, resource, wanted } = await asked(gateway);
  expect({ resource, wanted }).toEqual({ resource: ORDERS, wanted: { kind: 'objects' } });
  gateway.send({ type: 'seen', id: 'another', answer: { kind: 'failed', message: 'of another question' } });
  gateway.send({ type: 'seen', id, answer: { kind: 'objects', tables: [], more: false } });
  expect(await answer).toEqual({ kind: 'objects', tables: [], more: false });
  // A second answer finds nobody who waits, and harms nothing.
  gateway.send({ type: 'seen', id, answer: { kind: 'failed', message: 'late' } });
  const again = link.look(ORDERS, { kind: 'lines', lines: [] });
  await gateway.until(({ messages }) => messages.filter(({ type }) => type === 'look').length === 2);
  const second = await asked(gateway);
  gateway.send({ type: 'seen', id: second.id, answer: { kind: 'objects', tables: [], more: false } });
  expect(await again).toEqual({ kind: 'failed', message: 'Its gateway answered strangely.' });
});

test('a gateway is asked only what its release understands, and whatever a newer one speaks is welcome', async () => {
  const old = await linked(1);
  expect(await link.look(ORDERS, { kind: 'objects' })).toMatchObject({
    kind: 'failed',
    message: expect.stringContaining('bring it up to date'),
  });
  expect(old.messages.some(({ type }) => type === 'look')).toBe(false);
  old.drop();
  await old.closed();
  const newer = await linked(LINK_PROTOCOL + 1);
  const answer = link.look(ORDERS, { kind: 'objects' });
  const { id } = await asked(newer);
  newer.send({ type: 'seen', id, answer: { kind: 'objects', tables: [], more: false } });
  expect(await answer).toMatchObject({ kind: 'objects' });
});

test('without a gateway it fails at once; with one that goes away, then', async () => {
  expect(await link.look(ORDERS, { kind: 'objects' })).toMatchObject({ kind: 'failed' });
  const gateway = await linked();
  const answer = link.look(ORDERS, { kind: 'objects' });
  await asked(gateway);
  gateway.drop();
  expect(await answer).toEqual({ kind: 'failed', message: 'Its gateway went away.' });
});

test('a gateway that says nothing is waited for five seconds, and is asked 32 things at most', async () => {
  vi.useFakeTimers();
  try {
    const looks = new Looks(() => undefined);
    const all = Array.from({ length: 33 }, () => looks.ask(ORDERS, { kind: 'objects' }));
    expect(await all[32]).toEqual({ kind: 'failed', message: 'Its gateway is busy with other questions.' });
    vi.advanceTimersByTime(4_999);
    const first = vi.fn();
    void all[0]?.then(first);
    await Promise.resolve();
    expect(first).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(await all[0]).toEqual({ kind: 'failed', message: 'Its gateway did not answer in time.' });
  } finally {
    vi.useRealTimers();
  }
});
