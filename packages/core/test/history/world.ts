/**
 * A whole Tidegate of pure functions: people, requests and grants, moved by random acts while time goes by. Beside what
 * core makes of them it keeps the plain facts, for `obvious.ts` to judge.
 */
import {
  type AccessRequest,
  activate,
  beginClose,
  cancelRequest,
  closedBy,
  decide,
  type ErrorCode,
  EXPIRED,
  extendGrant,
  failed,
  finishClose,
  type Grant,
  lapseRequest,
  newGrantId,
  newRequestId,
  type Person,
  type PersonName,
  type Policy,
  redecide,
  scheduleGrant,
  settleQuorums,
  stepsOf,
  submitRequest,
  TidegateError,
} from '../../src/index.ts';
import { at, group, minutes, name, person, resource, reviewed, roleName, seededBytes } from '../make.ts';
import { longest, type Said, said } from '../policy/obvious.ts';
import { type Book, expectedReview, isMet, isNamed, seatSaid, stepsSaid, stepsText } from './obvious.ts';

export const PEOPLE = ['p0', 'p1', 'p2', 'p3', 'p4'];
export const GROUPS = ['a', 'b', 'c'];
export const WORKLOAD = 'w0';
/** Whoever asks. */
export const ALL = [...PEOPLE, WORKLOAD];
const RESOURCE = resource({ owners: [group('c')] });

export interface Who {
  readonly groups: readonly string[];
  readonly manager: string | null;
}

/** Numbers name a person, request or grant: taken modulo how many there are; negative: the latest that the act could suit. */
export type Act =
  | { readonly do: 'wait'; readonly minutes: number }
  | { readonly do: 'regroup'; readonly who: number; readonly groups: readonly string[] }
  /** The workload changes hands. */
  | { readonly do: 'rehand'; readonly runBy: readonly string[] }
  /** Whoever is away has these stand in; nobody: they are back. */
  | { readonly do: 'away'; readonly who: number; readonly deputies: readonly string[] }
  | { readonly do: 'newPolicy'; readonly policy: number }
  | {
      readonly do: 'submit';
      readonly who: number;
      readonly minutes: number | null;
      readonly startIn: number | null;
      readonly breakGlass: boolean;
    }
  | { readonly do: 'askExtension'; readonly grant: number; readonly minutes: number }
  | {
      readonly do: 'review';
      readonly request: number;
      readonly who: number;
      readonly approve: boolean;
      readonly comment: boolean;
      /** Approve for so long only. */
      readonly minutes: number | null;
    }
  | { readonly do: 'cancel'; readonly request: number; readonly who: number }
  | { readonly do: 'lapse' | 'schedule' | 'extend'; readonly request: number }
  /** Until an active grant's end, or `early` minutes before it. */
  | { readonly do: 'waitForEnd'; readonly grant: number; readonly early: number }
  | { readonly do: 'activate' | 'expire' | 'fail' | 'finish'; readonly grant: number }
  | { readonly do: 'end'; readonly grant: number; readonly who: number; readonly comment: boolean };

export interface RequestFacts {
  request: AccessRequest;
  /** What it must be by the words of the rules. */
  readonly book: Book;
  /** Every state it was in, in order. */
  readonly states: AccessRequest['state'][];
  /** The longest that the rule which decided last gives, in minutes. */
  most: number;
  granted: boolean;
}

/** What an act led to, and what it had to; `undefined`: the model has no word on it. */
export interface Outcome {
  readonly code: 'done' | ErrorCode | null;
  readonly expected: 'done' | ErrorCode | undefined;
}

export interface GrantFacts {
  grant: Grant;
  readonly request: RequestFacts;
  readonly history: Grant[];
  /** The longest that it may last, in minutes, as the rules said when it was asked for or last extended. */
  most: number;
}

export class World {
  readonly people: Person[];
  readonly requests: RequestFacts[] = [];
  readonly grants: GrantFacts[] = [];
  /** What happened, for a test to see that enough did. */
  readonly noted: string[] = [];
  minute = 0;
  policy: Policy;
  readonly #policies: readonly Policy[];
  readonly #deputies = new Map<PersonName, readonly string[]>();
  #expected: Outcome['expected'];
  readonly #random = seededBytes(7);

