/** What would be decided if somebody asked, without asking. */
import type { Explanation } from '@tidegate/contract';
import {
  durationText,
  explain,
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
}

/** Explains. Throws `forbidden` for somebody else's ask without being auditor or administrator, `not_found`. */
export async function explainAsk(
  { store, now }: Context,
  caller: Caller,
  { resource, role, as, duration }: Question,
): Promise<Explanation> {
  if (as !== null && as !== caller.name && !seesAll(caller)) {
    throw new TidegateError('forbidden', 'What others may have is for auditors and administrators to see.', '');
  }
  const { policy, ...inForce } = await currentConfig(store.db);
  const steps = policy.rules.flatMap(({ approvals }) => approvals);
  const explained = explain({
    policy,
    person: await loadPerson(store.db, as ?? caller.name),
    resource: resourceNamed({ policy, ...inForce }, resource),
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
