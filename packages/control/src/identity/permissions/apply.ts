/** What a policy editor may not put in force: power over Tidegate itself, their own least of all. */
import { ADMINISTRATORS, AUDITORS, type CurrentConfig } from '@tidegate/config';
import { type PersonName, type ResourceName, TidegateError } from '@tidegate/core';
import type { Tx } from '../../store/schema.ts';
import { loadPerson } from '../people.ts';
import { isHad, type Powers, powersUnder, reaches } from './powers.ts';

/** The parts of the configuration that say who has power here, and who anybody is. */
const OF_ADMINISTRATORS = ['permissions', 'identityProviders', 'workloads', 'apiKeys'] as const;

/**
 * Whether `by` may put `after` in force in place of `before`: asked in the transaction that does, whoever asks for it.
 * Throws `forbidden` to policy editors for a change of who has power, and to everybody else but administrators for any.
 */
export async function assertMayApply(
  tx: Tx,
  by: PersonName,
  before: CurrentConfig,
  after: CurrentConfig,
): Promise<void> {
  const person = await loadPerson(tx, by);
  const powers = powersUnder(before, person);
  if (powers.administrator === 'everything') return;
  if (!isHad(powers['policy-editor'])) {
    throw new TidegateError('forbidden', 'Only policy editors and administrators may do this.', 'Ask one of them.');
  }
  const parts = OF_ADMINISTRATORS.filter((part) => !same(before[part], after[part]));
  if (parts.length > 0) throw refusal(parts.map((part) => `“${part}”`).join(', '));
  const groups = powerful(before).filter((name) => !same(groupNamed(before, name), groupNamed(after, name)));
  if (groups.length > 0) throw refusal(`the group ${groups.join(', ')}`);
  // Other labels on a resource would bring it within reach of a role on resources with these labels.
  const gained = gains(powers, powersUnder(after, person), before);
  if (gained !== null) throw refusal(`what brings ${gained} within your own reach`);
}

const refusal = (what: string): TidegateError =>
  new TidegateError(
    'forbidden',
    `A policy editor does not change ${what}: it says who has power over Tidegate.`,
    'Leave it as it is, or ask an administrator to apply this.',
  );

/** Groups whose members have a role of Tidegate's own. */
const powerful = ({ permissions }: CurrentConfig) => [
  ...new Set([ADMINISTRATORS, AUDITORS, ...permissions.flatMap(({ to }) => to.groups)]),
];

const groupNamed = ({ groups }: CurrentConfig, wanted: string) => groups.find(({ name }) => name === wanted) ?? null;

/** A resource that was there before, and that a role of theirs did not reach. */
function gains(before: Powers, after: Powers, { resources }: CurrentConfig): ResourceName | null {
  const roles: readonly (keyof Powers)[] = ['administrator', 'auditor', 'reviewer', 'user'];
  const gained = ({ name }: { readonly name: ResourceName }): boolean =>
    roles.some((role) => reaches(after[role], name) && !reaches(before[role], name));
  return resources.find(gained)?.name ?? null;
}

/** Both are plain values, as the schema made them. */
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
