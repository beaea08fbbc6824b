/** Slow and obvious: what the rules say, tried out by every possibility. Shares no code with what it is held against. */
import type { ApprovalStep, ErrorCode, Person, PersonName } from '../../src/index.ts';
import type { RequestFacts } from './world.ts';

/** Is there any way to give each place of each step a different person, other than the requester, whom the step names? */
export function approvable(steps: readonly ApprovalStep[], requester: PersonName, people: readonly Person[]): boolean {
  const places = steps.flatMap((step) => Array.from({ length: step.count }, () => step));
  const fill = (place: number, used: readonly PersonName[]): boolean => {
    const step = places[place];
    if (step === undefined) return true;
    return people.some(
      (person) =>
        person.name !== requester &&
        !used.includes(person.name) &&
        names(step, person) &&
        fill(place + 1, [...used, person.name]),
    );
  };
  return fill(0, []);
}

/** Does a step name this person, by name or by one of the groups they are in? */
export function names(step: ApprovalStep, person: Person): boolean {
  for (const each of step.people) if (each === person.name) return true;
  for (const each of step.groups) for (const mine of person.groups) if (each === mine) return true;
  return false;
}

/**
 * Do the approvals that were taken fill every place of every step, each with a different person other than the
 * requester, who was named by the step when they approved?
 */
export function approvedBy(
  steps: readonly ApprovalStep[],
  requester: PersonName,
  taken: readonly { readonly reviewer: Person; readonly approve: boolean }[],
): boolean {
  return approvable(
    steps,
    requester,
    taken.filter((each) => each.approve).map((each) => each.reviewer),
  );
}

/** The code that a review must be refused with, told step by step from the facts alone; null: it must be taken. */
export function expectedReview(
  { request, taken }: Pick<RequestFacts, 'request' | 'taken'>,
  reviewer: Person,
  approve: boolean,
  comment: boolean,
  now: Temporal.Instant,
): ErrorCode | null {
  if (reviewer.name === request.requester) return 'own_request';
  if (request.state !== 'pending') return 'wrong_state';
  if (now.epochMilliseconds >= request.lapsesAt.epochMilliseconds) return 'wrong_state';
  if (taken.some((each) => each.reviewer.name === reviewer.name)) return 'already_reviewed';
  // Steps stand in order, and no denial came: the approvals so far fill them from the front.
  let before = taken.length;
  const open = request.steps.find((step) => {
    if (before < step.count) return true;
    before -= step.count;
    return false;
  });
  if (open === undefined || !names(open, reviewer)) return 'not_a_reviewer';
  return approve || comment ? null : 'comment_required';
}
