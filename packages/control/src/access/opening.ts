/**
 * The moment between approval and an open door. A grant is scheduled until a gateway has made its principal, which takes
 * a fraction of a second: whoever connects right after being approved is not to be told "no" for that.
 */
import { type GrantId, type PersonName, type ResourceName, type RoleName, reached } from '@tidegate/core';
import type { Context } from '../context.ts';
import { showGrant } from './show.ts';
import { whenChanged } from './wait.ts';

/** A grant that has not opened by then has another trouble, which `problem` names. */
const OPENING_SECONDS = 10;

interface Meant {
  readonly person: PersonName;
  readonly resource: ResourceName;
  readonly grant: GrantId | null;
  readonly role: RoleName | null;
}

/** Waits while the newest grant that is meant is about to open; returns when it has, or will not soon. */
export async function whileOpening({ store, now }: Context, meant: Meant, signal: AbortSignal): Promise<void> {
  const newest = await store.db
    .selectFrom('grants')
    .selectAll()
    .where('person', '=', meant.person)
    .where('resource', '=', meant.resource)
    .where('state', 'in', ['scheduled', 'active'])
    .$if(meant.grant !== null, (query) => query.where('id', '=', meant.grant))
    .$if(meant.role !== null, (query) => query.where('role', '=', meant.role))
    .orderBy('createdAt', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (newest?.state !== 'scheduled' || newest.problem !== null) return;
  if (newest.notBefore !== null && !reached(newest.notBefore, now())) return;
  await whenChanged(store, () => showGrant(store.db, newest.id), { seconds: OPENING_SECONDS, signal });
}
