/** What would be decided if somebody asked, without asking. */
import type { Explanation } from '@tidegate/contract';
import {
  durationText,
  explain,
  findRole,
  givenBy,
  givenText,
  type PersonName,
  type ResourceName,
  type RoleName,
  TidegateError,
} from '@tidegate/core';
import { currentConfig } from '../config/current.ts';
import type { Context } from '../context.ts';
import { type Caller, seesAll } from '../identity/caller.ts';
import { loadPeopleAmong, loadPerson } from '../identity/people.ts';
import { resourceNamed } from './in-force.ts';

export interface Question {
  readonly resource: ResourceName;
  readonly role: RoleName;
  /** null: the caller. */
  readonly as: PersonName | null;
  readonly duration: Temporal.Duration | null;
  /** Tables and views that the role would be narrowed to; null: all that it gives. */
  readonly only: readonly string[] | null;
}

/** Explains. Throws `forbidden` for somebody else's ask without being auditor or administrator, `not_found`. */
export async function explainAsk(
  { store, now }: Context,
  caller: Caller,
  { resource: name, role, as, duration, only }: Question,
): Promise<Explanation> {
  if (as !== null && as !== caller.name && !seesAll(caller)) {
    throw new TidegateError('forbidden', 'What others may have is for auditors and administrators to see.', '');
  }
  const { policy, ...inForce } = await currentConfig(store.db);
  const steps = policy.rules.flatMap(({ approvals }) => approvals);
  const resource = resourceNamed({ policy, ...inForce }, name);
  const known = findRole(policy, role);
  const given = known === null ? null : givenBy(known, resource, only);
  const explained = explain({
    policy,
    person: await loadPerson(store.db, as ?? caller.name),
    resource,
    role,
    duration,
    people: await loadPeopleAmong(store.db, {
      groups: [...new Set(steps.flatMap(({ groups }) => groups))],
      people: [...new Set(steps.flatMap(({ people }) => people))],
    }),
    now: now(),
  });
  return {
    outcome: explained.outcome,
    rule: explained.rule,
    why: explained.why,
    maxDuration: explained.maxDuration === null ? null : durationText(explained.maxDuration),
    defaultDuration: explained.defaultDuration === null ? null : durationText(explained.defaultDuration),
    mfaAt: [...explained.mfaAt],
    lines: given === null ? null : givenText(given, resource.engine),
    steps: explained.steps.map(({ step, candidates }) => ({
      groups: [...step.groups],
      people: [...step.people],
      count: step.count,
      approvedBy: [],
      state: 'waiting' as const,
      candidates: [...candidates],
    })),
    considered: explained.considered.map(({ rule, matched, because }) => ({ rule, matched, because: [...because] })),
  };
}
