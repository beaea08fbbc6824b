/** Who is in which group, from the configuration and from the store together. */
import type { ApprovalStep, GroupName, Person, PersonName, Rule } from '@tidegate/core';
import { approvalsNeeded, personOf } from '@tidegate/core';
import type { CurrentGroup } from './content.ts';
import type { Known } from './draft.ts';

export class Membership {
  readonly #members = new Map<GroupName, Set<PersonName>>();
  readonly #groups = new Map<PersonName, GroupName[]>();

  constructor(groups: readonly CurrentGroup[], known: Known) {
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
  among(who: Rule['who'], limit: number): PersonName[] {
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
   * the requester. More could not change the answer.
   */
  enoughFor(steps: readonly ApprovalStep[]): Person[] {
    const places = steps.reduce((sum, step) => sum + approvalsNeeded(step), 0);
    const names = new Set(steps.flatMap((step) => this.among(step, places + 1)));
    return [...names].map((name) => personOf(name, this.groupsOf(name)));
  }
}
