/** A person's notices, and that they have seen them. */
import type { NoticeView } from '@tidegate/contract';
import type { Context } from '../context.ts';
import type { Caller } from '../identity/caller.ts';
import { type Page, type PageQuery, pageOf, parseCursor } from '../store/cursor.ts';
import type { Reader } from '../store/schema.ts';

/** Newest first. */
export async function listNotices(
  db: Reader,
  caller: Caller,
  unread: boolean,
  page: PageQuery,
): Promise<Page<NoticeView>> {
  const before = Number(parseCursor(page.cursor, 1)?.[0] ?? Number.NaN);
  const rows = await db
    .selectFrom('noticeRecipients')
    .innerJoin('notices', 'notices.id', 'noticeRecipients.notice')
    .select(['notices.id', 'kind', 'at', 'text', 'request', 'grant', 'readAt'])
    .where('person', '=', caller.name)
    .$if(unread, (query) => query.where('readAt', 'is', null))
    .$if(Number.isSafeInteger(before), (query) => query.where('noticeRecipients.notice', '<', before))
    .orderBy('noticeRecipients.notice', 'desc')
    .limit(page.limit + 1)
    .execute();
  return pageOf(
    rows,
    page.limit,
    ({ id }) => [String(id)],
    ({ id, at, readAt, ...row }) => ({
      ...row,
      id: String(id),
      at: at.toString(),
      readAt: readAt?.toString() ?? null,
    }),
  );
}

/** Those up to and including `upTo` are seen. */
export async function readNotices({ store, now }: Context, caller: Caller, upTo: number): Promise<void> {
  await store.db
    .updateTable('noticeRecipients')
    .set({ readAt: now() })
    .where('person', '=', caller.name)
    .where('notice', '<=', upTo)
    .where('readAt', 'is', null)
    .execute();
}

const KEPT_DAYS = 90;

/** Old ones go: the record has what happened. */
export async function purgeNotices({ store, now }: Context): Promise<void> {
  await store.db
    .with('gone', (db) =>
      db
        .deleteFrom('notices')
        .where('at', '<', now().subtract({ hours: KEPT_DAYS * 24 }))
        .returning('id'),
    )
    .deleteFrom('noticeRecipients')
    .using('gone')
    .whereRef('noticeRecipients.notice', '=', 'gone.id')
    .execute();
}
