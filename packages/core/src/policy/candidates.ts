/**
 * Who could approve, and whether enough distinct people could: promise 5 seen from the other side. The requester is
 * never among them, nor who runs the workload that asks, nor any workload; nobody counts twice, whatever groups they
 * are in.
 */
import type { PersonName } from '../ids.ts';
import type { ApprovalStep, Chosen, Person } from '../model.ts';
import { countFor } from './counting.ts';
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

/** What was said already: of each approval the steps that it fits, and everybody who counts no more. */
export interface GivenApprovals {
  readonly approvals: readonly (readonly number[])[];
  readonly counted: ReadonlySet<PersonName>;
}

const NOTHING_YET: GivenApprovals = { approvals: [], counted: new Set() };

/**
 * Could the steps still be met, each place taken by a different person other than the requester? A matching of places
 * to people, those who approved already among them (`countFor`): counting members is not enough where groups overlap.
 * Those to whom a step would be escalated count: in time they could.
 */
export function couldBeApproved(
  steps: readonly ApprovalStep[],
  requester: Requester,
  people: readonly Person[],
  given: GivenApprovals = NOTHING_YET,
): Approvability {
  const room = steps.map(approvalsNeeded);
  const places = room.reduce((sum, count) => sum + count, 0);
  // A step with at least as many candidates as there are places can be filled last, whoever takes the others: more of
  // its candidates than that change nothing, so that a group of 50,000 costs no more than one of twenty.
  const choices = steps.map((step) =>
    candidates(namedIn(step, true), requester, people, given.counted).slice(0, places),
  );
  const fits = new Map<PersonName, number[]>();
  for (const [step, names] of choices.entries()) {
    for (const name of names) fits.set(name, [...(fits.get(name) ?? []), step]);
  }
  const seats = countFor(room, [...given.approvals, ...fits.values()]);
  const step = room.findIndex((count, index) => seats.filter((seat) => seat === index).length < count);
  if (step === -1) return Object.freeze({ possible: true });
  return Object.freeze({ possible: false, step, why: explainShortage(steps, step, requester, choices) });
}

/** Whom a step names: its own people, and once it is escalated those to whom it was. */
export function namedIn(
  { groups, people, escalate }: Omit<ApprovalStep, 'stage' | 'count'>,
  escalated: boolean,
): Chosen {
  if (!escalated || escalate === null) return { groups, people };
  return { groups: [...groups, ...escalate.to.groups], people: [...people, ...escalate.to.people] };
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
