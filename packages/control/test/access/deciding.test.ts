/** The whole of deciding, through the API: stages, escalation, stand-ins, shorter times, break-glass, windows, changed policies. */
import type { Client } from '@tidegate/contract';
import type { GrantId } from '@tidegate/core';
import { sql } from 'kysely';
import { TOTP } from 'otpauth';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { grantPrepared } from '../../src/access/reports.ts';
import { type Api, CONFIG, codeOf, PASSWORD, startApi, withCluster } from '../support/api.ts';
import { lapseAndOpen } from '../support/clock.ts';

const RULES = `
  - name: parallel
    resources: { names: [shop] }
    roles: [owner]
    who: { groups: [engineers] }
    lapseAfter: 8h
    approvals:
      - parallel:
          - { from: { groups: [leads] }, escalate: { after: 30m, to: { people: [olga] } } }
          - { from: { resourceOwners: true } }
  - name: in hours
    resources: { names: [shop] }
    roles: [guarded]
    who: { groups: [engineers] }
    reason: { required: false }
    autoApprove: 'request.duration <= duration("30m")'
  - name: broken
    resources: { names: [shop] }
    roles: [reader]
    who: { groups: [leads] }
    when: 'resource.labels.none == "x"'
    approvals: []
  - name: emergency
    resources: { all: true }
    roles: [owner]
    who: { groups: [engineers] }
    breakGlass: { notify: { groups: [dba], people: [alice] }, reviewWithin: 24h }
`;
const DECIDING = `${CONFIG.replace('databases: [shop]', 'databases: [shop]\n    owners: [dba]')}${RULES}`;

withCluster();
let api: Api;
beforeEach(async () => {
  await api?.close();
  api = await startApi();
  await (await api.as('carol')).applyConfig({ yaml: DECIDING });
});
afterAll(() => api.close());

const owner = { resource: 'shop', role: 'owner', reason: 'INC-1' };
const reader = { resource: 'orders', role: 'reader', reason: 'INC-1' };
const as = (name: string): Promise<Client> => api.as(name);
const approve = async (name: string, id: string, more: object = {}) =>
  (await as(name)).review({ id, decision: 'approve', ...more });
const lastEvents = async (count: number) => (await api.events()).slice(-count);

/** A second factor for `name`, shown just now. */
async function withFactor(name: string): Promise<Client> {
  const client = await as(name);
  const { secret } = await client.enrolTotp({ password: PASSWORD });
  const at = api.context.now().epochMilliseconds;
  await client.confirmTotp({ code: new TOTP({ secret }).generate({ timestamp: at }) });
  const { token } = await api.nobody.login({
    user: name,
    password: PASSWORD,
    mfaCode: new TOTP({ secret }).generate({ timestamp: at + 30_000 }),
  });
  return api.nobody.withToken(token);
}

