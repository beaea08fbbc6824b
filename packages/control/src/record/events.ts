/**
 * The control plane's own events: the stream `control`, chained in the transaction that causes them, so that nothing
 * happens without its event and no event tells what did not happen.
 */
import { type JsonObject, type StreamId, textsAround } from '@tidegate/core';
import { sql } from 'kysely';
import { commitsEarly } from '../store/flush.ts';
import { UNAWAITED } from '../store/prepared.ts';
import type { Tx } from '../store/schema.ts';
import { foundBy } from './rows.ts';

/** The stream whose row `migrations/0002_record.ts` makes. */
export const CONTROL_STREAM = 'control' as StreamId;

/**
 * One thing that happened. The names `person` (whom it is about, else `by`, who did it), `grant` and `session` in
 * `data` are what the record can be searched by. No secrets.
 */
export interface ControlEvent {
  /** Dotted, past tense: `request.created`, `grant.opened`, `login.failed`. */
  readonly kind: string;
  readonly at: Temporal.Instant;
  readonly data: JsonObject;
}

/**
 * Appends events to the stream `control`, in order, when `tx` commits: they take their place in the chain then, so that
 * its head is locked for that moment alone (docs/adr/0004).
 */
export async function appendEvent(tx: Tx, ...events: readonly ControlEvent[]): Promise<void> {
  if (events.length === 0) return;
  const facts = events.map(({ kind, at, data }) => {
    const fact = { stream: CONTROL_STREAM, kind, at: at.toString(), data };
    return { ...fact, ...textsAround(fact), ...foundBy(data) };
  });
  const column = <K extends keyof (typeof facts)[number]>(name: K) => facts.map((fact) => fact[name]);
  commitsEarly(tx);
  await sql`${sql.raw(UNAWAITED)}INSERT INTO appending (stream, ats, kinds, befores, middles, afters, grants, sessions, people)
    VALUES (${CONTROL_STREAM}, ${column('at')}, ${column('kind')}, ${column('before')}, ${column('middle')},
            ${column('after')}, ${column('grant')}, ${column('session')}, ${column('person')})`.execute(tx);
}
