/** One ask, decided under the policy in force: what `request`, `extend`, a changed policy and a window that opens share. */
import {
  type AccessRequest,
  type Allowed,
  type ApprovalStep,
  approvalsNeeded,
  couldBeApproved,
  type Decision,
  decide,
  givenIn,
  namedIn,
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

/** Where nobody could approve, the person learns it now and not when the request lapses: a sentence, or nothing. */
export async function shortage(db: Reader, request: AccessRequest): Promise<string> {
  const requester = { name: request.requester, runBy: request.runBy };
  const found = couldBeApproved(request.steps, requester, await enoughFor(db, request), givenIn(request));
  return found.possible ? '' : ` ${found.why}`;
}

/**
 * Enough people to tell whether the steps can be met: of each as many as there are places in all, and one for everybody
 * who cannot count. More could not change the answer, so that a group of 50,000 costs no more than one of twenty.
 */
async function enoughFor(db: Reader, { steps, runBy, reviews }: AccessRequest): Promise<readonly Person[]> {
  const places = steps.reduce((sum, step) => sum + approvalsNeeded(step), 0);
  const found = new Map<PersonName, Person>();
  for (const step of steps) {
    const limit = places + 1 + runBy.length + reviews.length;
    for (const person of await loadPeopleAmong(db, namedIn(step, true), limit)) found.set(person.name, person);
  }
  return [...found.values()];
}

const everybodyIn = (steps: Allowed['steps']) => ({
  groups: steps.flatMap(({ groups }) => groups),
  people: steps.flatMap(({ people }) => people),
});
