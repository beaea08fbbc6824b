/** What the address of the record's search may say, and how it is read. */

/** What the address keeps. `span` is counted back from now; `since` and `until` come of a bar that was chosen. */
export interface RecordSearch {
  readonly text?: string;
  readonly table?: string;
  readonly person?: string;
  readonly resource?: string;
  readonly kind?: string;
  readonly outcome?: 'done' | 'error' | 'unknown' | 'refused';
  readonly grant?: string;
  readonly session?: string;
  readonly span?: 'PT1H' | 'P7D' | 'P30D' | 'all';
  readonly since?: string;
  readonly until?: string;
}

const TEXTS = ['text', 'table', 'person', 'resource', 'kind', 'grant', 'session'] as const;
const OUTCOMES: readonly unknown[] = ['done', 'error', 'unknown', 'refused'];
const SPANS: readonly unknown[] = ['PT1H', 'P7D', 'P30D', 'all'];
const isTime = (value: unknown): value is string => typeof value === 'string' && !Number.isNaN(Date.parse(value));

/** What is not understood is left out: an old link still leads to the record. */
export function recordSearch(from: Record<string, unknown>): RecordSearch {
  const kept: Record<string, unknown> = {};
  for (const name of TEXTS) {
    const value = from[name];
    // A number in the address is a text that happens to be one.
    const text = typeof value === 'number' ? String(value) : value;
    if (typeof text === 'string' && text.trim() !== '') kept[name] = text.trim();
  }
  if (OUTCOMES.includes(from.outcome)) kept.outcome = from.outcome;
  if (SPANS.includes(from.span)) kept.span = from.span;
  if (isTime(from.since)) kept.since = from.since;
  if (isTime(from.until)) kept.until = from.until;
  return kept;
}
