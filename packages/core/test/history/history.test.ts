/**
 * Promises 1, 2 and 5 over whole histories: whatever is called in whatever order, no grant without every distinct
 * approval it needs, none that outlives its maximum, closed is final, no state is skipped. Everything that the slow and
 * obvious model says of a request is so: its steps, who may act on them and for whom, how long was agreed to.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type AccessRequest,
  activate,
  agreedDuration,
  beginClose,
  due,
  EXPIRED,
  type Grant,
  isFullyApproved,
  nextDue,
  openSteps,
  reviewSeat,
  reviewsOfRound,
  stepsOf,
  TidegateError,
} from '../../src/index.ts';
import { anyAct, anyPeople, anyPolicies } from './acts.ts';
import { agreedSaid, countedSaid, isMet, openSaid, type SaidStep, seatSaid, stepsText } from './obvious.ts';
import { type GrantFacts, type RequestFacts, World } from './world.ts';

const REQUEST_ENDS = ['approved', 'denied', 'cancelled', 'lapsed'];
const CHANGES_SEATS: ReadonlySet<string> = new Set(['review', 'wait', 'away', 'newPolicy', 'rehand', 'regroup']);
/** Every way a grant may go; `active` twice is an extension. */
const GRANT_WAYS = /^scheduled( active)*( closing( closed)?)?$/;

test('no history opens what was not approved, nor keeps open what is over', () => {
  const seen = new Map<string, number>();
  const checked = new WeakSet<object>();
  const isNew = (state: object) => !checked.has(state) && checked.add(state) !== undefined;
  const note = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);

  fc.assert(
    fc.property(
      anyPolicies,
      anyPeople,
      fc.array(anyAct, { minLength: 100, maxLength: 180, size: 'max' }),
      (policies, { people, runBy }, acts) => {
        const world = new World(policies, people, runBy);
        for (const act of acts) {
          const { code, expected } = world.act(act);
          note(`${act.do}: ${code}`);
          if (expected !== undefined) expect(code).toBe(expected);
          for (const each of world.requests) if (isNew(each.request)) checkRequest(each);
          for (const each of world.grants) if (isNew(each.grant)) checkGrant(each, world.now);
          const waiting = world.requests.findLast(({ request }) => request.state === 'pending');
          if (waiting !== undefined && CHANGES_SEATS.has(act.do)) checkSeats(world, waiting);
        }
        for (const each of world.requests) checkRequest(each);
        for (const each of world.grants) checkGrant(each, world.now);
        for (const each of world.noted) note(each);
        for (const each of world.requests) if (each.request.reviews.length > 1) note('several reviews');
      },
    ),
    { numRuns: 120 },
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
  for (const what of ['extend: duration_too_long', 'makes room']) expect(seen.get(what), what).toBeGreaterThan(0);
  for (const what of [
    'several reviews',
    'stood in',
    'escalated',
    'shortened',
    'in parallel',
    'could count for several',
    'a workload asked',
    'break-glass',
    'redecided: denied',
    'redecided: anew',
    'redecided: the same',
    'redecided: approvals stay',
    'redecided: approvals gone',
  ]) {
    expect(seen.get(what), what).toBeGreaterThan(2);
  }
});

function checkRequest({ request, book, states }: RequestFacts): void {
  expect(states.length).toBeLessThanOrEqual(2);
  expect(states.slice(0, -1)).toEqual(states.length === 2 ? ['pending'] : []);
  expect(['pending', ...REQUEST_ENDS]).toContain(request.state);
  expect(request.state).toBe(book.state);
  expect({ round: request.round, runBy: request.runBy }).toEqual({ round: book.round, runBy: book.runBy });
  expect(request.lapsesAt.since(request.createdAt).total('minute')).toBe(book.lapses - book.createdAt);
  expect(stepsText(request.steps.map(plainly))).toBe(stepsText(book.steps));
  expect(
    reviewsOfRound(request).map(({ reviewer, onBehalfOf, fits, decision }) => [reviewer, onBehalfOf, fits, decision]),
  ).toEqual(
    book.taken.map(({ reviewer, inSteadOf, fits, approve }) => [
      reviewer.name,
      inSteadOf?.name ?? null,
      fits,
      approve ? 'approve' : 'deny',
    ]),
  );
  expect(agreedDuration(request).total('minute')).toBe(agreedSaid(book));
  expect(isFullyApproved(request)).toBe(isMet(book));
  checkCounting(request, book);
  checkPromise(request);
}

/** Each approval counts for one step that it fits, none for more than a step takes, and as many of them as could. */
function checkCounting(request: AccessRequest, book: RequestFacts['book']): void {
  const steps = stepsOf(request);
  for (const [index, { step, approvedBy }] of steps.entries()) {
    expect(approvedBy.length).toBeLessThanOrEqual(step.count);
    for (const who of approvedBy)
      expect(reviewsOfRound(request).find(({ reviewer }) => reviewer === who)?.fits).toContain(index);
  }
  const counted = steps.flatMap(({ approvedBy }) => approvedBy);
  expect(new Set(counted).size).toBe(counted.length);
  expect(counted.length).toBe(countedSaid(book));
}

/** Promise 5, whatever the model says: nobody who asks has a hand in it, and nobody has two. */
function checkPromise(request: AccessRequest): void {
  if (request.state !== 'approved') return;
  const counted = reviewsOfRound(request).filter(
    ({ reviewer, onBehalfOf }) =>
      ![reviewer, onBehalfOf].some((hand) => hand !== null && [request.requester, ...request.runBy].includes(hand)),
  );
  const hands = counted.flatMap(({ reviewer, onBehalfOf }) =>
    onBehalfOf === null ? [reviewer] : [reviewer, onBehalfOf],
  );
  expect(new Set(hands).size).toBe(hands.length);
  expect(hands).not.toContain('w0');
  const places = request.steps.reduce((sum, { count }) => sum + count, 0);
  expect(counted.filter(({ decision }) => decision === 'approve').length).toBeGreaterThanOrEqual(places);
  expect(counted.every(({ decision }) => decision === 'approve')).toBe(true);
}

const plainly = ({ stage, count, groups, people, escalate }: AccessRequest['steps'][number]): SaidStep => ({
  stage,
  need: count,
  who: { groups, people },
  escalate: escalate === null ? null : { minutes: escalate.after.total('minute'), to: escalate.to },
});

/** Who may act now, on which step and in whose stead. */
function checkSeats(world: World, { request, book }: RequestFacts): void {
  const { now, minute } = world;
  const useful = openSaid(book, minute).flatMap((each) => (each.useful ? [each.index] : []));
  expect(openSteps(request, now).map(({ index }) => index)).toEqual(useful);
  for (const reviewer of world.people) {
    const standsInFor = world.awayFor(reviewer);
    const expected = seatSaid(book, reviewer, standsInFor, minute);
    const seat = reviewSeat({ request, reviewer, standsInFor, now });
    const { step, ...rest } = seat ?? { step: null };
    expect(rest).toEqual(
      expected === null ? {} : { fits: expected.fits, onBehalfOf: expected.inSteadOf?.name ?? null },
    );
    if (step !== null) expect(useful.filter((index) => expected?.fits.includes(index))).toContain(step);
  }
}

function checkGrant({ grant, request, history, most }: GrantFacts, now: Temporal.Instant): void {
  expect(request.request.state).toBe('approved');
  expect(grant.person).toBe(request.request.requester);
  expect(grant.duration.total('minute')).toBe(agreedSaid(request.book));
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
