/**
 * What commits announce. Gateways' state is told by resource (`STATE_CHANNEL`); people's pages are told which request,
 * grant, session or notice it was (`CHANGES_CHANNEL`). A name and no content: who may see it is asked when it is read.
 */
import type { GrantId, PersonName, RequestId, ResourceName, SessionId } from '@tidegate/core';
import { sql } from 'kysely';
import type { Reader } from './schema.ts';
import { STATE_CHANNEL } from './store.ts';

/** JSON of one `Change`. */
export const CHANGES_CHANNEL = 'tidegate_changes';

export interface Change {
  readonly request?: RequestId;
  readonly grant?: GrantId;
  readonly session?: SessionId;
  /** Somebody is told something. */
  readonly notice?: number;
  /** What this person sees is another now: they stand in for somebody, or no longer do. */
  readonly person?: PersonName;
}

/** A change as it is announced: the same change is the same text. */
export const changeText = (change: Change): string => JSON.stringify(change);

/** To be selected by a statement: heard when its transaction commits. */
export const announcement = (change: Change) => sql<string>`pg_notify(${CHANGES_CHANNEL}, ${changeText(change)})`;

/** A request or grant of `resource` changed; heard when `tx` commits. Gateways know of no requests: grants alone wake them. */
export async function announce(tx: Reader, resource: ResourceName, change: Change): Promise<void> {
  const told = announcement(change);
  if (change.grant === undefined) await sql`SELECT ${told}`.execute(tx);
  else await sql`SELECT pg_notify(${STATE_CHANNEL}, ${resource}), ${told}`.execute(tx);
}

/** Sessions opened or ended: nothing to gateways, who told us. */
export async function announceSessions(db: Reader, sessions: readonly SessionId[]): Promise<void> {
  await announceChanges(
    db,
    sessions.map((session) => ({ session })),
  );
}

/** Notices were made: nothing to gateways. */
export async function announceNotices(tx: Reader, notices: readonly number[]): Promise<void> {
  await announceChanges(
    tx,
    notices.map((notice) => ({ notice })),
  );
}

async function announceChanges(db: Reader, changes: readonly Change[]): Promise<void> {
  if (changes.length === 0) return;
  const texts = changes.map(changeText);
  await sql`SELECT pg_notify(${CHANGES_CHANNEL}, change) FROM unnest(${texts}::text[]) AS change`.execute(db);
}

/** What these people see is another now: nothing to gateways. */
export async function announcePeople(tx: Reader, people: readonly PersonName[]): Promise<void> {
  for (const person of people) await sql`SELECT ${announcement({ person })}`.execute(tx);
}
