/** Who is in which group, from the configuration and from the store together. */
import type { ApprovalStep, Chosen, GroupName, Person, PersonName } from '@tidegate/core';
import { approvalsNeeded, namedIn, personOf } from '@tidegate/core';
import type { CurrentGroup } from './content.ts';
import type { Known } from './draft.ts';

type Members = ReadonlyMap<GroupName, ReadonlySet<PersonName>>;
type Groups = ReadonlyMap<PersonName, readonly GroupName[]>;

/** The store's own, turned round: fifty thousand people are gone through once, whatever is asked of them. */
const groupsKnown = new WeakMap<Known, Groups>();

const NOBODY: ReadonlySet<PersonName> = new Set();

export class Membership {
  readonly #known: Known;
  /** What the configuration lists itself; mostly little. */
  readonly #listed: Members;
  readonly #groupsListed: Groups;
  /** Whose people an identity provider names as they sign in: nobody knows them before. */
  readonly #open: ReadonlySet<GroupName>;

  constructor(groups: readonly CurrentGroup[], known: Known) {
    this.#known = known;
    this.#open = new Set(groups.filter(({ fromIdp }) => fromIdp !== null).map(({ name }) => name));
    const listed = new Map<GroupName, Set<PersonName>>();
    for (const { name, members } of groups) listed.set(name, new Set([...(listed.get(name) ?? []), ...members]));
    this.#listed = listed;
    this.#groupsListed = turned(listed);
  }

  groupsOf(person: PersonName): readonly GroupName[] {
    if (this.#known.disabled.has(person)) return [];
    const listed = this.#groupsListed.get(person) ?? [];
    let known = groupsKnown.get(this.#known);
    if (known === undefined) {
      known = turned(this.#known.members);
      groupsKnown.set(this.#known, known);
    }
    return [...new Set([...listed, ...(known.get(person) ?? [])])];
  }

  /** At most `limit` of those who are named or in one of the groups. */
  among(who: Chosen, limit: number): PersonName[] {
    const found = new Set<PersonName>(who.people.slice(0, limit));
    for (const group of who.groups) {
      for (const people of [this.#listed.get(group) ?? NOBODY, this.#known.members.get(group) ?? NOBODY]) {
        for (const person of people) {
          if (found.size >= limit) return [...found];
          if (!this.#known.disabled.has(person)) found.add(person);
        }
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

function turned(members: Members): Groups {
  const groups = new Map<PersonName, GroupName[]>();
  for (const [group, people] of members) {
    for (const person of people) {
      const known = groups.get(person);
      if (known === undefined) groups.set(person, [group]);
      else known.push(group);
    }
  }
  return groups;
}

/** Somebody whom a provider has not named yet; no real name holds a NUL. */
const yetToCome = (group: GroupName, number: number): Person =>
  personOf(`\0${group}\0${number}` as PersonName, [group]);
