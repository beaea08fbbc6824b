/** What would be decided if somebody asked, without asking. */
import type { Explanation } from '@tidegate/contract';
import {
  durationText,
  type ExplainInput,
  explain,
  findRole,
  foresee,
  givenBy,
  givenText,
  namedIn,
  type Person,
  type PersonName,
  type ResourceName,
  type RoleName,
  TidegateError,
} from '@tidegate/core';
import { currentConfig } from '../config/current.ts';
import type { Context } from '../context.ts';
import type { Caller } from '../identity/caller.ts';
import { loadPeopleAmong, loadPerson } from '../identity/people.ts';
import { seesAll } from '../identity/permissions/may.ts';
import type { Reader } from '../store/schema.ts';
import { resourceNamed, ruleOnExport } from './in-force.ts';
import { showStep } from './show.ts';

export interface Question {
  readonly resource: ResourceName;
  readonly role: RoleName;
  /** null: the caller. */
  readonly as: PersonName | null;
  readonly duration: Temporal.Duration | null;
  readonly startsAt: Temporal.Instant | null;
  readonly breakGlass: boolean;
  /** Tables and views that the role would be narrowed to; null: all that it gives. */
  readonly only: readonly string[] | null;
  /** As if it were asked then; null: now. */
  readonly at: Temporal.Instant | null;
}

/** Explains. Throws `forbidden` for somebody else's ask without being auditor or administrator, `not_found`. */
export async function explainAsk(context: Context, caller: Caller, question: Question): Promise<Explanation> {
  const { as } = question;
  if (as !== null && as !== caller.name && !seesAll(caller)) {
    throw new TidegateError('forbidden', 'What others may have is for auditors and administrators to see.', '');
  }
  const { db } = context.store;
  const [inForce, person] = await Promise.all([currentConfig(db), loadPerson(db, as ?? caller.name)]);
  const resource = resourceNamed(inForce, question.resource);
  const now = question.at ?? context.now();
  const ask = { ...question, policy: inForce.policy, person, resource, now };
  const role = findRole(inForce.policy, question.role);
  const given = role === null ? null : givenBy(role, resource, question.only);
  const lines = given === null ? null : givenText(given, resource.engine);
  const shown = show(explain({ ...ask, people: await reviewersOf(db, ask) }));
  const mayExport =
    shown.rule !== null && shown.outcome !== 'denied' && (ruleOnExport(inForce, shown.rule) ?? resource.allow.export);
  return { ...shown, lines, mayExport };
}

/** Everybody whom the rule that decides names as a reviewer: of the other rules nobody is asked. */
async function reviewersOf(db: Reader, ask: Omit<ExplainInput, 'people'>): Promise<readonly Person[]> {
  const decision = foresee({ ...ask, extension: false });
  if (decision.outcome === 'denied') return [];
  const named = decision.steps.map((step) => namedIn(step, true));
  return loadPeopleAmong(
    db,
    { groups: named.flatMap(({ groups }) => groups), people: named.flatMap(({ people }) => people) },
    REVIEWERS_MAX,
  );
}

/** Names that are told; a quorum of a larger group is counted among so many. */
const REVIEWERS_MAX = 5_000;

function show(explained: ReturnType<typeof explain>): Omit<Explanation, 'lines' | 'mayExport'> {
  const { outcome, rule, why, maxDuration, defaultDuration, mfaAt, reason } = explained;
  return {
    outcome,
    rule,
    why,
    maxDuration: maxDuration === null ? null : durationText(maxDuration),
    defaultDuration: defaultDuration === null ? null : durationText(defaultDuration),
    mfaAt: [...mfaAt],
    reason,
    steps: explained.steps.map(({ step, candidates, escalatedTo }) => ({
      ...showStep(step),
      approvedBy: [],
      state: 'waiting' as const,
      takesMore: false,
      candidates: [...candidates],
      escalatedTo: [...escalatedTo],
    })),
    considered: explained.considered.map(({ rule: name, matched, because, conditions }) => ({
      rule: name,
      matched,
      because: [...because],
      conditions: conditions.map(({ text, result, values }) => ({
        text,
        holds: 'holds' in result ? result.holds : null,
        error: 'error' in result ? result.error : null,
        values: [...values],
      })),
    })),
  };
}