describe('approvals', () => {
  test('of one stage are asked for at once, and given in any order', async () => {
    const { id, steps } = await (await as('alice')).createRequest(owner);
    expect(steps).toMatchObject([
      { stage: 0, groups: ['leads'], state: 'open' },
      { stage: 0, groups: ['dba'], state: 'open' },
    ]);
    await approve('dan', id);
    expect(await approve('bob', id)).toMatchObject({ state: 'approved', grant: { state: 'scheduled' } });
  });

  test('count wherever they fit, so that whoever of one stage comes later finds room', async () => {
    const { id } = await (await as('alice')).createRequest(owner);
    // Lea is of leads and dba. One of either is still wanted, and either is asked.
    expect((await approve('lea', id)).steps).toMatchObject([
      { groups: ['leads'], approvedBy: ['lea'], state: 'done', takesMore: true },
      { groups: ['dba'], approvedBy: [], state: 'open', takesMore: true },
    ]);
    expect(await lastEvents(1)).toMatchObject([
      { kind: 'request.reviewed', data: { by: 'lea', step: 0, fits: [0, 1] } },
    ]);
    for (const name of ['bob', 'dan']) {
      expect((await (await as(name)).requests({ filter: 'to-review' })).items, name).toMatchObject([{ id }]);
    }
    expect(await approve('bob', id)).toMatchObject({
      state: 'approved',
      steps: [{ approvedBy: ['bob'] }, { approvedBy: ['lea'] }],
      reviews: [
        { reviewer: 'lea', step: 0 },
        { reviewer: 'bob', step: 0 },
      ],
    });
  });

  test('of before that was kept count where they counted', async () => {
    const { id } = await (await as('alice')).createRequest(owner);
    await approve('lea', id);
    await sql`ALTER TABLE reviews DISABLE TRIGGER reviews_are_never_changed`.execute(api.context.store.db);
    await sql`UPDATE reviews SET fits = NULL WHERE request = ${id}`.execute(api.context.store.db);
    expect(await codeOf(approve('bob', id))).toBe('not_a_reviewer');
    expect(await approve('dan', id)).toMatchObject({ state: 'approved' });
  });

  test('are escalated when nobody gave them in time, not before', async () => {
    const { id } = await (await as('alice')).createRequest(owner);
    expect(await codeOf(approve('olga', id))).toBe('not_a_reviewer');
    expect((await (await as('olga')).requests({ filter: 'to-review' })).items).toEqual([]);
    api.advance({ minutes: 31 });
    expect((await (await as('olga')).requests({ filter: 'to-review' })).items).toMatchObject([{ id }]);
    await approve('olga', id);
    expect((await approve('dan', id)).state).toBe('approved');
  });

  test('may be for less time than was asked, never for more; the least counts', async () => {
    const { id } = await (await as('alice')).createRequest({ ...owner, duration: '2h' });
    expect(await codeOf(approve('bob', id, { duration: '3h' }))).toBe('duration_too_long');
    await approve('bob', id, { duration: '1h' });
    expect(await codeOf(approve('dan', id, { duration: '90m' }))).toBe('duration_too_long');
    expect(await approve('dan', id)).toMatchObject({
      duration: 'PT2H',
      agreedDuration: 'PT1H',
      grant: { duration: 'PT1H' },
    });
  });

  test('are given in the stead of who is away, once for both, and never for oneself', async () => {
    const bob = await as('bob');
    const until = api.context.now().add({ hours: 24 }).toString();
    expect(await codeOf(bob.createDelegation({ delegate: 'bob', endsAt: until }))).toBe('invalid_input');
    const { id: delegation } = await bob.createDelegation({ delegate: 'ivan', endsAt: until });
    const { id } = await (await as('alice')).createRequest(reader);
    expect((await (await as('ivan')).requests({ filter: 'to-review' })).items).toMatchObject([{ id }]);
    expect(await approve('ivan', id)).toMatchObject({
      state: 'approved',
      reviews: [{ reviewer: 'ivan', onBehalfOf: 'bob' }],
    });
    // Whoever stands in for bob is not let in by it, nor bob by who stands in for him.
    const own = await (await as('bob')).createRequest(reader);
    expect(await codeOf(approve('ivan', own.id))).toBe('not_found');
    // Of two steps that bob could take, the two of them take one.
    const two = await (await as('alice')).createRequest({ ...reader, role: 'owner' });
    await approve('bob', two.id);
    expect(await codeOf(approve('ivan', two.id))).toBe('not_a_reviewer');
    await bob.endDelegation({ id: delegation });
    const later = await (await as('alice')).createRequest(reader);
    expect(await codeOf(approve('ivan', later.id))).toBe('not_found');
  });
});

describe('conditions', () => {
  test('give at once where they hold, and nothing where they do not', async () => {
    const alice = await as('alice');
    const guarded = { resource: 'shop', role: 'guarded' };
    expect(await alice.createRequest({ ...guarded, duration: '30m' })).toMatchObject({ state: 'approved' });
    expect(await codeOf(alice.createRequest({ ...guarded, duration: '31m' }))).toBe('policy_denied');
    const { considered } = await alice.explain({ ...guarded, duration: '31m' });
    expect(considered.find(({ rule }) => rule === 'in hours')).toMatchObject({
      matched: false,
      conditions: [{ text: expect.stringContaining('request.duration'), holds: false }],
    });
  });

  test('that fail when they are asked deny, and the record says so', async () => {
    const bob = await as('bob');
    expect(await codeOf(bob.createRequest({ resource: 'shop', role: 'reader', reason: 'x' }))).toBe('policy_denied');
    const [refused] = await lastEvents(1);
    expect(refused).toMatchObject({ kind: 'request.refused', data: { person: 'bob', code: 'policy_denied' } });
    expect(JSON.stringify(refused?.data)).toContain('No such key: none');
  });
});

