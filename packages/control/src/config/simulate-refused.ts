/** What another policy would have said to asks that were refused: they never became requests, but stand on the record. */
import type { CurrentConfig } from '@tidegate/config';
import { personName, resourceName, roleName, type Simulation } from '@tidegate/contract';
import { type Ask, type Decision, decide, describeSteps, foresee, parseDuration } from '@tidegate/core';
import { z } from 'zod';
import { loadPeople } from '../identity/people.ts';
import { isRefused } from '../record/search.ts';
import type { Reader } from '../store/schema.ts';

/** Asks that are looked at, the latest first. */
const ASKS_MAX = 10_000;
/** Those that are told one by one. */
const TOLD_MAX = 500;

/** As `request.refused` holds it. Asks for more time name their grant alone, and are left out. */
const refusedAsk = z.object({
  at: z.string().transform((text) => Temporal.Instant.from(text)),
  data: z.object({
    person: personName,
    resource: resourceName,
    role: roleName,
    breakGlass: z.boolean(),
    // What the policy said; whatever else was wrong with an ask, another policy would not have mended.
    code: z.enum(['policy_denied', 'duration_too_long', 'reason_required', 'ticket_required', 'not_found']),
    why: z.string(),
    /** Not there in older entries: then the role's default, now, and reason and ticket as the rule wants them. */
    duration: z.string().nullable().default(null),
    startsAt: z.string().nullable().default(null),
    reason: z.string().optional(),
    ticket: z.string().nullable().default(null),
  }),
});

/** Those that would be allowed, with what that would take. `complete` is false where older ones were not looked at. */
export async function simulateRefused(
  db: Reader,
  { policy, resources }: Pick<CurrentConfig, 'policy' | 'resources'>,
  since: Temporal.Instant,
): Promise<{ readonly asks: Simulation['refused']; readonly complete: boolean }> {
  const rows = await db
    .selectFrom('entries')
    .select('entry')
    .where(isRefused)
    .where('kind', '=', 'request.refused')
    .where('at', '>=', since)
    .orderBy('at', 'desc')
    .limit(ASKS_MAX)
    .execute();
  const asks = rows.flatMap(({ entry }) => refusedAsk.safeParse(JSON.parse(entry)).data ?? []);
  const found = await loadPeople(db, [...new Set(asks.map(({ data }) => data.person))]);
  const people = new Map(found.map((person) => [person.name, person]));
  const allowed = asks.flatMap(({ at, data }) => {
    const person = people.get(data.person);
    const resource = resources.find(({ name }) => name === data.resource);
    if (person === undefined || resource === undefined) return [];
    const { role, breakGlass, reason, ticket, why: was } = data;
    const ask = {
      policy,
      person,
      resource,
      role,
      breakGlass,
      duration: data.duration === null ? null : parseDuration(data.duration),
      startsAt: data.startsAt === null ? null : Temporal.Instant.from(data.startsAt),
      extension: false,
      now: at,
    };
    const would = wouldText(decidedWith(ask, reason, ticket));
    return would === null
      ? []
      : [{ requester: person.name, resource: resource.name, role, at: at.toString(), was, would }];
  });
  return {
    asks: { asks: asks.length, allowed: allowed.slice(0, TOLD_MAX), more: Math.max(0, allowed.length - TOLD_MAX) },
    complete: rows.length < ASKS_MAX,
  };
}

const decidedWith = (
  ask: Omit<Ask, 'reason' | 'ticket'>,
  reason: string | undefined,
  ticket: string | null,
): Decision => (reason === undefined ? foresee(ask) : decide({ ...ask, reason, ticket }));

/** null: refused again. */
function wouldText(decision: Decision): string | null {
  if (decision.outcome === 'denied') return null;
  if (decision.breakGlass !== null) return 'break-glass';
  return decision.steps.length === 0 ? 'at once' : describeSteps(decision.steps);
}