  constructor(policies: readonly Policy[], who: readonly Who[], runBy: readonly string[]) {
    this.#policies = policies;
    this.policy = pick(policies, 0) ?? { version: 0, timeZone: 'UTC', rules: [], roles: [] };
    this.people = ALL.map((each, index) => {
      const { groups = [], manager = null } = who[index] ?? {};
      const made = { ...person(each, ...groups), manager: manager === null ? null : name(manager) };
      return each === WORKLOAD ? { ...made, kind: 'workload', runBy: runBy.map(name) } : made;
    });
  }

  get now(): Temporal.Instant {
    return at(this.minute);
  }

  act(act: Act): Outcome {
    this.#expected = undefined;
    try {
      const done = this.#do(act);
      return { code: done ? 'done' : null, expected: this.#expected };
    } catch (error) {
      if (error instanceof TidegateError) return { code: error.code, expected: this.#expected };
      throw error;
    }
  }

  /** Who is away now, and has asked this one to stand in. */
  awayFor(deputy: Person): Person[] {
    return this.people.filter((each) => this.#deputies.get(each.name)?.includes(deputy.name) === true);
  }

  #do(act: Act): boolean {
    switch (act.do) {
      case 'wait':
        this.minute += act.minutes;
        return true;
      case 'regroup': {
        const who = this.#person(act.who);
        this.people[this.people.indexOf(who)] = { ...who, groups: act.groups.map(group) };
        return true;
      }
      case 'rehand': {
        const workload = this.#person(ALL.indexOf(WORKLOAD));
        this.people[this.people.indexOf(workload)] = { ...workload, runBy: act.runBy.map(name) };
        return true;
      }
      case 'away': {
        const absent = this.#person(act.who);
        this.#deputies.set(
          absent.name,
          act.deputies.filter((each) => each !== absent.name),
        );
        return true;
      }
      case 'newPolicy':
        return this.#newPolicy(pick(this.#policies, act.policy) ?? this.policy);
      case 'submit':
        return this.#submit(this.#person(act.who), act, null);
      case 'askExtension': {
        const facts = grantFor(this, act);
        const holder = this.people.find((each) => each.name === facts?.grant.person);
        return (
          facts !== undefined &&
          holder !== undefined &&
          this.#submit(holder, { ...act, startIn: null, breakGlass: false }, facts)
        );
      }
      case 'waitForEnd': {
        const grant = grantFor(this, act)?.grant;
        if (grant?.state !== 'active') return false;
        const left = Math.trunc(grant.expiresAt.since(this.now).total('minute')) - act.early;
        this.minute += Math.max(0, left);
        return true;
      }
      case 'activate':
        return this.#toGrant(act, (grant) => activate(grant, this.now));
      case 'expire':
        return this.#toGrant(act, (grant) => beginClose(grant, EXPIRED, this.now));
      case 'fail':
        return this.#toGrant(act, (grant) => beginClose(grant, failed('could not be opened'), this.now));
      case 'finish':
        return this.#toGrant(act, (grant) => finishClose(grant, this.now));
      case 'end': {
        const by = this.#person(act.who).name;
        const comment = act.comment ? 'enough' : null;
        return this.#toGrant(act, (grant) => beginClose(grant, closedBy(grant, by, comment), this.now));
      }
      case 'review':
      case 'cancel':
      case 'lapse':
      case 'schedule':
      case 'extend':
        return this.#toRequest(act);
    }
  }

  #toRequest(act: Extract<Act, { request: number }>): boolean {
    const facts = requestFor(this, act);
    if (facts === undefined) return false;
    switch (act.do) {
      case 'review':
        return this.#review(act, facts);
      case 'cancel':
        become(facts, cancelRequest(facts.request, this.#person(act.who).name, this.now));
        facts.book.state = 'cancelled';
        return true;
      case 'lapse':
        become(facts, lapseRequest(facts.request, this.now));
        facts.book.state = 'lapsed';
        return true;
      case 'schedule':
        return this.#schedule(facts);
      case 'extend':
        return this.#extend(facts);
    }
  }

  #review(act: Extract<Act, { do: 'review' }>, facts: RequestFacts): true {
    const { book } = facts;
    const reviewer = reviewerFor(this, act, facts);
    const away = this.awayFor(reviewer);
    const expected = expectedReview(book, { ...act, reviewer, away }, this.minute);
    this.#expected = typeof expected === 'string' ? expected : 'done';
    const { request } = reviewed({
      request: facts.request,
      reviewer,
      standsInFor: away,
      decision: act.approve ? 'approve' : 'deny',
      comment: act.comment ? 'because' : null,
      duration: act.minutes === null ? null : minutes(act.minutes),
      now: this.now,
    });
    if (typeof expected === 'string') return become(facts, request);
    if (expected.inSteadOf !== null) this.noted.push('stood in');
    if (act.approve && act.minutes !== null) this.noted.push('shortened');
    const who = expected.inSteadOf ?? reviewer;
    const steps = expected.fits.flatMap((at) => book.steps[at] ?? []);
    if (steps.some((step) => !isNamed(step.who, who))) this.noted.push('escalated');
    if (steps.some(({ stage }) => book.steps.filter((each) => each.stage === stage).length > 1))
      this.noted.push('in parallel');
    if (steps.length > 1) this.noted.push('could count for several');
    const before = stepsOf(facts.request).map(({ approvedBy }) => approvedBy);
    const after = stepsOf(request).map(({ approvedBy }) => approvedBy);
    if (before.some((names, step) => names.some((each) => after[step]?.includes(each) === false))) {
      this.noted.push('makes room');
    }
    book.taken.push({ reviewer, at: this.minute, approve: act.approve, minutes: act.minutes, ...expected });
    if (!act.approve) book.state = 'denied';
    else if (isMet(book)) book.state = 'approved';
    return become(facts, request);
  }

  #ask(
    who: Person,
    of: Pick<AccessRequest, 'startsAt' | 'breakGlass' | 'extends'>,
    duration: Temporal.Duration | null,
  ) {
    const { startsAt, breakGlass } = of;
    return {
      policy: this.policy,
      person: who,
      resource: RESOURCE,
      role: roleName('reader'),
      duration,
      startsAt,
      reason: 'because',
      ticket: null,
      breakGlass,
      extension: of.extends !== null,
      now: this.now,
    };
  }

