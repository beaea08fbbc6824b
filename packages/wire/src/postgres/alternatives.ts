/**
 * What else a name may turn out to stand for. The client may use a name in a later pipeline section than the one that
 * makes it, before the server has answered; if the making fails, the older meaning is run. Within one section there is
 * no doubt: what follows a failure is skipped.
 */
import type { StatementSink } from '../statements.ts';
import { type Entry, olderOf } from './names.ts';

/** So many older meanings are told; a client that piles up more is refused. Drivers don't come near one. */
const MAX_ALTERNATIVES = 8;

function uncertain(entry: Entry | null, section: number): entry is Entry {
  return entry !== null && entry.previous !== null && entry.section !== section;
}

/** False when the name has more possible meanings than are told. */
export function countable(entry: Entry | null, section: number): boolean {
  if (!uncertain(entry, section)) return true;
  let count = 0;
  for (let older = olderOf(entry); older !== null; older = olderOf(older)) {
    count += 1;
    if (count > MAX_ALTERNATIVES) return false;
  }
  return true;
}

/** Tells what else `op` may turn out to use. */
export function tellAlternatives(sink: StatementSink, op: number, entry: Entry | null, section: number): void {
  if (!uncertain(entry, section)) return;
  for (let older = olderOf(entry); older !== null; older = olderOf(older)) {
    if (!older.closed) sink.alternative(op, older.ref);
  }
}