describe('break-glass', () => {
  test('needs to be asked for as such, with a reason and a fresh second factor, and is given at once', async () => {
    const alice = await as('alice');
    expect(await codeOf(alice.createRequest({ ...owner, breakGlass: true }))).toBe('mfa_required');
    const fresh = await withFactor('alice');
    expect(await codeOf(fresh.createRequest({ ...owner, reason: ' ', breakGlass: true }))).toBe('reason_required');
    expect((await fresh.createRequest(owner)).state).toBe('pending');
    const given = await fresh.createRequest({ ...owner, breakGlass: true });
    expect(given).toMatchObject({
      state: 'approved',
      breakGlass: true,
      grant: { state: 'scheduled' },
      afterReview: { state: 'open', reviewers: { groups: ['dba'], people: ['alice'] } },
    });
    expect((await lastEvents(2)).map(({ kind }) => kind)).toEqual(['break_glass.used', 'grant.scheduled']);
  });

  test('can be seen by those who judge it: the request, its grant, its sessions; by nobody else for that', async () => {
    const given = await (await withFactor('alice')).createRequest({ ...owner, breakGlass: true });
    const id = given.id;
    const grant = given.grant?.id ?? ('' as GrantId);
    // dan judges by his group alone: take away that his group owns the resource as well.
    await (await as('carol')).applyConfig({
      yaml: CONFIG.replace('databases: [shop]', 'databases: [shop]\n    owners: [leads]') + RULES,
    });
    expect((await (await as('dan')).request({ id })).reason).toBe('INC-1');
    expect((await (await as('dan')).grant({ id: grant })).person).toBe('alice');
    expect((await (await as('dan')).sessions({ grant, state: 'all' })).items).toEqual([]);
    expect(await codeOf((await as('olga')).request({ id }))).toBe('not_found');
    expect(await codeOf((await as('olga')).grant({ id: grant }))).toBe('not_found');
    expect(await codeOf((await as('dan')).revokeGrant({ id: grant, reason: 'x' }))).toBe('forbidden');
    expect((await (await as('dan')).grants({ state: 'all' })).items).toEqual([]);
  });

  test('is looked at by those who were told, never by who asked; overdue it shows', async () => {
    const { id } = await (await withFactor('alice')).createRequest({ ...owner, breakGlass: true });
    const verdict = { id, verdict: 'justified', comment: 'the site was down' } as const;
    expect(await codeOf((await as('alice')).afterReview(verdict))).toBe('own_request');
    expect(await codeOf((await as('olga')).afterReview(verdict))).toBe('not_found');
    api.advance({ hours: 25 });
    expect((await (await as('dan')).afterReviews()).items).toMatchObject([{ request: id, state: 'overdue' }]);
    expect(await (await as('dan')).afterReview(verdict)).toMatchObject({ state: 'done', reviewedBy: 'dan' });
    expect(await codeOf((await as('lea')).afterReview(verdict))).toBe('wrong_state');
    expect((await (await as('dan')).afterReviews()).items).toEqual([]);
  });
});