  #submit(
    who: Person,
    act: { readonly minutes: number | null; readonly startIn: number | null; readonly breakGlass: boolean },
    extended: GrantFacts | null,
  ): true {
    const startsAt = act.startIn === null ? null : at(this.minute + act.startIn);
    const of = { startsAt, breakGlass: act.breakGlass, extends: extended?.grant.id ?? null };
    const ask = this.#ask(who, of, act.minutes === null ? null : minutes(act.minutes));
    const expected = said(ask);
    this.#expected = expected.code ?? (canStart(act) ? 'done' : 'invalid_input');
    const decision = decide(ask);
    if (decision.outcome === 'denied') throw new TidegateError(decision.code, decision.why);
    const steps = settleQuorums(decision.steps, who, this.people);
    const request = submitRequest({ id: newRequestId(this.#random), decision, steps, recurrence: null, ...of });
    if (expected.code !== null) return true;
    const saidSteps = stepsSaid(expected.approvals, RESOURCE, who, this.people);
    const book: Book = {
      requester: who.name,
      runBy: who.runBy,
      asked: expected.minutes,
      state: saidSteps.length === 0 ? 'approved' : 'pending',
      lapses: this.minute + this.#lapse(expected),
      round: 0,
      began: this.minute,
      steps: saidSteps,
      taken: [],
      createdAt: this.minute,
    };
    if (who.kind === 'workload') this.noted.push('a workload asked');
    if (act.breakGlass) this.noted.push('break-glass');
    this.requests.push({ request, book, states: [request.state], most: expected.most, granted: false });
    return true;
  }

  /** The policy changes, and every request that waits is decided under the new one. */
  #newPolicy(next: Policy): true {
    this.policy = { ...next, version: this.policy.version + 1 };
    for (const facts of this.requests) {
      const { request, book } = facts;
      const who = this.people.find((each) => each.name === book.requester);
      if (request.state !== 'pending' || this.minute >= book.lapses || who === undefined) continue;
      const ask = this.#ask(who, request, request.duration);
      const decision = decide(ask);
      const steps = decision.outcome === 'denied' ? [] : settleQuorums(decision.steps, who, this.people);
      become(facts, redecide(request, decision, steps, this.now).request);
      this.#redecideBook(facts, said(ask), who);
    }
    return true;
  }

  #redecideBook(facts: RequestFacts, expected: Said, who: Person): void {
    const { book } = facts;
    if (expected.code !== null) {
      book.state = 'denied';
      this.noted.push('redecided: denied');
      return;
    }
    const steps = stepsSaid(expected.approvals, RESOURCE, who, this.people);
    facts.most = expected.most;
    book.runBy = who.runBy;
    if (stepsText(steps) === stepsText(book.steps)) {
      this.noted.push(book.taken.length > 0 ? 'redecided: approvals stay' : 'redecided: the same');
    } else {
      this.noted.push(book.taken.length > 0 ? 'redecided: approvals gone' : 'redecided: anew');
      Object.assign(book, { steps, taken: [], round: book.round + 1, began: this.minute });
      book.lapses = this.minute + this.#lapse(expected);
    }
    if (isMet(book)) book.state = 'approved';
  }

  #lapse({ rule }: Said): number {
    return this.policy.rules.find((each) => each.name === rule)?.lapseAfter.total('minute') ?? 0;
  }

  #schedule(facts: RequestFacts): boolean {
    if (facts.granted) return false;
    const grant = scheduleGrant(facts.request, this.now, newGrantId(this.#random));
    facts.granted = true;
    this.grants.push({ grant, request: facts, history: [grant], most: facts.most });
    return true;
  }

  /** Under the rule that speaks for its holder now: the most it may last is that rule's. */
  #extend(facts: RequestFacts): boolean {
    const target = this.grants.find((each) => each.grant.id === facts.request.extends) ?? pick(this.grants, 0);
    const holder = this.people.find((each) => each.name === target?.grant.person);
    if (target === undefined || holder === undefined || facts.granted) return false;
    const ask = this.#ask(holder, { ...facts.request, startsAt: null, breakGlass: false }, facts.request.duration);
    const decision = decide({ ...ask, extension: true });
    if (decision.outcome === 'denied') throw new TidegateError(decision.code, decision.why);
    const grant = extendGrant(target.grant, facts.request, decision.maxDuration, this.now);
    facts.granted = true;
    target.grant = grant;
    target.history.push(grant);
    const rule = this.policy.rules.find((each) => each.name === decision.rule);
    target.most = Math.max(target.most, rule === undefined ? 0 : longest(this.policy, rule, 'reader'));
    return true;
  }

  #toGrant(act: Extract<Act, { grant: number }>, move: (grant: Grant) => Grant): boolean {
    const facts = grantFor(this, act);
    if (facts === undefined) return false;
    facts.grant = move(facts.grant);
    facts.history.push(facts.grant);
    return true;
  }

  #person(index: number): Person {
    const found = pick(this.people, index);
    if (found === undefined) throw new Error('there are always people');
    return found;
  }
}

