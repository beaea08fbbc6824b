/**
 * What another policy would have said to the requests of a time that is past, and to what was refused then
 * (`simulate-refused.ts`). Groups count as they are today: who was in which group then is not kept.
 */
import type { Simulation } from '@tidegate/contract';
import {
  type ApprovalStep,
  type Decision,
  decide,
  describeSteps,
  type Person,
  type RequestId,
  sameSteps,
  settleQuorums,
} from '@tidegate/core';
import { toRequest } from '../access/rows.ts';
import type { Context } from '../context.ts';
import { loadPeople } from '../identity/people.ts';
import type { Reader } from '../store/schema.ts';
import { readText } from './checking/read-text.ts';
import { simulateRefused } from './simulate-refused.ts';

/** Requests that are looked at, the latest first. */
const REQUESTS_MAX = 10_000;
/** Differences that are told one by one. */
const TOLD_MAX = 500;
const BATCH = 500;

/** Throws `InvalidConfig` with every error. */
export async function simulate(
  { store: { db }, checker }: Context,
  yaml: string,
  since: Temporal.Instant,
): Promise<Simulation> {
  const { config } = await readText(db, checker, yaml);
  const resources = new Map(config.resources.map((resource) => [resource.name, resource]));
  const different: Simulation['different'] = [];
  let looked = 0;
  let from: { readonly at: Temporal.Instant; readonly id: RequestId } | null = null;
  for (;;) {
    const rows: Awaited<ReturnType<typeof readBatch>> = await readBatch(db, since, from);
    const people = new Map(
      (await loadPeople(db, [...new Set(rows.map((row) => row.requester))])).map((p) => [p.name, p]),
    );
    for (const row of rows) {
      looked += 1;
      const request = toRequest(row, []);
      const person = people.get(request.requester);
      const resource = resources.get(request.resource);
      const was = wasText(request.steps, request.breakGlass);
      if (person === undefined) continue;
      const would =
        resource === undefined
          ? `denied: there is no resource ${request.resource}`
          : wouldText(
              decide({
                ...request,
                policy: config.policy,
                person,
                resource,
                extension: request.extends !== null,
                now: request.createdAt,
              }),
              request.steps,
              person,
            );
      if (would === null || would === was) continue;
      const { id, requester, role, rule } = request;
      different.push({
        id,
        requester,
        resource: request.resource,
        role,
        at: request.createdAt.toString(),
        rule,
        was,
        would,
      });
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < BATCH || looked >= REQUESTS_MAX) break;
    from = { at: last.createdAt, id: last.id };
  }
  const more = Math.max(0, different.length - TOLD_MAX);
  const refused = await simulateRefused(db, config, since);
  const complete = looked < REQUESTS_MAX && refused.complete;
  return { requests: looked, complete, different: different.slice(0, TOLD_MAX), more, refused: refused.asks };
}

const wasText = (steps: readonly ApprovalStep[], breakGlass: boolean): string =>
  breakGlass ? 'break-glass' : steps.length === 0 ? 'at once' : describeSteps(steps);

/** null: the same approvals, also where a quorum would be counted among others today. */
function wouldText(decision: Decision, before: readonly ApprovalStep[], person: Person): string | null {
  if (decision.outcome === 'denied') return `denied: ${decision.why}`;
  if (decision.breakGlass !== null) return 'break-glass';
  const counts = decision.steps.map((step, index) => ({ ...step, count: before[index]?.count ?? 1 }));
  const steps = settleQuorums(
    decision.steps.map((step, index) =>
      typeof step.count === 'number' ? step : { ...step, count: counts[index]?.count ?? 1 },
    ),
    person,
    [],
  );
  return sameSteps(steps, before) ? null : steps.length === 0 ? 'at once' : describeSteps(decision.steps);
}

async function readBatch(
  db: Reader,
  since: Temporal.Instant,
  from: { readonly at: Temporal.Instant; readonly id: RequestId } | null,
) {
  const all = db.selectFrom('requests').selectAll().where('createdAt', '>=', since);
  const rest =
    from === null ? all : all.where((eb) => eb(eb.refTuple('createdAt', 'id'), '<', eb.tuple(from.at, from.id)));
  return rest.orderBy('createdAt', 'desc').orderBy('id', 'desc').limit(BATCH).execute();
}
