/** Things that people are told, and how they are kept: once, to each of them, and by mail where that is set up. */
import type { GrantId, PersonName, RequestId } from '@tidegate/core';
import { sql } from 'kysely';
import { announceNotices } from '../store/announce.ts';
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
  /** All of them are told: how many that may be is for whoever makes the notice. */
  readonly to: readonly PersonName[];
}

/** The task that sends one mail (`mail.ts`). */
export const MAIL_TASK = 'mail';

/** Notices in one statement, which has a limit of parameters: reminders may be due of very many requests at once. */
const BATCH = 500;

/** Keeps them, and queues their mails in the same transaction. `mail` false: nobody is sent any. */
export async function tell(tx: Tx, notices: readonly Notice[], mail: boolean): Promise<void> {
  const heard = notices.filter(({ to }) => to.length > 0);
  for (let from = 0; from < heard.length; from += BATCH) await tellSome(tx, heard.slice(from, from + BATCH), mail);
}

async function tellSome(tx: Tx, heard: readonly Notice[], mail: boolean): Promise<void> {
  const made = await tx
    .insertInto('notices')
    .values(heard.map(({ once, kind, at, text, request, grant }) => ({ once, kind, at, text, request, grant })))
    .onConflict((on) => on.doNothing())
    .returning(['id', 'once'])
    .execute();
  const ids = new Map(made.map(({ id, once }) => [once, id]));
  const recipients = heard.flatMap(({ once, to }) => {
    const notice = ids.get(once);
    return notice === undefined ? [] : [...new Set(to)].map((person) => ({ notice, person }));
  });
  if (recipients.length === 0) return;
  const numbers = recipients.map(({ notice }) => notice);
  const people = recipients.map(({ person }) => person);
  const told = sql`unnest(${numbers}::bigint[], ${people}::text[]) AS told (notice, person)`;
  await sql`INSERT INTO notice_recipients (notice, person) SELECT notice, person FROM ${told}`.execute(tx);
  await announceNotices(
    tx,
    made.map(({ id }) => id),
  );
  if (!mail) return;
  await sql`
    SELECT graphile_worker.add_job(${MAIL_TASK}, json_build_object('notice', told.notice, 'person', people.name),
                                   max_attempts => 10, job_key => 'mail ' || told.notice || ' ' || people.name)
    FROM ${told} JOIN people ON people.name = told.person
    WHERE people.email IS NOT NULL AND people.disabled_at IS NULL`.execute(tx);
}
