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
  type Policy,
  scheduleGrant,
  settleQuorums,
  submitRequest,
  TidegateError,
} from '../../src/index.ts';
import { at, group, minutes, person, resource, reviewed, roleName, seededBytes } from '../make.ts';
import { names } from './obvious.ts';

export const PEOPLE = ['p0', 'p1', 'p2', 'p3', 'p4'];
export const GROUPS = ['a', 'b', 'c'];

/** Numbers name a person, request or grant: taken modulo how many there are; negative: the latest that the act could suit. */
export type Act =
  | { readonly do: 'wait'; readonly minutes: number }
  | { readonly do: 'regroup'; readonly who: number; readonly groups: readonly string[] }
  | { readonly do: 'submit'; readonly who: number; readonly minutes: number | null; readonly startIn: number | null }
  | { readonly do: 'askExtension'; readonly grant: number; readonly minutes: number }
  | {
      readonly do: 'review';
      readonly request: number;
      readonly who: number;
      readonly approve: boolean;
      readonly comment: boolean;
    }
  | { readonly do: 'cancel'; readonly request: number; readonly who: number }
  | { readonly do: 'lapse' | 'schedule' | 'extend'; readonly request: number }
  /** Until an active grant's end, or `early` minutes before it. */
  | { readonly do: 'waitForEnd'; readonly grant: number; readonly early: number }
  | { readonly do: 'activate' | 'expire' | 'fail' | 'finish'; readonly grant: number }
  | { readonly do: 'end'; readonly grant: number; readonly who: number; readonly comment: boolean };

/** A review that was taken, with the groups its reviewer had then. */
export interface Taken {
  readonly reviewer: Person;
  readonly approve: boolean;
}

export interface RequestFacts {
  request: AccessRequest;
  readonly taken: Taken[];
  /** Every state it was in, in order. */
  readonly states: AccessRequest['state'][];
  granted: boolean;
}

export interface GrantFacts {
  grant: Grant;
  readonly request: RequestFacts;
  readonly history: Grant[];
  /** The longest that it may last, in minutes, as the rules said when it was asked for or last extended. */
  most: number;
}

export class World {
  readonly policy: Policy;
  readonly people: Person[];
  readonly requests: RequestFacts[] = [];
  readonly grants: GrantFacts[] = [];
  minute = 0;
  readonly #random = seededBytes(7);

  constructor(policy: Policy, memberships: readonly (readonly string[])[]) {
    this.policy = policy;
    this.people = PEOPLE.map((each, index) => person(each, ...(memberships[index] ?? [])));
  }

  get now(): Temporal.Instant {
    return at(this.minute);
  }

  /** The code it was refused with; null: there was nothing to do it to. */
  act(act: Act): 'done' | ErrorCode | null {
    try {
      return this.#do(act) ? 'done' : null;
    } catch (error) {
      if (error instanceof TidegateError) return error.code;
      throw error;
    }
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
      case 'submit':
        return this.#submit(this.#person(act.who), act.minutes, act.startIn, null);
      case 'askExtension': {
        const facts = grantFor(this, act);
        const holder = this.people.find((each) => each.name === facts?.grant.person);
        return facts !== undefined && holder !== undefined && this.#submit(holder, act.minutes, null, facts);
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
      case 'review': {
        const reviewer = reviewerFor(this, act, facts);
        const decision = act.approve ? 'approve' : 'deny';
        const comment = act.comment ? 'because' : null;
        const { request } = reviewed({ request: facts.request, reviewer, decision, comment, now: this.now });
        facts.taken.push({ reviewer, approve: act.approve });
        return become(facts, request);
      }
      case 'cancel':
        return become(facts, cancelRequest(facts.request, this.#person(act.who).name, this.now));
      case 'lapse':
        return become(facts, lapseRequest(facts.request, this.now));
      case 'schedule':
        return this.#schedule(facts);
      case 'extend':
        return this.#extend(facts);
    }
  }

  #submit(who: Person, length: number | null, startIn: number | null, extended: GrantFacts | null): true {
    const decision = decide({
      policy: this.policy,
      person: who,
      resource: resource(),
      role: roleName('reader'),
      duration: length === null ? null : minutes(length),
      startsAt: null,
      reason: 'because',
      ticket: null,
      breakGlass: false,
      extension: extended !== null,
      now: this.now,
    });
    if (decision.outcome === 'denied') throw new TidegateError(decision.code, decision.why);
    const request = submitRequest({
      id: newRequestId(this.#random),
      decision,
      steps: settleQuorums(decision.steps, who, this.people),
      recurrence: null,
      startsAt: startIn === null ? null : at(this.minute + startIn),
      extends: extended?.grant.id ?? null,
    });
    this.requests.push({ request, taken: [], states: [request.state], granted: false });
    return true;
  }

  #schedule(facts: RequestFacts): boolean {
    if (facts.granted) return false;
    const grant = scheduleGrant(facts.request, this.now, newGrantId(this.#random));
    facts.granted = true;
    this.grants.push({ grant, request: facts, history: [grant], most: this.longest(facts.request.rule) });
    return true;
  }

  /** Under the rule that speaks for its holder now: the most it may last is that rule's. */
  #extend(facts: RequestFacts): boolean {
    const target = this.grants.find((each) => each.grant.id === facts.request.extends) ?? pick(this.grants, 0);
    const holder = this.people.find((each) => each.name === target?.grant.person);
    if (target === undefined || holder === undefined || facts.granted) return false;
    const { role, duration, reason, ticket } = facts.request;
    const ask = { policy: this.policy, person: holder, resource: resource(), role, duration, reason, ticket };
    const decision = decide({ ...ask, startsAt: null, breakGlass: false, extension: true, now: this.now });
    if (decision.outcome === 'denied') throw new TidegateError(decision.code, decision.why);
    const grant = extendGrant(target.grant, facts.request, decision.maxDuration, this.now);
    facts.granted = true;
    target.grant = grant;
    target.history.push(grant);
    target.most = Math.max(target.most, this.longest(decision.rule));
    return true;
  }

  /** The longest that a rule gives a reader, in minutes: two hours, or less where the rule says so. */
  longest(rule: string): number {
    const most = this.policy.rules.find((each) => each.name === rule)?.maxDuration?.total('minute') ?? 120;
    return most < 120 ? most : 120;
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

/** Who reviews; negative: the last of those that some step names and who have not reviewed yet, if there are any. */
export function reviewerFor(
  world: World,
  act: Extract<Act, { do: 'review' }>,
  { request, taken }: RequestFacts,
): Person {
  const suits = (person: Person) =>
    person.name !== request.requester &&
    !taken.some((each) => each.reviewer.name === person.name) &&
    request.steps.some((step) => names(step, person));
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
