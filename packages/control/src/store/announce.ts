/**
 * What commits announce. Gateways' state is told by resource (`STATE_CHANNEL`); people's pages are told which request,
 * grant or session it was (`CHANGES_CHANNEL`). A name and no content: who may see it is asked when it is read.
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
}

/** A request or grant of `resource` changed; heard when `tx` commits. */
export async function announce(tx: Reader, resource: ResourceName, change: Change): Promise<void> {
  await sql`SELECT pg_notify(${STATE_CHANNEL}, ${resource}), pg_notify(${CHANGES_CHANNEL}, ${JSON.stringify(change)})`.execute(
    tx,
  );
}

/** Sessions opened or ended: nothing to gateways, who told us. */
export async function announceSessions(db: Reader, sessions: readonly SessionId[]): Promise<void> {
  if (sessions.length === 0) return;
  const changes = sessions.map((session): string => JSON.stringify({ session } satisfies Change));
  await sql`SELECT pg_notify(${CHANGES_CHANNEL}, change) FROM unnest(${changes}::text[]) AS change`.execute(db);
}
