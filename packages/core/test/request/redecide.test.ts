/** A policy that changed while a request was pending: decided anew, and approvals kept only where the same is asked. */
import { describe, expect, test } from 'vitest';
import { type AccessRequest, agreedDuration, decide, type Policy, redecide, settleQuorums } from '../../src/index.ts';
import {
  alice,
  ask,
  at,
  bob,
  carol,
  group,
  minutes,
  name,
  person,
  policy,
  reviewed,
  rule,
  step,
  submitted,
} from '../make.ts';
import { expectRefusal } from '../refusal.ts';

const two = policy(rule({ approvals: [step(1, ['leads']), step(1, ['dba'])] }));
const approvedOnce = reviewed({ request: submitted({ policy: two }), now: at(1) }).request;

function under(next: Policy, request: AccessRequest = approvedOnce, asker = alice) {
  const decision = decide(
    ask({ policy: { ...next, version: 8 }, person: asker, duration: request.duration, now: at(9) }),
  );
  const steps =
    decision.outcome === 'denied' ? [] : settleQuorums(decision.steps, decision.requester, [alice, bob, carol]);
  return redecide(request, decision, steps, at(9));
}

describe('a policy that changed', () => {
  test('and asks for the same people: approvals stay, and so does its time', () => {
    const { request, why } = under(
      policy(rule({ name: 'renamed', approvals: [step(1, ['leads']), step(1, ['dba'])] })),
    );
    expect(request).toMatchObject({ state: 'pending', rule: 'renamed', policyVersion: 8, round: 0 });
    expect(request.lapsesAt.equals(approvedOnce.lapsesAt)).toBe(true);
    expect(why).toMatch(/^The policy has changed, and asks for the same approvals\. Rule “renamed” applies/);
    expect(reviewed({ request, reviewer: carol, now: at(10) }).approved).toBe(true);
  });

  test('and asks for others: a new round, in which nothing of the old one counts', () => {
    const { request, why } = under(
      policy(rule({ approvals: [step(1, ['leads']), step(1, ['dba', 'leads'])], lapseAfter: minutes(60) })),
    );
    expect(request).toMatchObject({ state: 'pending', round: 1 });
    expect(request.roundAt.equals(at(9))).toBe(true);
    expect(request.lapsesAt.equals(at(69))).toBe(true);
    expect(request.createdAt.equals(approvedOnce.createdAt)).toBe(true);
    expect(why).toContain('it is decided anew');
    // What was said stays on the record, and who said it may say it again.
    expect(request.reviews).toEqual(approvedOnce.reviews);
    const again = reviewed({ request, reviewer: bob, now: at(10) });
    expect(again.approved).toBe(false);
    expect(again.request.reviews.map(({ reviewer, round }) => [reviewer, round])).toEqual([
      ['bob', 0],
      ['bob', 1],
    ]);
    expect(reviewed({ request: again.request, reviewer: carol, now: at(11) }).approved).toBe(true);
  });

  test('and asks for nobody: approved at once', () => {
    expect(under(policy(rule({ approvals: [] }))).request).toMatchObject({ state: 'approved', steps: [], round: 1 });
  });

  test('and gives it no more: denied, with the new policy’s words', () => {
    const gone = under(policy(rule({ who: { groups: [group('ops')], people: [] } })));
    expect(gone.request).toMatchObject({ state: 'denied', rule: 'rule', round: 0 });
    expect(gone.why).toContain('The policy has changed: No rule lets alice have reader on orders.');
    const shorter = under(policy(rule({ name: 'short', maxDuration: minutes(30) })));
    expect(shorter.request).toMatchObject({ state: 'denied', rule: 'short' });
    expect(shorter.why).toContain('too long');
  });

  test('what an earlier round was shortened to is forgotten with it', () => {
    const short = reviewed({ request: submitted({ policy: two }), duration: minutes(10), now: at(1) }).request;
    expect(agreedDuration(short).total('minute')).toBe(10);
    const { request } = under(policy(rule({ approvals: [step(1, ['dba'])] })), short);
    expect(agreedDuration(request).total('minute')).toBe(60);
    const kept = under(two, short).request;
    expect(agreedDuration(kept).total('minute')).toBe(10);
  });

  test('who has come to run the workload since counts no more', () => {
    const bot = { ...person('deploy', 'engineers'), kind: 'workload' as const, runBy: [name('max')] };
    const request = reviewed({ request: submitted({ policy: two, person: bot }), now: at(1) }).request;
    const { request: moved } = under(two, request, { ...bot, runBy: [name('bob')] });
    expect(moved).toMatchObject({ state: 'pending', round: 0, runBy: ['bob'] });
    expectRefusal('not_a_reviewer', () => reviewed({ request: moved, reviewer: carol, now: at(10) }));
    expectRefusal('own_request', () => reviewed({ request: moved, reviewer: bob, now: at(10) }));
  });

  test('leaves the request it was given as it was', () => {
    under(policy(rule({ approvals: [] })));
    expect(approvedOnce).toMatchObject({ state: 'pending', round: 0, policyVersion: 7 });
  });
});