describe('windows that come again', () => {
  const window = () => {
    const start = api.context.now().toZonedDateTimeISO('UTC').add({ hours: 2 });
    const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
    const day = days[start.dayOfWeek - 1] ?? 'mon';
    const at = start.toPlainTime().toString({ smallestUnit: 'minute' });
    return { days: [day], at, timeZone: 'UTC', until: start.add({ weeks: 3 }).toInstant().toString() };
  };

  test('are approved once, and each has a grant of its own that ends with its window', async () => {
    const alice = await as('alice');
    const { id } = await alice.createRequest({ ...reader, duration: '30m', recurrence: window() });
    const approved = await approve('bob', id);
    expect(approved).toMatchObject({ state: 'approved', grant: null });
    const first = Temporal.Instant.from(approved.nextOpening ?? '');
    api.advance(first.since(api.context.now()).subtract({ minutes: 1 }));
    await lapseAndOpen(api.context);
    const { grant, nextOpening } = await (await as('alice')).request({ id });
    expect(grant).toMatchObject({ state: 'scheduled' });
    expect(nextOpening).toBe(first.add({ hours: 7 * 24 }).toString());
    // Another rule opens the next one, and what it says of saving results is what counts of it.
    expect(grant?.mayExport).toBeNull();
    await (await as('carol')).applyConfig({
      yaml: DECIDING.replace('- name: read\n', '- name: read anew\n    allow: { export: true }\n'),
    });
    api.advance({ hours: 7 * 24 });
    await lapseAndOpen(api.context);
    const second = (await (await as('alice')).request({ id })).grant;
    expect(second?.id).not.toBe(grant?.id);
    expect(second?.mayExport).toBe(true);
  });

  test('stay shut where the policy of the day does not give them, and the record says why', async () => {
    const { id } = await (await as('alice')).createRequest({ ...reader, duration: '30m', recurrence: window() });
    const { nextOpening } = await approve('bob', id);
    await (await as('carol')).applyConfig({
      yaml: DECIDING.replace('who: { groups: [engineers, leads, dba] }', 'who: { groups: [dba] }'),
    });
    api.advance(Temporal.Instant.from(nextOpening ?? '').since(api.context.now()));
    await lapseAndOpen(api.context);
    expect((await lastEvents(1))[0]).toMatchObject({ kind: 'window.skipped', data: { request: id } });
    expect((await (await as('alice')).request({ id })).grant).toBeNull();
  });

  test('are decided as of the first of them', async () => {
    const { days, ...rest } = window();
    const atNight = DECIDING.replace(
      'who: { groups: [engineers, leads, dba] }',
      `who: { groups: [engineers, leads, dba] }\n    when: 'start.weekday == "${days[0]}" && start.at > now.at'`,
    );
    await (await as('carol')).applyConfig({ yaml: atNight });
    const alice = await as('alice');
    expect(await codeOf(alice.createRequest({ ...reader, duration: '30m' }))).toBe('policy_denied');
    const { state } = await alice.createRequest({ ...reader, duration: '30m', recurrence: { days, ...rest } });
    expect(state).toBe('pending');
  });

  test('that make no sense are refused', async () => {
    const alice = await as('alice');
    for (const wrong of [
      { ...window(), timeZone: 'Mars/Olympus' },
      { ...window(), until: '2020-01-01T00:00:00Z' },
      { ...window(), until: '2100-01-01T00:00:00Z' },
    ]) {
      expect(await codeOf(alice.createRequest({ ...reader, recurrence: wrong }))).toBe('invalid_input');
    }
  });
});

