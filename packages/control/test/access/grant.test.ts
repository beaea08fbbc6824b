import type { Client } from '@tidegate/contract';
import type { GrantId } from '@tidegate/core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startClock } from '../../src/access/clock.ts';
import { grantClosed, grantOpened, grantPrepared, grantProblem } from '../../src/access/reports.ts';
import { type Api, codeOf, startApi, withCluster } from '../support/api.ts';

withCluster();
let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.close());

/** Ivan needs nobody: a scheduled grant, made active by what a gateway would report. */
async function scheduled(ask: { duration?: string; startsAt?: string; role?: string } = {}): Promise<GrantId> {
  const { grant } = await (await api.as('ivan')).createRequest({ resource: 'orders', role: 'reader', ...ask });
  if (grant === null) throw new Error('no grant');
  return grant.id;
}
async function active(ask: Parameters<typeof scheduled>[0] = {}): Promise<GrantId> {
  const id = await scheduled(ask);
  await grantPrepared(api.context, id);
  return id;
}
const show = async (id: GrantId) => (await api.as('carol')).grant({ id });

describe('the clock of a grant', () => {
  test('it starts when the principal is prepared, and not before', async () => {
    const id = await scheduled({ duration: '30m' });
    expect(await show(id)).toMatchObject({ state: 'scheduled', startsAt: null });
    await grantPrepared(api.context, id);
    const grant = await show(id);
    expect(grant.state).toBe('active');
    const length = Temporal.Instant.from(grant.startsAt ?? '').until(grant.expiresAt ?? '');
    expect(length.total('minutes')).toBe(30);
    expect((await api.events()).at(-1)).toMatchObject({ kind: 'grant.activated', data: { grant: id } });
  });

  test('reports repeat and change nothing', async () => {
    const id = await active();
    const first = await show(id);
    const before = (await api.events()).length;
    await grantPrepared(api.context, id);
    await grantOpened(api.context, id, 'near');
    await grantOpened(api.context, id, 'near');
    await grantClosed(api.context, id, 'near');
    expect(await show(id)).toEqual(first);
    expect((await api.events()).slice(before).map(({ kind }) => kind)).toEqual(['grant.opened']);
  });

  test('what stands in the way is shown, and gone when it is over', async () => {
    const id = await scheduled();
    await grantProblem(api.context, id, 'the database does not answer');
    expect((await show(id)).problem).toBe('the database does not answer');
    await grantPrepared(api.context, id);
    expect((await show(id)).problem).toBeNull();
  });

  test('a later start is waited for', async () => {
    const startsAt = api.context.now().add({ hours: 1 }).toString();
    const id = await scheduled({ startsAt });
    await grantPrepared(api.context, id);
    expect((await show(id)).state).toBe('scheduled');
  });
});

describe('what time does', () => {
  let clock: ReturnType<typeof startClock>;
  beforeEach(() => {
    clock = startClock(api.context);
  });
  afterEach(() => clock.stop());

  /** Resolves when the grant is in that state, told by what commits announce. */
  async function reaches(id: GrantId, state: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        show(id).then((grant) => {
          if (grant.state === state) {
            forget();
            resolve();
          }
        }, reject);
      };
      const forget = api.context.store.listen('tidegate_state', look);
      look();
    });
  }

  test('a grant is over at its end, within moments of it', async () => {
    const id = await active({ duration: '1s' });
    await reaches(id, 'closing');
    const grant = await show(id);
    expect(grant.closedBecause).toBe('expired');
    const closing = (await api.events()).filter(({ kind, data }) => kind === 'grant.closing' && data.grant === id);
    expect(closing).toHaveLength(1);
    const row = await api.context.store.db
      .selectFrom('grants')
      .select('closingAt')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    const late = Temporal.Instant.from(grant.expiresAt ?? '').until(row.closingAt ?? '');
    expect(late.total('milliseconds')).toBeGreaterThanOrEqual(0);
    expect(late.total('milliseconds')).toBeLessThan(3_000);
    await grantClosed(api.context, id, 'near');
    expect(await show(id)).toMatchObject({ state: 'closed', closedBecause: 'expired' });
  });

  test('one that could not be opened in time has failed, and says why', async () => {
    const id = await scheduled();
    await grantProblem(api.context, id, 'the database does not answer');
    api.advance({ hours: 9 });
    await reaches(id, 'closing');
    expect(await show(id)).toMatchObject({ closedBecause: 'failed' });
    expect((await show(id)).comment).toContain('the database does not answer');
    // A gateway that comes back late finds nothing to open.
    await grantPrepared(api.context, id);
    expect((await show(id)).state).toBe('closing');
  });

  test('two control planes end a grant once', async () => {
    const other = startClock(api.context);
    const ids = await Promise.all(Array.from({ length: 8 }, () => active({ duration: '1s' })));
    await Promise.all(ids.map((id) => reaches(id, 'closing')));
    await other.stop();
    const told = (await api.events()).filter(
      ({ kind, data }) => kind === 'grant.closing' && ids.includes(data.grant as GrantId),
    );
    expect(told).toHaveLength(ids.length);
  });

  test('a request nobody decides lapses', async () => {
    const dan = await api.as('dan');
    const { id } = await dan.createRequest({ resource: 'orders', role: 'owner', reason: 'x' });
    const waiting = dan.request({ id, wait: 30 });
    api.advance({ hours: 1 });
    expect((await waiting).state).toBe('lapsed');
    expect(await codeOf((await api.as('lea')).review({ id, decision: 'approve' }))).toBe('wrong_state');
  });
});

