/** How much was done when, by whom, on what, with which outcome: counted over a bounded number of the newest entries. */
import type { RecordSummary, SearchQuery } from '@tidegate/contract';
import { type ResourceName, TidegateError } from '@tidegate/core';
import { sql } from 'kysely';
import type { Reader } from '../store/schema.ts';
import { matching } from './filter.ts';
import { foundByIndex, isRefused, tellsOf } from './search.ts';

/** Entries that are counted at most. */
const COUNT = 50_000;
/** Values of a facet that are told: the most frequent ones. */
const FACET = 12;
const BUCKETS = 60;
/** Widths people read at a glance, in seconds. */
const WIDTHS = [1, 5, 15, 60, 300, 900, 3600, 10_800, 21_600, 86_400, 604_800, 2_592_000] as const;

interface Counted {
  readonly bucket: number | null;
  readonly kind: string | null;
  readonly person: string | null;
  readonly resource: string | null;
  readonly outcome: string | null;
  readonly set: number;
  readonly count: number;
  readonly oldest: Temporal.Instant;
}

/**
 * `since` left out: a day before `until`; `until` left out: now. `within` null: of the whole record; else of what concerns
 * these resources. Throws `invalid_input` for a time that ends before it begins.
 */
export async function summarise(
  db: Reader,
  query: SearchQuery,
  within: readonly ResourceName[] | null,
  now: Temporal.Instant,
): Promise<RecordSummary> {
  const until = query.until === undefined ? now : Temporal.Instant.from(query.until);
  const since = query.since === undefined ? until.subtract({ hours: 24 }) : Temporal.Instant.from(query.since);
  if (Temporal.Instant.compare(since, until) >= 0) {
    throw new TidegateError('invalid_input', 'The time ends before it begins.', 'Give a `since` before `until`.');
  }
  const width = widthFor(since, until);
  const asked = { ...query, since: since.toString(), until: until.toString() };
  const rows = await counts(db, asked, within, width);
  const inBuckets = rows.filter(({ set }) => set === SETS.bucket);
  const total = inBuckets.reduce((sum, { count }) => sum + count, 0);
  const looked = rows.find(({ set }) => set === SETS.all);
  const complete = (looked?.count ?? 0) < COUNT;
  const from = complete ? since : (looked?.oldest ?? since);
  const facet = (name: 'kind' | 'person' | 'resource' | 'outcome') =>
    rows
      .filter((row) => row.set === SETS[name] && row[name] !== null)
      .map((row) => ({ value: row[name] ?? '', count: row.count }))
      .sort((one, other) => other.count - one.count || (one.value < other.value ? -1 : 1))
      .slice(0, FACET);
  return {
    from: from.toString(),
    until: until.toString(),
    complete,
    total,
    bucketSeconds: width,
    buckets: bucketsOf(inBuckets, from, until, width),
    facets: { kind: facet('kind'), person: facet('person'), resource: facet('resource'), outcome: facet('outcome') },
  };
}

/** Bits of PostgreSQL's GROUPING(bucket, kind, person, resource, outcome): one is set for what is not grouped by. */
const SETS = {
  bucket: 0b00111,
  kind: 0b10111,
  person: 0b11011,
  resource: 0b11101,
  outcome: 0b11110,
  all: 0b11111,
} as const;

async function counts(
  db: Reader,
  query: SearchQuery,
  within: readonly ResourceName[] | null,
  width: number,
): Promise<readonly Counted[]> {
  const looked = matching(db, { ...foundByIndex(query), ...(within === null ? {} : { within }) })
    .select(['stream', 'at', 'kind', 'entry', 'person'])
    .$if(query.outcome === 'refused', (rows) => rows.where(isRefused))
    .orderBy('at', 'desc')
    .limit(COUNT);
  // All that was looked at is counted too (the last set), so that the caller knows whether it was all there is.
  const { rows } = await sql<Counted>`
    WITH looked AS MATERIALIZED (${looked}),
    told AS (
      SELECT floor(extract(epoch FROM at) / ${width})::bigint AS bucket, kind, person, at,
        substring(entry FROM '"resource":"([a-z0-9._-]{1,63})"') AS resource,
        CASE WHEN kind = 'statement.outcome' THEN substring(entry FROM '"state":"([a-z]+)"')
             WHEN ${isRefused} THEN 'refused' END AS outcome
      FROM looked WHERE ${tellsOf(query)}
    )
    SELECT bucket, kind, person, resource, outcome, GROUPING(bucket, kind, person, resource, outcome) AS set,
      count(*) AS count, min(at) AS oldest
    FROM told GROUP BY GROUPING SETS ((bucket, kind), (kind), (person), (resource), (outcome))
    UNION ALL
    SELECT NULL, NULL, NULL, NULL, NULL, ${SETS.all}::integer, count(*), COALESCE(min(at), now()) FROM looked`.execute(
    db,
  );
  return rows;
}

function widthFor(since: Temporal.Instant, until: Temporal.Instant): number {
  const seconds = (until.epochMilliseconds - since.epochMilliseconds) / 1000;
  return WIDTHS.find((width) => seconds / width <= BUCKETS) ?? Math.ceil(seconds / BUCKETS);
}

/** Those of nothing too, so that a gap is seen as one. */
function bucketsOf(
  rows: readonly Counted[],
  from: Temporal.Instant,
  until: Temporal.Instant,
  width: number,
): RecordSummary['buckets'] {
  const first = Math.floor(from.epochMilliseconds / 1000 / width);
  const last = Math.floor((until.epochMilliseconds - 1) / 1000 / width);
  const byBucket = Map.groupBy(rows, ({ bucket }) => bucket ?? first);
  return Array.from({ length: last - first + 1 }, (_, ahead) => {
    const areas: Record<string, number> = {};
    for (const { kind, count } of byBucket.get(first + ahead) ?? []) {
      const area = kind?.split('.')[0] ?? '';
      areas[area] = (areas[area] ?? 0) + count;
    }
    return { at: Temporal.Instant.fromEpochMilliseconds((first + ahead) * width * 1000).toString(), areas };
  });
}
