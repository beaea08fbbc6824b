/** A person takes back what they asked for. */
import type { RequestView } from '@tidegate/contract';
import { cancelRequest as cancel, type GrantId, type PersonName, type RequestId } from '@tidegate/core';
import type { Context } from '../context.ts';
import type { Caller } from '../identity/caller.ts';
import { appendEvent, type ControlEvent } from '../record/events.ts';
import { recorded } from '../refusals.ts';
import type { Tx } from '../store/schema.ts';
import { requestEnded } from './events.ts';
import { lockRequest, toRequest } from './rows.ts';
import { saveDecision } from './save.ts';
import { assertMaySeeRequest, showRequest } from './show.ts';

/** Cancels a pending request. Throws `not_found`, `forbidden` (not theirs), `wrong_state`. */
export async function cancelRequest(context: Context, caller: Caller, id: RequestId): Promise<RequestView> {
  const by = { person: caller.name, request: id };
  return recorded(context, { kind: 'request.cancel.refused', data: by }, () =>
    context.store.transaction(async (tx) => {
      const { request } = await lockRequest(tx, id);
      await assertMaySeeRequest(tx, caller, request);
      const now = context.now();
      const cancelled = cancel(request, caller.name, now);
      await saveDecision(tx, request, cancelled, now);
      const view = await showRequest(tx, id, now);
      await appendEvent(tx, requestEnded(cancelled, caller.name, 'taken back', now));
      return view;
    }),
  );
}

/** A grant that is over cannot be extended: whoever still waits for that is told. */
export async function cancelExtensionsOf(
  tx: Tx,
  grant: GrantId,
  by: PersonName | null,
  now: Temporal.Instant,
): Promise<ControlEvent[]> {
  const rows = await tx
    .selectFrom('requests')
    .selectAll()
    .where('extends', '=', grant)
    .where('state', '=', 'pending')
    .forUpdate()
    .execute();
  const events: ControlEvent[] = [];
  for (const row of rows) {
    const request = toRequest(row, []);
    const cancelled = { ...request, state: 'cancelled' as const };
    await saveDecision(tx, request, cancelled, now);
    events.push(requestEnded(cancelled, by, 'its grant has ended', now));
  }
  return events;
}
