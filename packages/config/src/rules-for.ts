/** The rules that speak of somebody, found by whom they name: of a thousand rules most speak of others. */
import { isFor, type Person, type Rule } from '@tidegate/core';

export class RulesFor {
  /** By `group g`, `person p`, `workload w`: the rules' places. */
  readonly #places = new Map<string, number[]>();
  readonly #rules: readonly Rule[];

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
    for (const [index, { who }] of rules.entries()) {
      for (const group of who.groups) this.#add(`group ${group}`, index);
      for (const person of who.people) this.#add(`person ${person}`, index);
      for (const workload of who.workloads) this.#add(`workload ${workload}`, index);
    }
  }

  #add(key: string, index: number): void {
    const known = this.#places.get(key);
    if (known === undefined) this.#places.set(key, [index]);
    else known.push(index);
  }

  /** In the policy's order. What `isFor` says is what counts; this only spares asking it of every rule. */
  of(person: Person): Rule[] {
    const keys = [`${person.kind} ${person.name}`, ...person.groups.map((group) => `group ${group}`)];
    const places = new Set(keys.flatMap((key) => this.#places.get(key) ?? []));
    return [...places]
      .sort((a, b) => a - b)
      .flatMap((index) => this.#rules[index] ?? [])
      .filter((rule) => isFor(rule.who, person));
  }
}
