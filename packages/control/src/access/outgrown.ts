/** Open grants that today's policy would not give: listed, for somebody to decide whether they go on. */
import type { OutgrownGrantView } from '@tidegate/contract';
import { type GrantId, TidegateError } from '@tidegate/core';
import { currentConfig } from '../config/current.ts';
import type { Context } from '../context.ts';
import type { Caller } from '../identity/caller.ts';
import { seesAll } from '../identity/permissions/may.ts';
import { appendEvent } from '../record/events.ts';
import { recorded } from '../refusals.ts';
import { anyOf } from '../store/any.ts';
import type { Reader } from '../store/schema.ts';
import type { GrantRow } from '../store/schema-access.ts';
import { decideNow } from './decision.ts';
import type { InForce } from './in-force.ts';
import { lockGrant, readGrantRow, readRequest } from './rows.ts';
import { givesOtherwise } from './same-given.ts';
import { assertMaySeeGrant, inSightOf, mayAct, showGrantRow } from './show.ts';

/** Open grants that are looked at: more than that are told by the number that is missing. */
const LOOKED_MAX = 2_000;

/** Oldest first: of the resources the caller owns, or all for auditors and administrators. */
export async function listOutgrown(context: Context, caller: Caller): Promise<OutgrownGrantView[]> {
  const { db } = context.store;
  const owned = seesAll(caller) ? null : await inSightOf(db, caller);
  const rows = await db
    .selectFrom('grants')
    .selectAll()
    .where('state', 'in', ['scheduled', 'active'])
    .$if(owned !== null, (query) => query.where('resource', '=', anyOf(owned ?? [])))
    .orderBy('createdAt')
    .limit(LOOKED_MAX)
    .execute();
  const inForce = await currentConfig(db);
  const found: OutgrownGrantView[] = [];
  for (const row of rows) {
    const why = await whyNot(db, row, inForce);
    if (why !== null) found.push(await show(db, row, why, inForce));
  }
  return found;
}

/** Lets it go on under this policy. Throws `not_found`, `forbidden`, `own_request`, `wrong_state` (policy gives it). */
export function keepGrant(context: Context, caller: Caller, id: GrantId, comment: string): Promise<OutgrownGrantView> {
  const tried = { person: caller.name, grant: id };
  return recorded(context, { kind: 'grant.keep.refused', data: tried }, () =>
    context.store.transaction(async (tx) => {
      const grant = await lockGrant(tx, id);
      await assertMaySeeGrant(tx, caller, grant);
      if (grant.person === caller.name) {
        throw new TidegateError('own_request', 'Nobody decides whether their own grant goes on.', 'Ask its owners.');
      }
      if (!(await mayAct(tx, caller, grant.resource))) {
        throw new TidegateError('forbidden', 'Only administrators and the owners of the resource decide this.', '');
      }
      const inForce = await currentConfig(tx);
      const row = await readGrantRow(tx, id);
      const at = context.now();
      const why = await whyNot(tx, row, inForce);
      if (why === null) throw new TidegateError('wrong_state', 'Today’s policy gives this grant.', '');
      await tx
        .insertInto('keptGrants')
        .values({ grant: id, policyVersion: inForce.version, by: caller.name, comment, at })
        .onConflict((on) => on.doNothing())
        .execute();
      const data = { by: caller.name, grant: id, resource: row.resource, person: row.person, why, comment };
      await appendEvent(tx, { kind: 'grant.kept', at, data: { ...data, policyVersion: inForce.version } });
      return show(tx, row, why, inForce);
    }),
  );
}

/** What today's policy would have said to the same ask then; null: that it may be had, whoever would have to agree. */
export async function whyNot(db: Reader, row: GrantRow, inForce: InForce): Promise<string | null> {
  if (row.state !== 'scheduled' && row.state !== 'active') return null;
  const { request } = await readRequest(db, row.request);
  if (request.policyVersion === inForce.version) return null;
  try {
    const { duration } = row;
    const { decision } = await decideNow(db, inForce, { ...request, duration, extension: false }, row.createdAt);
    return decision.outcome === 'denied' ? decision.why : givesOtherwise(inForce, request, row);
  } catch (error) {
    // The person, the resource or the role is gone, the account is disabled, or the role gives nothing there any more.
    if (error instanceof TidegateError && ['not_found', 'forbidden', 'invalid_input'].includes(error.code))
      return error.message;
    throw error;
  }
}

async function show(db: Reader, row: GrantRow, why: string, { version }: InForce): Promise<OutgrownGrantView> {
  const kept = await db
    .selectFrom('keptGrants')
    .select(['by', 'comment', 'at'])
    .where('grant', '=', row.id)
    .where('policyVersion', '=', version)
    .executeTakeFirst();
  return {
    grant: showGrantRow(row),
    why,
    policyVersion: version,
    kept: kept === undefined ? null : { ...kept, at: kept.at.toString() },
  };
}
