/** The holder gives a grant back before its end. */
import type { GrantView } from '@tidegate/contract';
import type { GrantId } from '@tidegate/core';
import type { Context } from '../context.ts';
import type { Caller } from '../identity/caller.ts';
import { appendEvent } from '../record/events.ts';
import { recorded } from '../refusals.ts';
import { endGrant } from './end-access.ts';
import { lockExtensions, lockGrant } from './rows.ts';
import { assertOwnGrant, showGrant } from './show.ts';

/** Closes the caller's own grant. Throws `not_found` (not theirs), `wrong_state` (over already). */
export async function relinquishGrant(context: Context, caller: Caller, id: GrantId): Promise<GrantView> {
  const tried = { person: caller.name, grant: id };
  return recorded(context, { kind: 'grant.relinquish.refused', data: tried }, () =>
    context.store.transaction(async (tx) => {
      await lockExtensions(tx, id);
      const grant = await lockGrant(tx, id);
      assertOwnGrant(caller, grant);
      await appendEvent(tx, ...(await endGrant(tx, grant, caller.name, null, context.now())));
      return showGrant(tx, id);
    }),
  );
}
