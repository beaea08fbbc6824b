/**
 * How things are, for auditors and administrators, and for owners of what is theirs. Every figure is counted over a
 * bounded number of the newest rows, and says so when there were more: no installation is too old for this page.
 */
import type { Overview } from '@tidegate/contract';
import { type ResourceName, TidegateError } from '@tidegate/core';
import { type RawBuilder, sql } from 'kysely';
import type { Caller } from '../identity/caller.ts';
import { seesAll } from '../identity/permissions/may.ts';
import { isRefused } from '../record/search.ts';
import { anyOf } from '../store/any.ts';
import type { Reader } from '../store/schema.ts';
import { inSightOf } from './show.ts';

/** Rows of a kind that are counted. */
const COUNT = 50_000;
/** Of a list that leads on to its page. */
const SHOWN = 20;
const LONGEST_DAYS = 366;

interface Span {
  readonly since: Temporal.Instant;
  readonly until: Temporal.Instant;
  /** null: every resource. */
  readonly owned: readonly ResourceName[] | null;
}

/** `since` null: 30 days before `until`; `until` null: now. Throws `forbidden`, and `invalid_input` for more than a year. */
export async function showOverview(
  db: Reader,
  caller: Caller,
  asked: { readonly since: Temporal.Instant | null; readonly until: Temporal.Instant | null },
  now: Temporal.Instant,
): Promise<Overview> {
  const owned = seesAll(caller) ? null : await inSightOf(db, caller);
  if (owned?.length === 0) {
    throw new TidegateError(
      'forbidden',
      'Only auditors, administrators and owners of resources may see the overview.',
      'Ask one of them.',
    );
  }
  const until = asked.until ?? now;
  const since = asked.since ?? until.subtract({ hours: 30 * 24 });
  const days = (until.epochMilliseconds - since.epochMilliseconds) / 86_400_000;
  if (days <= 0 || days > LONGEST_DAYS) {
    throw new TidegateError('invalid_input', 'The overview is of a year at most, and begins before it ends.', '');
  }
  const span = { since, until, owned };
  const [open, requests, timeToApprove, breakGlass, refused, unused, people] = await Promise.all([
    openNow(db, span),
    requestsOf(db, span),
    approvalTimes(db, span),
    breakGlassOf(db, span),
    refusedAttempts(db, span),
    unusedGrants(db, span),
    mostAccess(db, span),
  ]);
  return {
    since: since.toString(),
    until: until.toString(),
    complete: requests.total < COUNT && refused.total < COUNT,
    open,
    requests,
    timeToApprove,
    breakGlass,
    refused,
    unused,
    people,
  };
}

const ofOwned = ({ owned }: Span, column: string): RawBuilder<boolean> =>
  owned === null ? sql<boolean>`true` : sql<boolean>`${sql.ref(column)} = ${anyOf(owned)}`;

const day = (column: RawBuilder<unknown>) => sql`to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD')`;

async function openNow(db: Reader, span: Span): Promise<Overview['open']> {
  const { rows } = await sql<{ role: string; resource: string; count: number }>`
    SELECT role, resource, count(*) AS count FROM grants
    WHERE state <> 'closed' AND starts_at IS NOT NULL AND ${ofOwned(span, 'resource')} GROUP BY role, resource`.execute(
    db,
  );
  return {
    total: rows.reduce((sum, { count }) => sum + count, 0),
    byRole: addedUp(rows, ({ role }) => role),
    byResource: addedUp(rows, ({ resource }) => resource).slice(0, SHOWN),
  };
}

/** The newest requests of the time, as SQL to select from. */
const newestRequests = (span: Span) => sql`(
  SELECT * FROM requests WHERE created_at >= ${span.since.toString()} AND created_at < ${span.until.toString()}
    AND ${ofOwned(span, 'resource')}
  ORDER BY created_at DESC, id DESC LIMIT ${COUNT}) AS requests`;

async function requestsOf(db: Reader, span: Span): Promise<Overview['requests']> {
  const { rows } = await sql<{ day: string; state: string; count: number }>`
    SELECT ${day(sql`created_at`)} AS day, state, count(*) AS count FROM ${newestRequests(span)}
    GROUP BY 1, 2 ORDER BY 1`.execute(db);
  const perDay = [...Map.groupBy(rows, (row) => row.day)].map(([date, states]) => {
    const of = (state: string) => states.find((row) => row.state === state)?.count ?? 0;
    const all = states.reduce((sum, { count }) => sum + count, 0);
    return { day: date, approved: of('approved'), denied: of('denied'), other: all - of('approved') - of('denied') };
  });
  return {
    total: rows.reduce((sum, { count }) => sum + count, 0),
    byState: addedUp(rows, ({ state }) => state),
    perDay,
  };
}