describe('ending', () => {
  test('its holder gives it back', async () => {
    const id = await active();
    const ivan = await api.as('ivan');
    expect(await codeOf((await api.as('olga')).relinquishGrant({ id }))).toBe('not_found');
    expect(await codeOf((await api.as('carol')).relinquishGrant({ id }))).toBe('forbidden');
    expect(await ivan.relinquishGrant({ id })).toMatchObject({
      state: 'closing',
      closedBecause: 'relinquished',
      closedBy: 'ivan',
    });
    expect(await codeOf(ivan.relinquishGrant({ id }))).toBe('wrong_state');
  });

  test('administrators and the owners of the resource revoke it, nobody else, and never their own', async () => {
    const id = await active();
    expect(await codeOf((await api.as('olga')).revokeGrant({ id, reason: 'x' }))).toBe('not_found');
    expect(await codeOf((await api.as('audrey')).revokeGrant({ id, reason: 'x' }))).toBe('forbidden');
    expect(await codeOf((await api.as('ivan')).revokeGrant({ id, reason: 'x' }))).toBe('forbidden');
    expect(await (await api.as('dan')).revokeGrant({ id, reason: 'wrong table' })).toMatchObject({
      state: 'closing',
      closedBecause: 'revoked',
      closedBy: 'dan',
      comment: 'wrong table',
    });
    const other = await active();
    expect(await (await api.as('carol')).revokeGrant({ id: other, reason: 'x' })).toMatchObject({ closedBy: 'carol' });
  });

  test('a disabled account keeps nothing', async () => {
    const id = await active();
    const pending = await (await api.as('alice')).createRequest({ resource: 'orders', role: 'reader', reason: 'x' });
    const carol = await api.as('carol');
    for (const name of ['ivan', 'alice']) await carol.changePerson({ name, disabled: true });
    expect(await show(id)).toMatchObject({ state: 'closing', closedBecause: 'revoked', closedBy: 'carol' });
    expect((await carol.request({ id: pending.id })).state).toBe('cancelled');
    for (const name of ['ivan', 'alice']) {
      await carol.changePerson({ name, disabled: false });
      api.signedOut(name);
    }
  });
});

describe('more time', () => {
  test('an approved extension moves the end; nothing is reopened', async () => {
    const alice = await api.as('alice');
    const { id } = await opened(alice);
    const before = await show(id);
    const request = await alice.extendGrant({ id, duration: '30m' });
    expect(request).toMatchObject({ state: 'pending', extends: id, grant: { id }, reason: 'INC-7' });
    expect(await codeOf(alice.extendGrant({ id, duration: '10m' }))).toBe('conflict');
    await (await api.as('bob')).review({ id: request.id, decision: 'approve' });
    const after = await show(id);
    expect(
      Temporal.Instant.from(before.expiresAt ?? '')
        .until(after.expiresAt ?? '')
        .total('minutes'),
    ).toBe(30);
    expect(after).toEqual({ ...before, expiresAt: after.expiresAt });
    expect((await api.events()).at(-1)?.kind).toBe('grant.extended');
  });

  test('never beyond the longest that the policy gives, counted from the start', async () => {
    const alice = await api.as('alice');
    const { id } = await opened(alice);
    expect(await codeOf(alice.extendGrant({ id, duration: '90m' }))).toBe('duration_too_long');
  });

  test('a grant that ends takes its open extension with it', async () => {
    const alice = await api.as('alice');
    const { id } = await opened(alice);
    const request = await alice.extendGrant({ id, duration: '30m' });
    expect(request.lapsesAt).toBe((await show(id)).expiresAt);
    await alice.relinquishGrant({ id });
    expect((await alice.request({ id: request.id })).state).toBe('cancelled');
    expect(await codeOf((await api.as('bob')).review({ id: request.id, decision: 'approve' }))).toBe('wrong_state');
  });

  test('only its holder asks, and only while it is open', async () => {
    const id = await scheduled();
    expect(await codeOf((await api.as('ivan')).extendGrant({ id, duration: '10m' }))).toBe('wrong_state');
    expect(await codeOf((await api.as('olga')).extendGrant({ id, duration: '10m' }))).toBe('not_found');
  });

  async function opened(alice: Client) {
    const asked = await alice.createRequest({ resource: 'orders', role: 'reader', reason: 'INC-7' });
    const { grant } = await (await api.as('bob')).review({ id: asked.id, decision: 'approve' });
    if (grant === null) throw new Error('no grant');
    await grantPrepared(api.context, grant.id);
    return grant;
  }
});
