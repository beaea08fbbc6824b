/** Whoever stands in for somebody is told: when it is set, when it begins later than that, and when it is ended early. */
import { personName } from '@tidegate/contract';
import type { AuditEntry } from '@tidegate/core';
import { z } from 'zod';
import type { Reader } from '../store/schema.ts';
import type { Notice } from './notice.ts';

/** What both events have (`access/delegations.ts`). */
const about = z.object({ by: personName, person: personName, delegate: personName });
const times = z.object({ startsAt: z.string(), endsAt: z.string() });

/** To the minute, in UTC: whoever reads it may be anywhere. */
const minuteText = (at: Temporal.Instant): string =>
  `${at.toString({ smallestUnit: 'minute' }).slice(0, -1).replace('T', ' ')} UTC`;

/** What such an event tells the stand-in; null: another event, or they did it themselves. */
export function standInTold({ kind, data, seq, at: text }: AuditEntry): Notice | null {
  if (kind !== 'delegation.created' && kind !== 'delegation.ended') return null;
  const { by, person, delegate } = about.parse(data);
  if (by === delegate) return null;
  const at = Temporal.Instant.from(text);
  const told = kind === 'delegation.created' ? setText(person, at, data) : `You no longer stand in for ${person}.`;
  return { kind, once: `event ${seq}`, at, text: told, request: null, grant: null, to: [delegate] };
}

function setText(person: string, at: Temporal.Instant, data: unknown): string {
  const { startsAt, endsAt } = times.parse(data);
  const starts = Temporal.Instant.from(startsAt);
  const from = Temporal.Instant.compare(starts, at) > 0 ? `from ${minuteText(starts)} ` : '';
  return `You stand in for ${person} ${from}until ${minuteText(Temporal.Instant.from(endsAt))}.`;
}

/** Those that have begun and were set before that: due until they are over. */
export async function standInsBegun(db: Reader, now: Temporal.Instant): Promise<Notice[]> {
  const rows = await db
    .selectFrom('delegations')
    .select(['id', 'person', 'delegate', 'endsAt'])
    .where('startsAt', '<=', now)
    .whereRef('startsAt', '>', 'createdAt')
    .where('endsAt', '>', now)
    .where('endedAt', 'is', null)
    .execute();
  return rows.map(({ id, person, delegate, endsAt }) => ({
    kind: 'delegation.begun',
    once: `stand-in ${id} begun`,
    at: now,
    text: `You stand in for ${person} now, until ${minuteText(endsAt)}: what waits for them waits for you as well.`,
    request: null,
    grant: null,
    to: [delegate],
  }));
}