describe('a policy that changes', () => {
  test('decides anew what is pending, and says so: other approvals begin another round', async () => {
    const { id } = await (await as('alice')).createRequest(owner);
    await approve('bob', id);
    await (await as('carol')).applyConfig({
      yaml: DECIDING.replace('{ from: { resourceOwners: true } }', '{ from: { groups: [dba], people: [ivan] } }'),
    });
    const anew = await (await as('alice')).request({ id });
    expect(anew).toMatchObject({ state: 'pending', round: 1, reviews: [{ reviewer: 'bob', round: 0 }] });
    expect(anew.decision.why).toContain('The policy has changed');
    // Bob's word was on other terms: he may give it again.
    await approve('bob', id);
    expect((await approve('ivan', id)).state).toBe('approved');
  });

  test('leaves a quorum as it was counted, whoever has joined since', async () => {
    const most = DECIDING.replace(
      '{ from: { resourceOwners: true } }',
      '{ from: { resourceOwners: true }, quorum: all }',
    );
    const carol = await as('carol');
    await carol.applyConfig({ yaml: most });
    const { id, steps } = await (await as('alice')).createRequest(owner);
    expect(steps[1]).toMatchObject({ groups: ['dba'], count: 2 });
    await approve('dan', id);
    await carol.changePerson({ name: 'ivan', groups: ['dba'] });
    await carol.applyConfig({ yaml: `${most}\n# another version\n` });
    const after = await (await as('alice')).request({ id });
    expect(after).toMatchObject({ state: 'pending', round: 0 });
    expect(after.steps[1]).toMatchObject({ count: 2, approvedBy: ['dan'] });
  });

  test('keeps approvals where it asks the same people', async () => {
    const { id } = await (await as('alice')).createRequest(owner);
    await approve('bob', id);
    await (await as('carol')).applyConfig({ yaml: `${DECIDING}\n# another version\n` });
    expect(await (await as('alice')).request({ id })).toMatchObject({ state: 'pending', round: 0 });
    expect((await approve('dan', id)).state).toBe('approved');
  });

  test.each([
    ['the grant has had as long as it gives', 'roles: [reader, editor]\n    duration: { max: 1h }'],
    ['the role has become another', null],
  ])('is applied, and denies more time where %s, though nobody has to agree any more', async (_, narrowed) => {
    const { id } = await (await as('alice')).createRequest(reader);
    const grant = (await approve('bob', id)).grant?.id ?? ('' as GrantId);
    await grantPrepared(api.context, grant);
    const more = await (await as('alice')).extendGrant({ id: grant, duration: 'PT30M' });
    expect(more.state).toBe('pending');
    const rules = DECIDING.slice(DECIDING.indexOf('  - name: read\n'));
    const atOnce = rules
      .replace('approvals:\n      - { from: { groups: [leads] } }', 'approvals: []')
      .replace('roles: [reader, editor]', narrowed ?? 'roles: [reader, editor]');
    const yaml = DECIDING.replace(rules, atOnce);
    await (await as('carol')).applyConfig({
      yaml: narrowed === null ? yaml.replace('reader, privileges: read', 'reader, privileges: write') : yaml,
    });
    expect(await (await as('alice')).request({ id: more.id })).toMatchObject({ state: 'denied' });
    expect(await (await as('alice')).grant({ id: grant })).toMatchObject({ state: 'active', duration: 'PT1H' });
  });

  test('says whether results may be saved: kept with the grant, until a rule gives it more time', async () => {
    const read = 'who: { groups: [engineers, leads, dba] }';
    const saying = async (saving: boolean) =>
      (await as('carol')).applyConfig({
        yaml: DECIDING.replace(read, `${read}\n    allow: { export: ${saving} }`),
      });
    const explained = async () => (await as('alice')).explain({ resource: 'orders', role: 'reader' });
    expect(await explained()).toMatchObject({ mayExport: false });
    const before = await (await as('alice')).createRequest(reader);
    expect((await approve('bob', before.id)).grant?.mayExport).toBeNull();

    await saying(true);
    expect(await explained()).toMatchObject({ mayExport: true, why: expect.stringContaining('Results may be saved.') });
    const { id } = await (await as('alice')).createRequest(reader);
    const { grant } = await approve('bob', id);
    expect(grant?.mayExport).toBe(true);

    await saying(false);
    expect(await explained()).toMatchObject({ mayExport: false });
    const open = grant?.id ?? ('' as GrantId);
    // What was agreed to holds for as long as it was agreed to, and no longer.
    expect((await (await as('alice')).grant({ id: open })).mayExport).toBe(true);
    await grantPrepared(api.context, open);
    const more = await (await as('alice')).extendGrant({ id: open, duration: 'PT10M' });
    await approve('bob', more.id);
    expect((await (await as('alice')).grant({ id: open })).mayExport).toBe(false);
  });

  test('denies what it no longer gives, and lists open grants that it would not give', async () => {
    const { id } = await (await as('alice')).createRequest(owner);
    const open = await (await as('alice')).createRequest(reader);
    const { grant } = await approve('bob', open.id);
    const yaml = DECIDING.replaceAll('who: { groups: [engineers', 'who: { groups: [auditors');
    const { warnings } = await (await as('carol')).planConfig({ yaml });
    expect(warnings).toContainEqual(
      expect.stringContaining(`Request ${id} of alice for owner on shop is denied at once`),
    );
    expect(warnings).toContainEqual(expect.stringContaining(`Grant ${grant?.id} of alice (reader on orders) goes on`));
    await (await as('carol')).applyConfig({ yaml });
    expect(await (await as('alice')).request({ id })).toMatchObject({ state: 'denied' });
    const listed = (await (await as('dan')).outgrownGrants()).items;
    expect(listed).toMatchObject([{ grant: { id: grant?.id }, kept: null }]);
    expect((await (await as('alice')).outgrownGrants()).items).toEqual([]);
    const keep = { id: grant?.id ?? '', comment: 'until tonight' };
    expect(await codeOf((await as('alice')).keepGrant(keep))).toBe('own_request');
    expect(await (await as('dan')).keepGrant(keep)).toMatchObject({ kept: { by: 'dan', comment: 'until tonight' } });
  });
});
