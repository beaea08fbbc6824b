/** One ask, decided under the policy in force: what `request`, `extend`, a changed policy and a window that opens share. */
import {
  type Allowed,
  type ApprovalStep,
  type Decision,
  decide,
  type Person,
  type PersonName,
  type ResourceName,
  type RoleName,
  settleQuorums,
  TidegateError,
} from '@tidegate/core';
import { loadPeopleAmong, loadPerson } from '../identity/people.ts';
import type { Reader } from '../store/schema.ts';
import { type InForce, resourceNamed } from './in-force.ts';

export interface Asked {
  readonly requester: PersonName;
  readonly resource: ResourceName;
  readonly role: RoleName;
  /** null: the role's default. */
  readonly duration: Temporal.Duration | null;
  readonly startsAt: Temporal.Instant | null;
  readonly reason: string;
  readonly ticket: string | null;
  readonly breakGlass: boolean;
  readonly extension: boolean;
}

export interface Decided {
  readonly decision: Decision;
  /** With their quorums counted; none where it denies. */
  readonly steps: readonly ApprovalStep[];
}

/** Throws `not_found` (no such resource or person), `forbidden` (a disabled account). */
export async function decideNow(db: Reader, inForce: InForce, asked: Asked, now: Temporal.Instant): Promise<Decided> {
  return decideFor(db, { inForce, person: await loadPerson(db, asked.requester) }, asked, now);
}

/** The same, where who asks was read together with what is in force. Throws `not_found` (no such resource). */
export async function decideFor(
  db: Reader,
  { inForce, person }: { readonly inForce: InForce; readonly person: Person },
  asked: Asked,
  now: Temporal.Instant,
): Promise<Decided> {
  const resource = resourceNamed(inForce, asked.resource);
  const decision = decide({ ...asked, policy: inForce.policy, person, resource, now });
  if (decision.outcome === 'denied') return { decision, steps: [] };
  const asksForShares = decision.steps.some(({ count }) => typeof count !== 'number');
  const electorate = asksForShares ? await loadPeopleAmong(db, everybodyIn(decision.steps)) : [];
  return { decision, steps: settleQuorums(decision.steps, person, electorate) };
}

/**
 * Quorums as they were counted when it was asked for: somebody who joins a group since then changes nothing of what was
 * asked of others.
 */
export function keepingQuorums({ decision, steps }: Decided, before: readonly ApprovalStep[]): Decided {
  if (decision.outcome === 'denied') return { decision, steps };
  const kept = steps.map((step, index) => {
    const counted = typeof decision.steps[index]?.count !== 'number' ? before[index]?.count : undefined;
    return counted === undefined ? step : { ...step, count: counted };
  });
  return { decision, steps: kept };
}

/** Throws the policy's refusal in its own words. */
export function assertAllowed(decision: Decision): Allowed {
  if (decision.outcome === 'allowed') return decision;
  throw new TidegateError(decision.code, decision.why, decision.next);
}

const everybodyIn = (steps: Allowed['steps']) => ({
  groups: steps.flatMap(({ groups }) => groups),
  people: steps.flatMap(({ people }) => people),
});
