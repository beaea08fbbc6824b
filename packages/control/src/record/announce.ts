/** Tells whoever looks on that a session's record went on. Only for looking: what is missed is read at the next one. */
import { sql } from 'kysely';
import type { Store } from '../store/store.ts';

/** Announced with ids of sessions, one space between them; with nothing when there are too many to name. */
export const RECORD_CHANNEL = 'tidegate_record';

/** PostgreSQL takes 8,000 bytes; an id has 20. */
const NAMED_MAX = 300;

const waiting = new WeakMap<Store, Set<string>>();

/**
 * After the commit and beside it: an announcement within would have all uploads commit one after the other. One is under
 * way at a time; what comes meanwhile goes with the next.
 */
export function announceRecord(store: Store, sessions: Iterable<string>): void {
  const already = waiting.get(store);
  const next = already ?? new Set<string>();
  for (const session of sessions) next.add(session);
  if (already !== undefined || next.size === 0) return;
  waiting.set(store, next);
  void (async () => {
    while (next.size > 0) {
      const payload = next.size > NAMED_MAX ? '' : [...next].join(' ');
      next.clear();
      // A store that is out of reach tells nobody, and nobody here could do anything about it: the upload is committed and
      // answered, the next query of anybody's says that the store is away, and listeners look again once they are back.
      await sql`SELECT pg_notify(${RECORD_CHANNEL}, ${payload})`.execute(store.db).catch(() => undefined);
    }
    waiting.delete(store);
  })();
}

/** Is this session, or maybe any, meant? `null`: the listener was away, anything may have happened. */
export const isMeant = (payload: string | null, session: string): boolean =>
  payload === null || payload === '' || payload.includes(session);
