/**
 * The control plane's own events: the stream `control`, chained in the transaction that causes them, so that nothing
 * happens without its event and no event tells what did not happen.
 */
import type { Transaction } from 'kysely';
import type { Database } from '../store/schema.ts';

/**
 * One thing that happened. `data` is JSON; the names `person` (whom it is about, else `by`, who did it), `grant` and
 * `session` in it are what the record can be searched by. No secrets.
 */
export interface ControlEvent {
  /** Dotted, past tense: `request.created`, `grant.opened`, `login.failed`. */
  readonly kind: string;
  readonly at: Temporal.Instant;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * Appends events to the stream `control`, in order. Call it LAST in the transaction: it locks the head of the stream
 * until the commit, and whoever appends at the same time waits that long.
 */
export async function appendEvent(tx: Transaction<Database>, ...events: readonly ControlEvent[]): Promise<void> {
  throw new Error(`not yet: ${tx.isTransaction} ${events.length}`);
}
