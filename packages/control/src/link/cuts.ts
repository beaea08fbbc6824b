/** Sessions that somebody wants ended: written down, so that whichever control plane holds the gateway's link tells it. */
import type { PersonName, SessionId } from '@tidegate/core';
import type { Tx } from '../store/schema.ts';
import { notify, STATE_CHANNEL } from '../store/store.ts';

/** The gateway is told at commit, and on each new connection until the session has ended. The first wish stands. */
export async function wantCut(
  tx: Tx,
  session: SessionId,
  { by, reason }: { readonly by: PersonName; readonly reason: string },
): Promise<void> {
  await tx
    .updateTable('dbSessions')
    .set({ cutBy: by, cutReason: reason })
    .where('id', '=', session)
    .where('endedAt', 'is', null)
    .where('cutBy', 'is', null)
    .execute();
  await notify(tx, STATE_CHANNEL, '');
}
