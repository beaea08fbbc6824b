import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, codeOf, startApi, withCluster } from '../support/api.ts';

withCluster();
let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

const reader = { resource: 'orders', role: 'reader', reason: 'INC-1' };
const owner = { ...reader, role: 'owner' };

async function asked(ask = reader, by = 'alice'): Promise<string> {
  return (await (await api.as(by)).createRequest(ask)).id;
}

describe('reviewing', () => {
  test('the last approval makes the grant, in the same answer', async () => {
    const id = await asked();
    const request = await (await api.as('bob')).review({ id, decision: 'approve', comment: 'fine' });
    expect(request).toMatchObject({
      state: 'approved',
      reviews: [{ reviewer: 'bob', step: 0, decision: 'approve', comment: 'fine' }],
      steps: [{ state: 'done', approvedBy: ['bob'] }],
      grant: { state: 'scheduled', person: 'alice', startsAt: null, expiresAt: null },
    });
    const kinds = (await api.events()).slice(-2).map(({ kind }) => kind);
    expect(kinds).toEqual(['request.reviewed', 'grant.scheduled']);
  });

  test('nobody reviews their own request, whatever groups they are in', async () => {
    const id = await asked(reader, 'bob');
    expect(await codeOf((await api.as('bob')).review({ id, decision: 'approve' }))).toBe('own_request');
    expect((await api.events()).at(-1)).toMatchObject({
      kind: 'review.refused',
      data: { person: 'bob', request: id, code: 'own_request' },
    });
  });

  test('steps stand in order, and one person counts in one of them only', async () => {
    const id = await asked(owner);
    expect(await codeOf((await api.as('dan')).review({ id, decision: 'approve' }))).toBe('not_a_reviewer');
    expect((await (await api.as('lea')).review({ id, decision: 'approve' })).state).toBe('pending');
    expect(await codeOf((await api.as('lea')).review({ id, decision: 'approve' }))).toBe('already_reviewed');
    const done = await (await api.as('dan')).review({ id, decision: 'approve' });
    expect(done).toMatchObject({ state: 'approved', grant: { state: 'scheduled' } });
  });

  test('a denial needs a comment and ends the request', async () => {
    const id = await asked(owner);
    const bob = await api.as('bob');
    expect(await codeOf(bob.review({ id, decision: 'deny' }))).toBe('comment_required');
    expect(await bob.review({ id, decision: 'deny', comment: 'not today' })).toMatchObject({
      state: 'denied',
      grant: null,
    });
    expect(await codeOf((await api.as('lea')).review({ id, decision: 'approve' }))).toBe('wrong_state');
  });

  test('whoever may see a request but is not asked cannot review it', async () => {
    const id = await asked();
    for (const person of ['dan', 'audrey', 'carol']) {
      expect(await codeOf((await api.as(person)).review({ id, decision: 'approve' }))).toBe('not_a_reviewer');
    }
  });

  test('a disabled reviewer no longer counts', async () => {
    const id = await asked();
    const carol = await api.as('carol');
    const bob = await api.as('bob');
    await carol.changePerson({ name: 'bob', disabled: true });
    expect(await codeOf(bob.review({ id, decision: 'approve' }))).toBe('unauthenticated');
    await carol.changePerson({ name: 'bob', disabled: false });
    api.signedOut('bob');
  });
});

describe('at the same time', () => {
  test('two reviewers on the last step: one grant, and the other is told that it is decided', async () => {
    for (let round = 0; round < 5; round += 1) {
      const id = await asked();
      const reviewers = [await api.as('lea'), await api.as('bobby')];
      const outcomes = await Promise.all(reviewers.map((each) => codeOf(each.review({ id, decision: 'approve' }))));
      expect(outcomes.sort()).toEqual(['not refused', 'wrong_state']);
      const grants = await api.context.store.db
        .selectFrom('grants')
        .select('id')
        .where('request', '=', id as never)
        .execute();
      expect(grants).toHaveLength(1);
    }
  });

  test('the same reviewer twice counts once', async () => {
    const id = await asked(owner);
    const lea = await api.as('lea');
    const outcomes = await Promise.all([1, 2, 3].map(() => codeOf(lea.review({ id, decision: 'approve' }))));
    expect(outcomes.sort()).toEqual(['already_reviewed', 'already_reviewed', 'not refused']);
    expect((await lea.request({ id })).state).toBe('pending');
  });

  test('an approval and a cancel: one of them', async () => {
    for (let round = 0; round < 5; round += 1) {
      const id = await asked();
      const outcomes = await Promise.all([
        codeOf((await api.as('lea')).review({ id, decision: 'approve' })),
        codeOf((await api.as('alice')).cancelRequest({ id })),
      ]);
      expect(outcomes.sort()).toEqual(['not refused', 'wrong_state']);
      const request = await (await api.as('alice')).request({ id });
      expect(request.grant !== null).toBe(request.state === 'approved');
    }
  });

  beforeAll(async () => {
    await (await api.as('carol')).createPerson({ name: 'bobby', password: 'correct horse battery', groups: ['leads'] });
  });
});

describe('waiting', () => {
  test('`wait` is answered as soon as the request is decided, and at once when it is', async () => {
    const id = await asked();
    const alice = await api.as('alice');
    const waiting = alice.request({ id, wait: 30 });
    await (await api.as('bob')).review({ id, decision: 'deny', comment: 'no' });
    expect((await waiting).state).toBe('denied');
    expect((await alice.request({ id, wait: 30 })).state).toBe('denied');
  });

  test('`wait` answers what is when its time is over', async () => {
    const id = await asked();
    expect((await (await api.as('alice')).request({ id, wait: 1 })).state).toBe('pending');
  });
});
