/**
 * Notices follow the record: whatever the control plane wrote down is read once, in order, and told to whom it concerns.
 * Of several control planes one does it at a time: the cursor's row is locked, and moves in the transaction that tells.
 */
import type { AuditEntry } from '@tidegate/core';
import type { Context } from '../context.ts';
import { CONTROL_STREAM } from '../record/events.ts';
import { isOutage } from '../store/outage.ts';
import { noticesOf } from './events.ts';
import { tell } from './notice.ts';
import { remindersDue } from './reminders.ts';

const POLL_MS = 1_000;
const REMIND_EVERY_MS = 30_000;
const BATCH = 200;

export interface NoticeKeeper {
  stop(): Promise<void>;
}

/** Runs until stopped. `mail`: whether mails are queued. */
export function startNotices(context: Context, { mail }: { readonly mail: boolean }): NoticeKeeper {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let remindedAt = 0;
  let running: Promise<void> = Promise.resolve();
  const turn = async (): Promise<void> => {
    try {
      while ((await followRecord(context, mail)) && !stopped);
      if (Date.now() - remindedAt > REMIND_EVERY_MS) {
        remindedAt = Date.now();
        await remind(context, mail);
      }
    } catch (error) {
      context.log[isOutage(error) ? 'warn' : 'error']({ err: error }, 'people could not be told what happened');
    }
    if (!stopped) timer = setTimeout(wake, POLL_MS);
  };
  const wake = (): void => {
    running = turn();
  };
  wake();
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

/** Tells what the next entries hold; true when there may be more. */
export function followRecord({ store, now }: Context, mail: boolean): Promise<boolean> {
  return store.transaction(async (tx) => {
    // Another control plane is at it: it will come to these as well.
    const cursor = await tx.selectFrom('notifyCursor').select('seq').forUpdate().skipLocked().executeTakeFirst();
    if (cursor === undefined) return false;
    const rows = await tx
      .selectFrom('entries')
      .select(['seq', 'entry'])
      .where('stream', '=', CONTROL_STREAM)
      .where('seq', '>', cursor.seq)
      .orderBy('seq')
      .limit(BATCH)
      .execute();
    const last = rows.at(-1);
    if (last === undefined) return false;
    const entries = rows.map(({ entry }): AuditEntry => JSON.parse(entry));
    await tell(tx, await noticesOf(tx, entries, now()), mail);
    await tx.updateTable('notifyCursor').set({ seq: last.seq }).execute();
    return rows.length === BATCH;
  });
}

/** Tells what is due by time. */
export function remind({ store, now }: Context, mail: boolean): Promise<void> {
  return store.transaction(async (tx) => {
    const cursor = await tx.selectFrom('notifyCursor').select('seq').forUpdate().skipLocked().executeTakeFirst();
    if (cursor === undefined) return;
    await tell(tx, await remindersDue(tx, now()), mail);
  });
}
