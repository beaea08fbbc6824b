import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ApprovalStep, candidates, couldBeApproved, isEligible, type Person } from '../../src/index.ts';
import { approvable } from '../history/obvious.ts';
import { alice, bob, carol, group, name, person, step } from '../make.ts';

const asker = (text: string) => ({ name: name(text), runBy: [] });

describe('who could approve a step', () => {
  const leads = step(1, ['leads'], ['carol']);

  test('members and the named, never the requester, in the order given', () => {
    expect(candidates(leads, asker('alice'), [carol, alice, bob])).toEqual(['carol', 'bob']);
    expect(candidates(leads, asker('bob'), [carol, alice, bob])).toEqual(['carol']);
    expect(candidates(step(1, ['leads'], ['bob']), asker('bob'), [person('bob', 'leads', 'dba')])).toEqual([]);
  });

  test('nobody who has reviewed before, in whatever step', () => {
    expect(candidates(step(1, ['leads', 'dba']), asker('alice'), [bob, carol], new Set([name('bob')]))).toEqual([
      'carol',
    ]);
  });

  test('a step that names nobody has no candidates', () => {
    expect(isEligible(step(1, []), asker('alice'), bob)).toBe(false);
  });
});

describe('could it be approved at all', () => {
  const both = [step(1, ['leads']), step(1, ['dba'])];

  test('overlapping groups: one person never fills two steps', () => {
    const double = person('bob', 'leads', 'dba');
    expect(couldBeApproved(both, asker('alice'), [double])).toEqual({
      possible: false,
      step: 1,
      why: 'Nobody could approve step 2 (one of dba): there are not enough different people for it: nobody counts in two steps, and nobody approves their own request.',
    });
    expect(couldBeApproved(both, asker('alice'), [double, carol])).toEqual({ possible: true });
    // The one who can do both is moved to where only they can be.
    expect(couldBeApproved(both, asker('alice'), [double, person('dan', 'leads')])).toEqual({ possible: true });
  });

  test('the requester does not count, also where only they are left', () => {
    expect(couldBeApproved([step(1, ['leads'])], asker('bob'), [bob, alice])).toEqual({
      possible: false,
      step: 0,
      why: "Nobody could approve step 1 (one of leads): there is nobody for it other than bob, who can't approve their own request.",
    });
  });

  test('no steps need nobody', () => {
    expect(couldBeApproved([], asker('alice'), [])).toEqual({ possible: true });
  });

  test('what is already approved need not be approved again, and takes its reviewer away', () => {
    const double = person('bob', 'leads', 'dba');
    const given = { approvals: [[0]], counted: new Set([name('bob')]) };
    expect(couldBeApproved(both, asker('alice'), [double, person('dan', 'leads')], given)).toMatchObject({ step: 1 });
    expect(couldBeApproved(both, asker('alice'), [double, carol], given)).toEqual({ possible: true });
  });

  test('an approval that was given may yet count elsewhere; who stood in, and for whom, count no more', () => {
    const given = { approvals: [[0, 1]], counted: new Set([name('eve'), name('carol')]) };
    expect(couldBeApproved(both, asker('alice'), [person('dan', 'leads'), carol], given)).toEqual({ possible: true });
    expect(couldBeApproved(both, asker('alice'), [carol], given)).toMatchObject({ step: 1 });
  });

  test('agrees with trying every choice of people, whatever was given before', () => {
    const groups = ['a', 'b', 'c'];
    const names = ['p0', 'p1', 'p2', 'p3', 'p4'];
    const some = (from: string[]) => fc.subarray(from);
    const people = fc.tuple(...names.map((each) => some(groups).map((in_): Person => person(each, ...in_))));
    const steps = fc.array(
      fc
        .tuple(fc.integer({ min: 1, max: 3 }), some(groups), some(names))
        .map(([count, in_, who]): ApprovalStep => step(count, in_, who)),
      { maxLength: 3 },
    );
    const said = fc.array(fc.tuple(fc.constantFrom(...names), fc.subarray([0, 1, 2], { minLength: 1 })), {
      maxLength: 3,
    });
    const seen = { impossible: 0, possibleAfter: 0 };
    fc.assert(
      fc.property(steps, people, fc.constantFrom(...names), said, (asked, everybody, requester, given) => {
        const approvals = given.map(([, fits]) => fits);
        const counted = new Set(given.map(([who]) => name(who)));
        const others = everybody.filter((each) => !counted.has(each.name));
        const expected = approvable(asked, name(requester), others, approvals);
        if (!expected) seen.impossible += 1;
        else if (given.length > 0) seen.possibleAfter += 1;
        expect(couldBeApproved(asked, asker(requester), everybody, { approvals, counted }).possible).toBe(expected);
      }),
      { numRuns: 1_000 },
    );
    expect(Math.min(seen.impossible, seen.possibleAfter)).toBeGreaterThan(50);
  });

  test('a group of 50,000 is matched', () => {
    const crowd = Array.from({ length: 50_000 }, (_, index) => person(`p${index}`, 'crowd'));
    expect(couldBeApproved([step(20, ['crowd']), step(20, ['crowd'])], asker('p0'), crowd).possible).toBe(true);
    expect(crowd[0]?.groups).toEqual([group('crowd')]);
  });
});
