/** Who is in which group, from the configuration and from the store together. */
import type { ApprovalStep, Chosen, GroupName, Person, PersonName } from '@tidegate/core';
import { approvalsNeeded, namedIn, personOf } from '@tidegate/core';
import type { CurrentGroup } from './content.ts';
import type { Known } from './draft.ts';

export class Membership {
  readonly #members = new Map<GroupName, Set<PersonName>>();
  readonly #groups = new Map<PersonName, GroupName[]>();
  /** Whose people an identity provider names as they sign in: nobody knows them before. */
  readonly #open: ReadonlySet<GroupName>;

  constructor(groups: readonly CurrentGroup[], known: Known) {
    this.#open = new Set(groups.filter(({ fromIdp }) => fromIdp !== null).map(({ name }) => name));
    const all = [...groups.map(({ name, members }) => [name, members] as const), ...known.members];
    for (const [name, members] of all) {
      for (const person of members) if (!known.disabled.has(person)) this.#add(name, person);
    }
  }

  #add(group: GroupName, person: PersonName): void {
    const members = this.#members.get(group) ?? new Set();
    if (members.has(person)) return;
    this.#members.set(group, members.add(person));
    const groups = this.#groups.get(person) ?? [];
    groups.push(group);
    this.#groups.set(person, groups);
  }

  groupsOf(person: PersonName): readonly GroupName[] {
    return this.#groups.get(person) ?? [];
  }

  membersOf(group: GroupName): ReadonlySet<PersonName> {
    return this.#members.get(group) ?? new Set();
  }

  /** At most `limit` of those who are named or in one of the groups. */
  among(who: Chosen, limit: number): PersonName[] {
    const found = new Set<PersonName>();
    for (const people of [who.people, ...who.groups.map((group) => this.membersOf(group))]) {
      for (const person of people) {
        if (found.size >= limit) return [...found];
        found.add(person);
      }
    }
    return [...found];
  }

  /**
   * Enough people to tell whether the steps can be met: of each step as many as there are places in all, and one for
   * the requester. More could not change the answer. An identity provider’s group counts as full: whoever it will send.
   */
  enoughFor(steps: readonly ApprovalStep[]): Person[] {
    const places = steps.reduce((sum, step) => sum + approvalsNeeded(step), 0);
    const names = new Set(steps.flatMap((step) => this.among(namedIn(step, true), places + 1)));
    const unknown = steps.flatMap((step) => step.groups.filter((group) => this.#open.has(group)));
    return [
      ...[...names].map((name) => personOf(name, this.groupsOf(name))),
      ...[...new Set(unknown)].flatMap((group) => Array.from({ length: places + 1 }, (_, n) => yetToCome(group, n))),
    ];
  }
}

/** Somebody whom a provider has not named yet; no real name holds a NUL. */
const yetToCome = (group: GroupName, number: number): Person =>
  personOf(`\0${group}\0${number}` as PersonName, [group]);