/** Of what people approved: a rule that asks nobody takes no time and would only flatter the figure. */
async function approvalTimes(db: Reader, span: Span): Promise<Overview['timeToApprove']> {
  interface Quantiles {
    readonly day: string | null;
    readonly count: number;
    readonly quantiles: readonly number[] | null;
  }
  const { rows } = await sql<Quantiles>`
    SELECT ${day(sql`created_at`)} AS day, count(*) AS count,
      percentile_cont(ARRAY[0.5, 0.9, 0.99]) WITHIN GROUP (ORDER BY extract(epoch FROM decided_at - created_at)::float8)
        AS quantiles
    FROM ${newestRequests(span)} WHERE state = 'approved' AND steps <> '[]'
    GROUP BY GROUPING SETS ((1), ()) ORDER BY 1 NULLS LAST`.execute(db);
  const all = rows.find((row) => row.day === null);
  const [p50, p90, p99] = all?.quantiles ?? [];
  return {
    count: all?.count ?? 0,
    seconds: p50 === undefined || p90 === undefined || p99 === undefined ? null : { p50, p90, p99 },
    perDay: rows.flatMap(({ day: date, quantiles }) => {
      const [half, most] = quantiles ?? [];
      return date === null || half === undefined || most === undefined ? [] : [{ day: date, p50: half, p90: most }];
    }),
  };
}

async function breakGlassOf(db: Reader, span: Span): Promise<Overview['breakGlass']> {
  const { rows } = await sql<Omit<Overview['breakGlass']['items'][number], 'at'> & { at: Temporal.Instant }>`
    SELECT id AS request, requester AS person, resource, role, created_at AS at FROM ${newestRequests(span)}
    WHERE break_glass ORDER BY created_at DESC, id DESC`.execute(db);
  return { total: rows.length, items: rows.slice(0, SHOWN).map(({ at, ...row }) => ({ ...row, at: at.toString() })) };
}

/** Entries name their resource in their text alone; canonical JSON writes it in one way. */
const ofOwnedEntries = ({ owned }: Span): RawBuilder<boolean> =>
  owned === null
    ? sql<boolean>`true`
    : sql<boolean>`substring(entry FROM '"resource":"([a-z0-9._-]{1,63})"') = ${anyOf(owned)}`;

async function refusedAttempts(db: Reader, span: Span): Promise<Overview['refused']> {
  const { rows } = await sql<{ day: string; kind: string; count: number }>`
    SELECT ${day(sql`at`)} AS day, kind, count(*) AS count FROM (
      SELECT at, kind FROM entries WHERE ${isRefused} AND at >= ${span.since.toString()} AND at < ${span.until.toString()}
        AND ${ofOwnedEntries(span)}
      ORDER BY at DESC LIMIT ${COUNT}) AS refused
    GROUP BY 1, 2 ORDER BY 1`.execute(db);
  return {
    total: rows.reduce((sum, { count }) => sum + count, 0),
    byKind: addedUp(rows, ({ kind }) => kind),
    perDay: [...Map.groupBy(rows, (row) => row.day)].map(([date, kinds]) => ({
      day: date,
      count: kinds.reduce((sum, { count }) => sum + count, 0),
    })),
  };
}

async function unusedGrants(db: Reader, span: Span): Promise<Overview['unused']> {
  const rows = await db
    .selectFrom('grants')
    .select(['id', 'person', 'resource', 'role', 'closedAt'])
    .where('state', '=', 'closed')
    .where('openedAt', 'is not', null)
    .where('closedAt', '>=', span.since)
    .where('closedAt', '<', span.until)
    .where(ofOwned(span, 'resource'))
    .where((eb) =>
      eb.not(
        eb.exists(eb.selectFrom('dbSessions').select('dbSessions.id').whereRef('dbSessions.grant', '=', 'grants.id')),
      ),
    )
    .orderBy('closedAt', 'desc')
    .limit(COUNT)
    .execute();
  return {
    total: rows.length,
    items: rows
      .slice(0, SHOWN)
      .map(({ id, closedAt, ...row }) => ({ grant: id, ...row, closedAt: (closedAt ?? span.until).toString() })),
  };
}

/** Hours in which a door stood open within the time, whether it was used or not. */
async function mostAccess(db: Reader, span: Span): Promise<Overview['people']> {
  const since = sql`${span.since.toString()}::timestamptz`;
  const until = sql`${span.until.toString()}::timestamptz`;
  const { rows } = await sql<Overview['people'][number]>`
    SELECT person, count(*) FILTER (WHERE state <> 'closed') AS open, count(*) AS grants,
      sum(extract(epoch FROM least(coalesce(closed_at, now()), expires_at, ${until}) - greatest(starts_at, ${since})) / 3600)
        ::float8 AS hours
    FROM (
      SELECT * FROM grants WHERE starts_at IS NOT NULL AND created_at < ${until}
        AND (state <> 'closed' OR closed_at > ${since}) AND ${ofOwned(span, 'resource')}
      ORDER BY created_at DESC, id DESC LIMIT ${COUNT}) AS held
    WHERE least(coalesce(closed_at, now()), expires_at, ${until}) > greatest(starts_at, ${since})
    GROUP BY person ORDER BY hours DESC, person LIMIT ${SHOWN}`.execute(db);
  return [...rows];
}

function addedUp<T extends { readonly count: number }>(rows: readonly T[], nameOf: (row: T) => string) {
  const sums = new Map<string, number>();
  for (const row of rows) sums.set(nameOf(row), (sums.get(nameOf(row)) ?? 0) + row.count);
  return [...sums]
    .map(([value, count]) => ({ value, count }))
    .sort((one, other) => other.count - one.count || (one.value < other.value ? -1 : 1));
}
