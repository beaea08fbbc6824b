/** Tables of what people are told (`migrations/0013_notices.ts`). */
import type { GrantId, PersonName, RequestId } from '@tidegate/core';
import type { Generated } from 'kysely';

export interface NoticesTable {
  id: Generated<number>;
  /** What keeps it from being told a second time. */
  once: string;
  kind: string;
  at: Temporal.Instant;
  text: string;
  request: RequestId | null;
  grant: GrantId | null;
}

export interface NoticeRecipientsTable {
  notice: number;
  person: PersonName;
  readAt: Temporal.Instant | null;
}

export interface NotifyCursorTable {
  one: Generated<true>;
  /** Of the stream `control`. */
  seq: number;
}

export interface NoticeTables {
  notices: NoticesTable;
  noticeRecipients: NoticeRecipientsTable;
  notifyCursor: NotifyCursorTable;
}
