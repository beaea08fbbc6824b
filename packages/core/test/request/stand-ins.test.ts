/** Reviews in the stead of who is away, by people on what workloads ask, and reviews that give less time. */
import { describe, expect, test } from 'vitest';
import { type AccessRequest, agreedDuration, isFullyApproved, type Person, reviewSeat } from '../../src/index.ts';
import { alice, at, bob, carol, minutes, name, person, policy, reviewed, rule, step, submitted } from '../make.ts';
import { expectRefusal } from '../refusal.ts';

const twoSteps = policy(rule({ approvals: [step(1, ['leads']), step(1, ['dba'])] }));
const twoLeads = policy(rule({ approvals: [step(2, ['leads'])] }));
const eve = person('eve');
const lea = person('lea', 'leads');
const instead = (request: AccessRequest, reviewer: Person, ...standsInFor: Person[]) =>
  reviewed({ request, reviewer, standsInFor, now: at(1) });

describe('who stands in', () => {
  test('acts for who is away, and both names are kept', () => {
    const { request, approved } = instead(submitted(), eve, bob);
    expect(approved).toBe(true);
    expect(request.reviews).toMatchObject([{ reviewer: 'eve', onBehalfOf: 'bob', step: 0 }]);
  });

  test('acts in their own right where they can', () => {
    expect(instead(submitted(), lea, bob).request.reviews).toMatchObject([{ reviewer: 'lea', onBehalfOf: null }]);
  });

  test('never for the requester, nor as the requester', () => {
    const lead = person('alice', 'engineers', 'leads');
    expectRefusal('not_a_reviewer', () => instead(submitted({ person: lead }), eve, lead));
    expectRefusal('own_request', () => instead(submitted(), alice, bob));
  });

  test('counts once, in either name', () => {
    const once = instead(submitted({ policy: twoLeads }), eve, bob).request;
    // Neither who stood in, nor who was away, nor another who stands in for either of them.
    expectRefusal('already_reviewed', () => instead(once, eve, lea));
    expectRefusal('already_reviewed', () => instead(once, bob));
    expectRefusal('not_a_reviewer', () => instead(once, person('sam'), bob));
    expect(instead(once, lea).approved).toBe(true);
  });

  test('cannot stand in for who has reviewed', () => {
    const once = instead(submitted({ policy: twoLeads }), bob).request;
    expectRefusal('not_a_reviewer', () => instead(once, eve, bob));
  });

  test('for two people counts for one of them', () => {
    const once = instead(submitted({ policy: twoLeads }), eve, bob, lea);
    expect(once.approved).toBe(false);
    expect(once.request.reviews).toMatchObject([{ onBehalfOf: 'bob' }]);
    expectRefusal('already_reviewed', () => instead(once.request, eve, lea));
  });

  test('waits for the step of who is away', () => {
    expectRefusal('not_a_reviewer', () => instead(submitted({ policy: twoSteps }), eve, carol));
  });

  test('may deny, too', () => {
    const denied = reviewed({
      request: submitted(),
      reviewer: eve,
      standsInFor: [bob],
      decision: 'deny',
      comment: 'no',
      now: at(1),
    });
    expect(denied.request).toMatchObject({ state: 'denied', reviews: [{ onBehalfOf: 'bob' }] });
  });

  test('twice in a row that the store should never hold counts once', () => {
    const request = submitted({ policy: twoLeads });
    const plain = {
      round: 0,
      step: 0,
      fits: [0],
      decision: 'approve',
      duration: null,
      comment: null,
      at: at(1),
    } as const;
    const both = [
      { ...plain, reviewer: name('eve'), onBehalfOf: name('bob') },
      { ...plain, reviewer: name('bob'), onBehalfOf: null },
    ];
    expect(isFullyApproved({ ...request, reviews: both })).toBe(false);
    const forRequester = { ...plain, reviewer: name('eve'), onBehalfOf: name('alice') };
    expect(isFullyApproved({ ...submitted(), reviews: [forRequester] })).toBe(false);
  });
});

describe('a workload', () => {
  const bot: Person = { ...person('deploy', 'engineers', 'leads'), kind: 'workload', runBy: [name('bob')] };

  test('asks, and who runs it reviews it no more than it could itself', () => {
    const request = submitted({ person: bot });
    expect(request.runBy).toEqual(['bob']);
    const error = expectRefusal('own_request', () => instead(request, bob));
    expect(error.message).toContain('deploy is yours');
    expectRefusal('own_request', () => instead(request, bot));
    expectRefusal('not_a_reviewer', () => instead(request, eve, bob));
    expect(instead(request, lea).approved).toBe(true);
  });

  test('never reviews, in whatever groups, for whomever', () => {
    expectRefusal('not_a_reviewer', () => instead(submitted(), bot));
    expectRefusal('not_a_reviewer', () => instead(submitted(), bot, lea));
    expect(reviewSeat({ request: submitted(), reviewer: bot, standsInFor: [lea], now: at(1) })).toBeNull();
    expectRefusal('not_a_reviewer', () => instead(submitted(), eve, bot));
  });
});

describe('a review gives less time', () => {
  const shorten = (request: AccessRequest, length: number, reviewer = bob) =>
    reviewed({ request, reviewer, duration: minutes(length), now: at(1) });

  test('and the least of all reviews is what was agreed to', () => {
    const once = shorten(submitted({ policy: twoSteps }), 30).request;
    expect(agreedDuration(once).total('minute')).toBe(30);
    const twice = shorten(once, 20, carol);
    expect(twice.approved).toBe(true);
    expect(agreedDuration(twice.request).total('minute')).toBe(20);
    expect(twice.request.duration.total('minute')).toBe(60);
  });

  test('never more: than was asked for, nor than another left of it', () => {
    const error = expectRefusal('duration_too_long', () => shorten(submitted(), 61));
    expect(error.next).toBe('Approve for 1 h or less.');
    expect(shorten(submitted(), 60).approved).toBe(true);
    const once = shorten(submitted({ policy: twoSteps }), 30).request;
    expectRefusal('duration_too_long', () => shorten(once, 31, carol));
  });

  test('never nothing', () => {
    expectRefusal('invalid_input', () => shorten(submitted(), 0));
    expectRefusal('invalid_input', () => shorten(submitted(), -5));
  });

  test('which a denial does not', () => {
    const denied = reviewed({
      request: submitted(),
      decision: 'deny',
      comment: 'no',
      duration: minutes(1),
      now: at(1),
    }).request;
    expect(denied.reviews).toMatchObject([{ duration: null }]);
    expect(agreedDuration(denied).total('minute')).toBe(60);
  });
});
