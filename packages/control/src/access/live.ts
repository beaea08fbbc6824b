/** A session looked at while it runs: each statement as it comes on record, and again with what came of it. */
import type { SessionDetail, SessionStatement } from '@tidegate/contract';
import { type SessionId, TidegateError } from '@tidegate/core';
import type { Context } from '../context.ts';
import type { Caller } from '../identity/caller.ts';
import { isMeant, RECORD_CHANNEL } from '../record/announce.ts';
import { showSession } from './sessions.ts';
import { readEntries, Statements } from './statements.ts';

export type LiveEvent =
  | { readonly type: 'statement'; readonly statement: SessionStatement }
  | { readonly type: 'ended'; readonly session: SessionDetail }
  /** Nothing happened; the connection lives. */
  | { readonly type: 'quiet' };

/** Proxies cut what says nothing for a minute. */
const QUIET_MS = 15_000;
/** Then the client comes again by itself, and is asked again who it is. */
const LONGEST_MS = 5 * 60_000;
/** A gateway that is gone for good records no end. */
const END_OVERDUE_MS = 60_000;
/** Looking on is a favour: it must not take the control plane's memory. */
const ONLOOKERS_MAX = 500;

let onlookers = 0;

/**
 * From `after` on (null: from the session's beginning) until its end, or five minutes. Throws `not_found` to whoever may
 * not see the session, before the first event.
 */
export async function watchSession(
  context: Context,
  caller: Caller,
  id: SessionId,
  after: string | null,
  signal: AbortSignal,
): Promise<AsyncGenerator<LiveEvent>> {
  const { startedAt } = await showSession(context.store.db, caller, id);
  if (onlookers >= ONLOOKERS_MAX) {
    throw new TidegateError('unavailable', 'Too many people look at sessions just now.', 'Try again in a minute.');
  }
  return events(context, caller, id, new Statements(startedAt, after), signal);
}

async function* events(
  { store, now }: Context,
  caller: Caller,
  id: SessionId,
  made: Statements,
  signal: AbortSignal,
): AsyncGenerator<LiveEvent> {
  onlookers += 1;
  let heard = Promise.withResolvers<void>();
  const forget = store.listen(RECORD_CHANNEL, (payload) => {
    if (isMeant(payload, id)) heard.resolve();
  });
  const gone = (): void => heard.resolve();
  signal.addEventListener('abort', gone, { once: true });
  const until = now().add({ milliseconds: LONGEST_MS });
  try {
    while (!signal.aborted && Temporal.Instant.compare(now(), until) < 0) {
      // Listening came first: what is recorded after this read is heard.
      const next = Promise.withResolvers<void>();
      heard = next;
      const rows = await readEntries(store.db, id, made.place);
      for (const statement of made.take(rows)) yield { type: 'statement', statement };
      if (made.ended || (rows.length === 0 && (await isOverdue(store.db, caller, id, now())))) {
        yield { type: 'ended', session: (await showSession(store.db, caller, id)).detail };
        return;
      }
      if (rows.length > 0) continue;
      const timer = setTimeout(() => next.resolve(), QUIET_MS);
      await next.promise;
      clearTimeout(timer);
      yield { type: 'quiet' };
    }
  } finally {
    onlookers -= 1;
    forget();
    signal.removeEventListener('abort', gone);
  }
}

async function isOverdue(
  db: Context['store']['db'],
  caller: Caller,
  id: SessionId,
  now: Temporal.Instant,
): Promise<boolean> {
  const { endedAt } = (await showSession(db, caller, id)).detail;
  return endedAt !== null && now.epochMilliseconds - Temporal.Instant.from(endedAt).epochMilliseconds > END_OVERDUE_MS;
}
