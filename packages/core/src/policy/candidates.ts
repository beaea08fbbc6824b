/**
 * Who could approve, and whether enough distinct people could: promise 5 seen from the other side. The requester is
 * never among them, nor who runs the workload that asks, nor any workload; nobody counts twice, whatever groups they
 * are in.
 */
import type { PersonName } from '../ids.ts';
import type { ApprovalStep, Chosen, Person } from '../model.ts';
import { describeStep } from './describe.ts';
import { isAmong } from './match.ts';

/** Who asked: a name, and of a workload the people in whose hands it is. */
export type Requester = Pick<Person, 'name' | 'runBy'>;

/** Is this person, by name or by hand, the one who asks? */
export function isRequester(requester: Requester, person: PersonName): boolean {
  return person === requester.name || requester.runBy.includes(person);
}

/** May `person` act for `chosen` on a request of `requester`'s? Only people review: a workload could be anybody's hand. */
export function isEligible(chosen: Chosen, requester: Requester, person: Person): boolean {
  return person.kind === 'person' && !isRequester(requester, person.name) && isAmong(chosen, person);
}

/** How many distinct approvals a step takes: a whole number, never less than one, so that no broken step approves itself. */
export function approvalsNeeded(step: Pick<ApprovalStep, 'count'>): number {
  return Math.max(1, Math.ceil(step.count) || 1);
}

/** Who could approve for `chosen`: eligible, and not counted yet. In the order of `people`. */
export function candidates(
  chosen: Chosen,
  requester: Requester,
  people: readonly Person[],
  counted: ReadonlySet<PersonName> = new Set(),
): readonly PersonName[] {
  return people
    .filter((person) => !counted.has(person.name) && isEligible(chosen, requester, person))
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

/** Approvals that are there already: who counted, and for which step. */
export interface GivenApproval {
  readonly person: PersonName;
  readonly step: number;
}

/**
 * Could the steps still be met, each place taken by a different person other than the requester? A matching of places
 * to people (augmenting paths): counting members is not enough where groups overlap. Those to whom a step would be
 * escalated count: in time they could.
 */
export function couldBeApproved(
  steps: readonly ApprovalStep[],
  requester: Requester,
  people: readonly Person[],
  given: readonly GivenApproval[] = [],
): Approvability {
  const places = steps.flatMap((step, index) => {
    const approved = given.filter((each) => each.step === index).length;
    const open = Math.max(0, approvalsNeeded(step) - approved);
    return Array.from({ length: open }, () => index);
  });
  const counted = new Set(given.map(({ person }) => person));
  // A step with at least as many candidates as there are places can be filled last, whoever takes the others: more of
  // its candidates than that change nothing, so that a group of 50,000 costs no more than one of twenty.
  const choices = steps.map((step) =>
    candidates(namedIn(step, true), requester, people, counted).slice(0, places.length),
  );

  const placeOf = new Map<PersonName, number>();
  for (const [place, step] of places.entries()) {
    if (seat(place, places, choices, placeOf, new Set())) continue;
    return Object.freeze({ possible: false, step, why: explainShortage(steps, step, requester, choices) });
  }
  return Object.freeze({ possible: true });
}

/** Whom a step names: its own people, and once it is escalated those to whom it was. */
export function namedIn(
  { groups, people, escalate }: Omit<ApprovalStep, 'stage' | 'count'>,
  escalated: boolean,
): Chosen {
  if (!escalated || escalate === null) return { groups, people };
  return { groups: [...groups, ...escalate.to.groups], people: [...people, ...escalate.to.people] };
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
  requester: Requester,
  choices: readonly (readonly PersonName[])[],
): string {
  const step = steps[index];
  const asked = step === undefined ? '' : ` (${describeStep(step)})`;
  const found = choices[index]?.length ?? 0;
  const others = [requester.name, ...requester.runBy].join(' or ');
  const reason =
    found === 0
      ? `there is nobody for it other than ${others}, who can't approve their own request`
      : 'there are not enough different people for it: nobody counts in two steps, and nobody approves their own request';
  return `Nobody could approve step ${index + 1}${asked}: ${reason}.`;
}
