import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, codeOf, startApi, withCluster } from '../support/api.ts';

withCluster();
let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const ask = { resource: 'orders', role: 'reader', reason: 'INC-1' };

describe('asking', () => {
  test('a request waits for its approvals and says which rule decided', async () => {
    const alice = await api.as('alice');
    const request = await alice.createRequest({ ...ask, duration: '30m', ticket: 'INC-1' });
    expect(request).toMatchObject({
      requester: 'alice',
      state: 'pending',
      duration: 'PT30M',
      grant: null,
      decision: { rule: 'read' },
      steps: [{ groups: ['leads'], count: 1, approvedBy: [], state: 'open' }],
    });
    expect(await alice.request({ id: request.id })).toEqual(request);
    const { items } = await alice.requests();
    expect(items).toContainEqual(request);
  });

  test('where nobody needs to agree the grant is made at once', async () => {
    const ivan = await api.as('ivan');
    const request = await ivan.createRequest({ resource: 'shop', role: 'editor' });
    expect(request.state).toBe('approved');
    expect(request.grant).toMatchObject({ state: 'scheduled', person: 'ivan', role: 'editor', duration: 'PT1H' });
    expect(request.grant?.loginName).toBe(`ivan.${request.grant?.id}`);
  });

  test.each([
    ['no rule', 'olga', ask, 'policy_denied'],
    ['too long', 'alice', { ...ask, duration: '3h' }, 'duration_too_long'],
    ['no reason', 'alice', { ...ask, reason: ' ' }, 'reason_required'],
    ['no such resource', 'alice', { ...ask, resource: 'nothing' }, 'not_found'],
    ['no such role', 'alice', { ...ask, role: 'nobody' }, 'not_found'],
    ['start in the past', 'alice', { ...ask, startsAt: '2020-01-01T00:00:00Z' }, 'invalid_input'],
    ['a duration of nothing', 'alice', { ...ask, duration: 'PT0S' }, 'invalid_input'],
    ['no second factor', 'alice', { ...ask, role: 'guarded' }, 'mfa_required'],
  ])('%s: refused, and on record', async (_, person, input, code) => {
    const before = (await api.events()).length;
    expect(await codeOf((await api.as(person)).createRequest(input))).toBe(code);
    const told = (await api.events()).slice(before).filter(({ kind }) => kind === 'request.refused');
    expect(told).toMatchObject(
      'duration' in input && input.duration === 'PT0S' ? [] : [{ data: { person, resource: input.resource, code } }],
    );
  });

  test('that nobody could approve is said when it is asked', async () => {
    const bob = await api.as('bob');
    const request = await bob.createRequest({ ...ask, role: 'owner' });
    expect(request.decision.why).not.toContain('Nobody could approve');
    const lea = await api.as('lea');
    await (await api.as('carol')).changePerson({ name: 'bob', disabled: true });
    const lonely = await lea.createRequest({ ...ask, role: 'owner' });
    expect(lonely.decision.why).toContain('Nobody could approve');
    await (await api.as('carol')).changePerson({ name: 'bob', disabled: false });
    api.signedOut('bob');
  });
});

describe('seeing', () => {
  test('requester, reviewers, owners and auditors see a request; to others it does not exist', async () => {
    const { id } = await (await api.as('alice')).createRequest(ask);
    for (const person of ['alice', 'lea', 'dan', 'audrey', 'carol']) {
      expect((await (await api.as(person)).request({ id })).id).toBe(id);
    }
    for (const person of ['olga', 'ivan']) {
      const client = await api.as(person);
      expect(await codeOf(client.request({ id }))).toBe('not_found');
      expect((await client.requests({ filter: 'all' })).items.map((each) => each.id)).not.toContain(id);
      expect(await codeOf(client.review({ id, decision: 'approve' }))).toBe('not_found');
      expect(await codeOf(client.cancelRequest({ id }))).toBe('not_found');
    }
    expect((await (await api.as('audrey')).requests({ filter: 'all' })).items.map((each) => each.id)).toContain(id);
    expect((await (await api.as('audrey')).requests()).items).toEqual([]);
  });

  test('`to-review` lists what waits for the caller now, page by page', async () => {
    const alice = await api.as('alice');
    const dan = await api.as('dan');
    const lea = await api.as('lea');
    const mine: string[] = [];
    for (let count = 0; count < 5; count += 1) mine.push((await alice.createRequest({ ...ask, role: 'owner' })).id);
    // The second step is dan's; the first is not done.
    expect((await dan.requests({ filter: 'to-review' })).items).toEqual([]);
    for (const id of mine.slice(0, 3)) await lea.review({ id, decision: 'approve' });
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof dan.requests>> = await dan.requests({
        filter: 'to-review',
        limit: 2,
        ...(cursor === null ? {} : { cursor }),
      });
      expect(page.items.length).toBeLessThanOrEqual(2);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual(mine.slice(0, 3).reverse());
    // Who has been counted in the first step cannot act on the second.
    expect((await lea.requests({ filter: 'to-review' })).items.map(({ id }) => id)).not.toContain(mine[0]);
  });
});

describe('taking back', () => {
  test('only its requester cancels a request, and only once', async () => {
    const alice = await api.as('alice');
    const { id } = await alice.createRequest(ask);
    expect(await codeOf((await api.as('lea')).cancelRequest({ id }))).toBe('forbidden');
    expect((await alice.cancelRequest({ id })).state).toBe('cancelled');
    expect(await codeOf(alice.cancelRequest({ id }))).toBe('wrong_state');
    expect(await codeOf((await api.as('lea')).review({ id, decision: 'approve' }))).toBe('wrong_state');
  });
});
