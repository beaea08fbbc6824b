/**
 * Who could approve, and whether enough distinct people could: promise 5 seen from the other side. The requester is
 * never among them, and nobody counts twice, whatever groups they are in.
 */
import type { PersonName } from '../ids.ts';
import type { ApprovalStep, Person, Review } from '../model.ts';
import { describeStep } from './describe.ts';
import { isAmong } from './match.ts';

/** May `person` act on this step of a request by `requester`? Never the requester. */
export function isEligible(step: ApprovalStep, requester: PersonName, person: Person): boolean {
  return person.name !== requester && isAmong(step, person);
}

/** How many distinct approvals a step takes: a whole number, never less than one, so that no broken step approves itself. */
export function approvalsNeeded(step: ApprovalStep): number {
  return Math.max(1, Math.ceil(step.count) || 1);
}

/**
 * Who could approve `step` now: eligible, and not yet counted in any step (`reviews`). In the order of `people`.
 */
export function candidates(
  step: ApprovalStep,
  requester: PersonName,
  people: readonly Person[],
  reviews: readonly Review[] = [],
): readonly PersonName[] {
  const counted = new Set(reviews.map((review) => review.reviewer));
  return people
    .filter((person) => !counted.has(person.name) && isEligible(step, requester, person))
    .map((person) => person.name);
}

export type Approvability =
  | { readonly possible: true }
  | {
      readonly possible: false;
      /** Index of the first step that can't be met. */
      readonly step: number;
      /** `Nobody could approve step 2 (one of dba): …` */
      readonly why: string;
    };

/**
 * Could the steps still be met, each place taken by a different person other than the requester? A matching of places
 * to people (augmenting paths): counting members is not enough where groups overlap.
 */
export function couldBeApproved(
  steps: readonly ApprovalStep[],
  requester: PersonName,
  people: readonly Person[],
  reviews: readonly Review[] = [],
): Approvability {
  const places = steps.flatMap((step, index) => {
    const approved = reviews.filter((review) => review.step === index && review.decision === 'approve').length;
    const open = Math.max(0, approvalsNeeded(step) - approved);
    return Array.from({ length: open }, () => index);
  });
  // A step with at least as many candidates as there are places can be filled last, whoever takes the others: more of
  // its candidates than that change nothing, so that a group of 50,000 costs no more than one of twenty.
  const choices = steps.map((step) => candidates(step, requester, people, reviews).slice(0, places.length));

  const placeOf = new Map<PersonName, number>();
  for (const [place, step] of places.entries()) {
    if (seat(place, places, choices, placeOf, new Set())) continue;
    return Object.freeze({ possible: false, step, why: explainShortage(steps, step, requester, choices) });
  }
  return Object.freeze({ possible: true });
}

/** Finds a person for `place`, moving those already seated where that frees one (Kuhn's algorithm). */
function seat(
  place: number,
  places: readonly number[],
  choices: readonly (readonly PersonName[])[],
  placeOf: Map<PersonName, number>,
  tried: Set<PersonName>,
): boolean {
  for (const person of choices[places[place] ?? -1] ?? []) {
    if (tried.has(person)) continue;
    tried.add(person);
    const taken = placeOf.get(person);
    if (taken === undefined || seat(taken, places, choices, placeOf, tried)) {
      placeOf.set(person, place);
      return true;
    }
  }
  return false;
}

function explainShortage(
  steps: readonly ApprovalStep[],
  index: number,
  requester: PersonName,
  choices: readonly (readonly PersonName[])[],
): string {
  const step = steps[index];
  const asked = step === undefined ? '' : ` (${describeStep(step)})`;
  const found = choices[index]?.length ?? 0;
  const reason =
    found === 0
      ? `there is nobody for it other than ${requester}, who can't approve their own request`
      : 'there are not enough different people for it: nobody counts in two steps, and nobody approves their own request';
  return `Nobody could approve step ${index + 1}${asked}: ${reason}.`;
}
