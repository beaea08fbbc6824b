/**
 * Slow and obvious: what the rules say of approvals, tried out by every possibility, with people as names and times as
 * minutes. Shares no code with what it is held against.
 */
import type { Approval, ApprovalStep, Chosen, ErrorCode, Person, PersonName, Resource } from '../../src/index.ts';

export interface SaidStep {
  readonly stage: number;
  readonly need: number;
  readonly who: Chosen;
  readonly escalate: { readonly minutes: number; readonly to: Chosen } | null;
}

/** A review that was taken, with everybody's groups as they were then. */
export interface Taken {
  readonly reviewer: Person;
  readonly inSteadOf: Person | null;
  /** The steps it could be counted for: those of the stage open then that named who gave it. */
  readonly fits: readonly number[];
  readonly approve: boolean;
  readonly minutes: number | null;
  readonly at: number;
}

/** One request as somebody would keep it in a notebook. */
export interface Book {
  readonly requester: PersonName;
  runBy: readonly PersonName[];
  readonly asked: number;
  state: 'pending' | 'approved' | 'denied' | 'cancelled' | 'lapsed';
  lapses: number;
  round: number;
  began: number;
  steps: readonly SaidStep[];
  taken: Taken[];
  readonly createdAt: number;
}

/** Whom a rule's approvals mean: owners and managers by name, shares counted one person at a time. */
export function stepsSaid(
  approvals: readonly Approval[],
  resource: Resource,
  asker: Person,
  people: readonly Person[],
): SaidStep[] {
  return approvals.map(({ stage, from, count, escalate }) => {
    const groups = from.resourceOwners ? [...from.groups, ...resource.owners] : from.groups;
    const managed = from.managers && asker.manager !== null ? [asker.manager] : [];
    const who = { groups, people: [...from.people, ...managed] };
    let need = 0;
    if (typeof count === 'number') need = count;
    else {
      const could = people.filter((each) => each.kind === 'person' && !isHand(asker, each) && isNamed(who, each));
      while (need < count.share * could.length) need += 1;
    }
    return {
      stage,
      need: Math.max(1, need),
      who,
      escalate: escalate === null ? null : { minutes: escalate.after.total('minute'), to: escalate.to },
    };
  });
}

const isHand = (asker: Pick<Person, 'name' | 'runBy'>, person: Person): boolean =>
  person.name === asker.name || asker.runBy.includes(person.name);

/** By name, as people alone are, or by one of the groups they are in. */
export function isNamed(who: Chosen, person: Person): boolean {
  for (const each of who.people) if (each === person.name && person.kind === 'person') return true;
  for (const each of who.groups) for (const mine of person.groups) if (each === mine) return true;
  return false;
}

/** Of each approval that counts, the steps it fits: none by whoever asks, by their own hand or through one who stands in. */
function approvals({ requester, runBy, taken }: Book): (readonly number[])[] {
  return taken
    .filter(
      ({ approve, reviewer, inSteadOf }) =>
        approve &&
        !isHand({ name: requester, runBy }, reviewer) &&
        (inSteadOf === null || !isHand({ name: requester, runBy }, inSteadOf)),
    )
    .map(({ fits }) => fits);
}

/** How many of these approvals can count at once, each for one step that it fits: every way to tell them is tried. */
function countable(needs: readonly number[], fits: readonly (readonly number[])[]): number {
  const [first, ...others] = fits;
  if (first === undefined) return 0;
  const ways = first
    .filter((step) => (needs[step] ?? 0) > 0)
    .map((step) => 1 + countable(needs.with(step, (needs[step] ?? 0) - 1), others));
  return Math.max(countable(needs, others), ...ways);
}

/** Steps of one stage alone are told apart from all others by needing nobody there. */
const needsOf = ({ steps }: Book, suits: (stage: number) => boolean): number[] =>
  steps.map(({ need, stage }) => (suits(stage) ? need : 0));

export function isMet(book: Book): boolean {
  const needs = needsOf(book, () => true);
  return countable(needs, approvals(book)) === needs.reduce((sum, need) => sum + need, 0);
}

/** How many approvals count by now. */
export function countedSaid(book: Book): number {
  return countable(
    needsOf(book, () => true),
    approvals(book),
  );
}

/** The first stage that not all approvals can be found for; null: there is none. */
function stageSaid(book: Book): number | null {
  if (book.state !== 'pending') return null;
  for (const stage of [...new Set(book.steps.map((step) => step.stage))].sort((one, other) => one - other)) {
    const needs = needsOf(book, (each) => each === stage);
    if (countable(needs, approvals(book)) < needs.reduce((sum, need) => sum + need, 0)) return stage;
  }
  return null;
}

export interface Open {
  readonly index: number;
  /** Whoever may act on it now. */
  readonly who: readonly Chosen[];
  /** One approval more here would be one more that counts. */
  readonly useful: boolean;
}

