/** A grant is taken away: by an administrator, or by the owners of its resource. */
import type { GrantView } from '@tidegate/contract';
import { type GrantId, TidegateError } from '@tidegate/core';
import type { Context } from '../context.ts';
import type { Caller } from '../identity/caller.ts';
import { appendEvent } from '../record/events.ts';
import { recorded } from '../refusals.ts';
import { endGrant } from './end-access.ts';
import { lockExtensions, lockGrant } from './rows.ts';
import { assertMaySeeGrant, mayAct, showGrant } from './show.ts';

/**
 * Closes somebody's grant; open sockets are cut. Throws `not_found` (not visible), `forbidden` (neither administrator nor
 * owner, or one's own), `comment_required`, `wrong_state` (over already).
 */
export async function revokeGrant(context: Context, caller: Caller, id: GrantId, reason: string): Promise<GrantView> {
  const tried = { person: caller.name, grant: id };
  return recorded(context, { kind: 'grant.revoke.refused', data: tried }, () =>
    context.store.transaction(async (tx) => {
      await lockExtensions(tx, id);
      const grant = await lockGrant(tx, id);
      await assertMaySeeGrant(tx, caller, grant);
      if (grant.person === caller.name) {
        throw new TidegateError('forbidden', 'This grant is your own.', `Give it back: tidegate relinquish ${id}.`);
      }
      if (!(await mayAct(tx, caller, grant.resource))) {
        throw new TidegateError(
          'forbidden',
          'Only administrators and the owners of the resource revoke grants.',
          'Ask one of them.',
        );
      }
      await appendEvent(tx, ...(await endGrant(tx, grant, caller.name, reason, context.now())));
      return showGrant(tx, id);
    }),
  );
}
