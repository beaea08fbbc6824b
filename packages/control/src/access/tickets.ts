/** Tickets end with their grant, or before it. */
import { type GrantId, type PersonName, type TicketId, TidegateError } from '@tidegate/core';
import type { Context } from '../context.ts';
import type { Caller } from '../identity/caller.ts';
import { appendEvent } from '../record/events.ts';
import { recorded } from '../refusals.ts';
import { notify, STATE_CHANNEL } from '../store/store.ts';
import { readGrantRow } from './rows.ts';
import { assertMaySeeGrant, mayAct } from './show.ts';

/** Makes a ticket worthless: its holder, administrators, owners of the resource. Sessions opened with it go on. */
export async function revokeTicket(context: Context, caller: Caller, grant: GrantId, ticket: TicketId): Promise<void> {
  const tried = { person: caller.name, grant, ticket };
  await recorded(context, { kind: 'ticket.revoke.refused', data: tried }, async () => {
    const row = await readGrantRow(context.store.db, grant);
    await assertMaySeeGrant(context.store.db, caller, row);
    if (row.person !== caller.name && !(await mayAct(context.store.db, caller, row.resource))) {
      throw new TidegateError('forbidden', 'Only its holder may do this with a ticket.', `Ask ${row.person}.`);
    }
    const found = await revokeIssued(context, grant, ticket, caller.name, 'given back');
    if (!found) throw new TidegateError('not_found', `Grant ${grant} has no ticket ${ticket}.`);
  });
}

/** Revokes; once is enough, and again does no harm. False: there is no such ticket. */
export async function revokeIssued(
  { store, now }: Context,
  grant: GrantId,
  ticket: TicketId,
  by: PersonName,
  why: string,
): Promise<boolean> {
  return store.transaction(async (tx) => {
    const row = await tx
      .selectFrom('tickets')
      .innerJoin('grants', 'grants.id', 'tickets.grant')
      .select(['tickets.revokedAt', 'grants.resource', 'grants.person'])
      .where('tickets.id', '=', ticket)
      .where('tickets.grant', '=', grant)
      .forUpdate('tickets')
      .executeTakeFirst();
    if (row === undefined) return false;
    if (row.revokedAt !== null) return true;
    const at = now();
    await tx.updateTable('tickets').set({ revokedAt: at }).where('id', '=', ticket).execute();
    await notify(tx, STATE_CHANNEL, row.resource);
    await appendEvent(tx, { kind: 'ticket.revoked', at, data: { person: row.person, grant, ticket, by, why } });
    return true;
  });
}
