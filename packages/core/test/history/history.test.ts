/**
 * Promises 1, 2 and 5 over whole histories: whatever is called in whatever order, no grant without every distinct
 * approval it needs, none that outlives its maximum, closed is final, no state is skipped.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { activate, beginClose, due, EXPIRED, type Grant, nextDue, TidegateError } from '../../src/index.ts';
import { anyAct, anyMemberships, anyPolicy } from './acts.ts';
import { approvedBy, expectedReview } from './obvious.ts';
import { type GrantFacts, type RequestFacts, requestFor, reviewerFor, World } from './world.ts';

const REQUEST_ENDS = ['approved', 'denied', 'cancelled', 'lapsed'];
/** Every way a grant may go; `active` twice is an extension. */
const GRANT_WAYS = /^scheduled( active)*( closing( closed)?)?$/;

test('no history opens what was not approved, nor keeps open what is over', () => {
  const seen = new Map<string, number>();
  const checked = new WeakSet<object>();
  const isNew = (state: object) => !checked.has(state) && checked.add(state) !== undefined;
  const note = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);

  fc.assert(
    fc.property(
      anyPolicy,
      anyMemberships,
      fc.array(anyAct, { minLength: 100, maxLength: 200, size: 'max' }),
      (policy, memberships, acts) => {
        const world = new World(policy, memberships);
        for (const act of acts) {
          const facts = act.do === 'review' ? requestFor(world, act) : undefined;
          const reviewer = act.do === 'review' && facts !== undefined ? reviewerFor(world, act, facts) : undefined;
          const expected =
            act.do !== 'review' || facts === undefined || reviewer === undefined
              ? undefined
              : expectedReview(facts, reviewer, act.approve, act.comment, world.now);

          const code = world.act(act);
          note(`${act.do}: ${code}`);
          if (expected !== undefined) expect(code).toBe(expected ?? 'done');
          for (const each of world.requests) if (isNew(each.request)) checkRequest(each);
          for (const each of world.grants) if (isNew(each.grant)) checkGrant(each, world.now);
        }
        for (const each of world.requests) checkRequest(each);
        for (const each of world.grants) checkGrant(each, world.now);
        for (const each of world.requests) if (each.request.reviews.length > 1) note('several reviews');
      },
    ),
    { numRuns: 150 },
  );

  // A property holds easily where nothing happens: every act was done, and refused in each of its ways.
  for (const what of [
    'submit',
    'review',
    'schedule',
    'activate',
    'extend',
    'expire',
    'end',
    'fail',
    'finish',
    'lapse',
  ]) {
    expect(seen.get(`${what}: done`), what).toBeGreaterThan(5);
  }
  for (const code of ['own_request', 'wrong_state', 'already_reviewed', 'not_a_reviewer', 'comment_required']) {
    expect(seen.get(`review: ${code}`), code).toBeGreaterThan(5);
  }
  expect(seen.get('extend: duration_too_long')).toBeGreaterThan(0);
  expect(seen.get('several reviews')).toBeGreaterThan(5);
});

function checkRequest({ request, states, taken }: RequestFacts): void {
  expect(states.length).toBeLessThanOrEqual(2);
  expect(states.slice(0, -1)).toEqual(states.length === 2 ? ['pending'] : []);
  expect(['pending', ...REQUEST_ENDS]).toContain(request.state);
  expect(request.reviews).toHaveLength(taken.length);
  expect(new Set(taken.map((each) => each.reviewer.name)).size).toBe(taken.length);
  // Approved when, and only when, every place of every step has its own approver, and nobody denied.
  const denied = taken.some((each) => !each.approve);
  expect(request.state === 'denied').toBe(denied);
  const met = !denied && approvedBy(request.steps, request.requester, taken);
  if (request.state === 'approved') expect(met).toBe(true);
}

function checkGrant({ grant, request, history, most }: GrantFacts, now: Temporal.Instant): void {
  expect(request.request.state).toBe('approved');
  expect(grant.person).toBe(request.request.requester);
  expect(history.map((each) => each.state).join(' ')).toMatch(GRANT_WAYS);
  if ('startsAt' in grant && grant.startsAt !== null && grant.expiresAt !== null) {
    expect(grant.expiresAt.since(grant.startsAt).total('minute')).toBeLessThanOrEqual(most);
    expect(Temporal.Instant.compare(grant.startsAt, request.request.createdAt)).toBeGreaterThanOrEqual(0);
    if (grant.notBefore !== null) expect(Temporal.Instant.compare(grant.startsAt, grant.notBefore)).not.toBe(-1);
  }
  const ends = history.flatMap((each) => (each.state === 'active' ? [each.expiresAt.epochMilliseconds] : []));
  expect(ends).toEqual(ends.toSorted((a, b) => a - b));

  // What is due can be done, and only that.
  expect(works(() => activate(grant, now))).toBe(due(grant, now) === 'open');
  expect(works(() => beginClose(grant, EXPIRED, now))).toBe(due(grant, now) === 'expire');
  checkTimer(grant, now);
}

/** At the instant a timer is set for, something else is due than the moment before. */
function checkTimer(grant: Grant, now: Temporal.Instant): void {
  const next = nextDue(grant, now);
  if (next === null) {
    expect(due(grant, now.add({ hours: 10_000 }))).toBe(due(grant, now));
    return;
  }
  expect(Temporal.Instant.compare(next, now)).toBe(1);
  expect(due(grant, next.subtract({ nanoseconds: 1 }))).toBe(due(grant, now));
  expect(due(grant, next)).not.toBe(due(grant, now));
}

function works(act: () => unknown): boolean {
  try {
    act();
    return true;
  } catch (error) {
    if (error instanceof TidegateError && error.code === 'wrong_state') return false;
    throw error;
  }
}