/** The steps of the first stage that is not done. */
export function openSaid(book: Book, now: number): Open[] {
  const stage = stageSaid(book);
  if (stage === null) return [];
  const needs = needsOf(book, (each) => each === stage);
  // It has been open since the last approval of an earlier stage, or since its round began.
  const before = book.taken.filter(
    ({ fits, approve }) => approve && fits.some((at) => (book.steps[at]?.stage ?? stage) < stage),
  );
  const since = Math.max(book.began, ...before.map(({ at }) => at));
  return book.steps.flatMap((step, index) => {
    if (step.stage !== stage) return [];
    const escalated = step.escalate !== null && now >= since + step.escalate.minutes;
    const useful = countable(needs, [...approvals(book), [index]]) > countable(needs, approvals(book));
    return [{ index, useful, who: escalated && step.escalate !== null ? [step.who, step.escalate.to] : [step.who] }];
  });
}

export interface SaidSeat {
  readonly fits: readonly number[];
  readonly inSteadOf: Person | null;
}

/** Where a person may act: in their own right where that is of use, else in the stead of the first for whom it is. */
export function seatSaid(book: Book, person: Person, away: readonly Person[], now: number): SaidSeat | null {
  const asker = { name: book.requester, runBy: book.runBy };
  const counted = book.taken.flatMap(({ reviewer, inSteadOf }) => [reviewer.name, inSteadOf?.name]);
  if (person.kind === 'workload' || isHand(asker, person) || counted.includes(person.name)) return null;
  const open = openSaid(book, now);
  for (const inSteadOf of [null, ...away]) {
    const each = inSteadOf ?? person;
    if (each.kind === 'workload' || isHand(asker, each) || counted.includes(each.name)) continue;
    const may = open.filter(({ who }) => who.some((of) => isNamed(of, each)));
    if (may.some(({ useful }) => useful)) return { fits: may.map(({ index }) => index), inSteadOf };
  }
  return null;
}

/** As long as was asked for, or as the least generous approval left of it. In minutes. */
export function agreedSaid(book: Book): number {
  return Math.min(book.asked, ...book.taken.map(({ approve, minutes }) => (approve ? minutes : null) ?? book.asked));
}

export interface Word {
  readonly reviewer: Person;
  readonly away: readonly Person[];
  readonly approve: boolean;
  readonly comment: boolean;
  readonly minutes: number | null;
}

/** The code that a review must be refused with, told step by step from the facts alone; a seat: it must be taken there. */
export function expectedReview(book: Book, word: Word, now: number): ErrorCode | SaidSeat {
  const { reviewer, approve, comment, minutes } = word;
  if (isHand({ name: book.requester, runBy: book.runBy }, reviewer)) return 'own_request';
  if (book.state !== 'pending' || now >= book.lapses) return 'wrong_state';
  for (const each of book.taken) {
    if (each.reviewer.name === reviewer.name || each.inSteadOf?.name === reviewer.name) return 'already_reviewed';
  }
  const seat = seatSaid(book, reviewer, word.away, now);
  if (seat === null) return 'not_a_reviewer';
  if (!approve) return comment ? seat : 'comment_required';
  if (minutes !== null && minutes <= 0) return 'invalid_input';
  return minutes !== null && minutes > agreedSaid(book) ? 'duration_too_long' : seat;
}

/**
 * Is there any way to give each place of each step a different person, other than the requester, whom the step names, or
 * one of the approvals that were given, each to one step that it fits?
 */
export function approvable(
  steps: readonly ApprovalStep[],
  requester: PersonName,
  people: readonly Person[],
  given: readonly (readonly number[])[] = [],
): boolean {
  const places = steps.flatMap((step, index) => Array.from({ length: step.count }, () => ({ step, index })));
  const fill = (place: number, used: readonly unknown[]): boolean => {
    const at = places[place];
    if (at === undefined) return true;
    const able = people.filter((person) => person.name !== requester && isNamed(at.step, person));
    return [...given.filter((fits) => fits.includes(at.index)), ...able].some(
      (each) => !used.includes(each) && fill(place + 1, [...used, each]),
    );
  };
  return fill(0, []);
}

/** The same people, as many of them, in the same order, with the same escalations? Told in one text. */
export function stepsText(steps: readonly SaidStep[]): string {
  const chosen = ({ groups, people }: Chosen): string =>
    `${[...new Set(groups)].sort().join()}/${[...new Set(people)].sort().join()}`;
  return steps
    .map(({ stage, need, who, escalate }) => {
      const later = escalate === null ? '' : ` after ${escalate.minutes}: ${chosen(escalate.to)}`;
      return `${stage}: ${need} of ${chosen(who)}${later}`;
    })
    .join('\n');
}
