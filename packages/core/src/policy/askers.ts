/** Who could ask for what on one resource, before anybody asks: by rule, and by person. Conditions are left open. */
import type { RoleName } from '../ids.ts';
import type { Person, Policy, Resource, Rule } from '../model.ts';
import { conditionsOf, fitsResource, speaksFor } from './match.ts';

/** A rule that could decide about this person's ask for this role. */
export interface CouldAsk {
  readonly role: RoleName;
  readonly rule: string;
  readonly breakGlass: boolean;
  /** Only while its condition holds. */
  readonly conditional: boolean;
}

/** The rules that speak of the resource, in the policy's order. */
export const rulesOn = ({ rules }: Policy, resource: Resource): readonly Rule[] =>
  rules.filter((rule) => fitsResource(rule, resource));

/** A rule's conditions as they are written: what must hold for it to decide. */
export const conditionTexts = (rule: Rule): readonly string[] => conditionsOf(rule).map(({ source }) => source);

/**
 * What a person could ask for on a resource: for each role the rules that could decide, up to the first that would
 * whatever the circumstances. Ordinary asks first, then those for break-glass.
 */
export function couldAsk(policy: Policy, person: Person, resource: Resource): readonly CouldAsk[] {
  const rules = rulesOn(policy, resource);
  return [false, true].flatMap((breakGlass) =>
    policy.roles.flatMap(({ name: role }) => {
      const speaking = rules.filter((rule) => speaksFor(rule, { person, resource, role, breakGlass }));
      const always = speaking.findIndex((rule) => conditionsOf(rule).length === 0);
      return speaking
        .slice(0, always < 0 ? speaking.length : always + 1)
        .map((rule) => ({ role, rule: rule.name, breakGlass, conditional: conditionsOf(rule).length > 0 }));
    }),
  );
}
