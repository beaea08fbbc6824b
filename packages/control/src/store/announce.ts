/**
 * What commits announce. Gateways' state is told by resource (`STATE_CHANNEL`); people's pages are told which request,
 * grant, session or notice it was (`CHANGES_CHANNEL`). A name and no content: who may see it is asked when it is read.
 */
import type { GrantId, RequestId, ResourceName, SessionId } from '@tidegate/core';
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
}

/** A change as it is announced: the same change is the same text. */
export const changeText = (change: Change): string => JSON.stringify(change);

/** A request or grant of `resource` changed; heard when `tx` commits. Gateways know of no requests: grants alone wake them. */
export async function announce(tx: Reader, resource: ResourceName, change: Change): Promise<void> {
  const told = sql`pg_notify(${CHANGES_CHANNEL}, ${changeText(change)})`;
  if (change.grant === undefined) await sql`SELECT ${told}`.execute(tx);
  else await sql`SELECT pg_notify(${STATE_CHANNEL}, ${resource}), ${told}`.execute(tx);
}

/** Sessions opened or ended: nothing to gateways, who told us. */
export async function announceSessions(db: Reader, sessions: readonly SessionId[]): Promise<void> {
  if (sessions.length === 0) return;
  const changes = sessions.map((session): string => changeText({ session }));
  await sql`SELECT pg_notify(${CHANGES_CHANNEL}, change) FROM unnest(${changes}::text[]) AS change`.execute(db);
}

/** A notice was made: nothing to gateways. */
export async function announceNotice(tx: Reader, notice: number): Promise<void> {
  await sql`SELECT pg_notify(${CHANGES_CHANNEL}, ${JSON.stringify({ notice } satisfies Change)})`.execute(tx);
}