/** A minute ago is still now; break-glass and extensions have no start of their own. */
function canStart({ startIn, breakGlass }: { readonly startIn: number | null; readonly breakGlass: boolean }): boolean {
  return startIn === null || (startIn >= -1 && !breakGlass);
}

function become(facts: RequestFacts, request: AccessRequest): true {
  facts.request = request;
  if (facts.states.at(-1) !== request.state) facts.states.push(request.state);
  return true;
}

export function pick<T>(from: readonly T[], index: number, suits: (each: T) => boolean = () => true): T | undefined {
  return index < 0 ? from.findLast(suits) : from[index % Math.max(1, from.length)];
}

/** Which request an act means; one that was looked for and is not there is nothing to act on. */
export function requestFor(world: World, act: Extract<Act, { request: number }>): RequestFacts | undefined {
  return pick(world.requests, act.request, ({ request, granted }) => {
    if (act.do !== 'schedule' && act.do !== 'extend') return request.state === 'pending';
    return request.state === 'approved' && !granted && (request.extends !== null) === (act.do === 'extend');
  });
}

/** Who reviews; negative: the last of those who could, if there are any. */
export function reviewerFor(world: World, act: Extract<Act, { do: 'review' }>, { book }: RequestFacts): Person {
  const suits = (each: Person) => seatSaid(book, each, world.awayFor(each), world.minute) !== null;
  const found = pick(world.people, act.who, suits) ?? world.people[0];
  if (found === undefined) throw new Error('there are always people');
  return found;
}

/** The state in which a grant suits an act. */
const SUITS = { activate: 'scheduled', fail: 'scheduled', finish: 'closing' } as const satisfies Record<
  string,
  Grant['state']
>;

function grantFor(world: World, act: Extract<Act, { grant: number }>): GrantFacts | undefined {
  const suits: Readonly<Record<string, Grant['state']>> = SUITS;
  return pick(world.grants, act.grant, ({ grant }) => grant.state === (suits[act.do] ?? 'active'));
}
