/** One thing that people are told, and how it is kept: once, to each of them, and by mail where that is set up. */
import type { GrantId, PersonName, RequestId } from '@tidegate/core';
import { sql } from 'kysely';
import { announceNotice } from '../store/announce.ts';
import type { Tx } from '../store/schema.ts';

export interface Notice {
  /** The same text is never told twice: a notice of the same `once` is passed over. */
  readonly once: string;
  /** `review.wanted`, `request.approved`: closed by `events.ts` and `reminders.ts`. */
  readonly kind: string;
  readonly at: Temporal.Instant;
  /** A sentence. */
  readonly text: string;
  readonly request: RequestId | null;
  readonly grant: GrantId | null;
  readonly to: readonly PersonName[];
}

/** People whom one notice is told: a group of thousands is nobody in particular. */
const RECIPIENTS_MAX = 200;

/** The task that sends one mail (`mail.ts`). */
export const MAIL_TASK = 'mail';

/** Keeps it, and queues its mails in the same transaction. `mail` false: nobody is sent any. */
export async function tell(tx: Tx, notice: Notice, mail: boolean): Promise<void> {
  const { to, once, kind, at, text, request, grant } = notice;
  if (to.length === 0) return;
  const made = await tx
    .insertInto('notices')
    .values({ once, kind, at, text, request, grant })
    .onConflict((on) => on.doNothing())
    .returning('id')
    .executeTakeFirst();
  if (made === undefined) return;
  const people = [...new Set(to)].slice(0, RECIPIENTS_MAX);
  await tx
    .insertInto('noticeRecipients')
    .values(people.map((person) => ({ notice: made.id, person, readAt: null })))
    .execute();
  await announceNotice(tx, made.id);
  if (!mail) return;
  await sql`
    SELECT graphile_worker.add_job(${MAIL_TASK}, json_build_object('notice', ${made.id}::bigint, 'person', name),
                                   max_attempts => 10, job_key => 'mail ' || ${made.id}::bigint || ' ' || name)
    FROM people WHERE name = ANY (${people}) AND email IS NOT NULL AND disabled_at IS NULL`.execute(tx);
}
