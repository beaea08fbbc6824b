/**
 * The record searched by what was done. Each page looks at a bounded part of it, newest first, and says how far back it
 * got: however rare the find and however long the record, no call takes more than its share, and uploads pay for no
 * index that only searches need.
 */
import type { AuditQuery, SearchQuery } from '@tidegate/contract';
import type { AuditEntry, ResourceName } from '@tidegate/core';
import { type RawBuilder, sql } from 'kysely';
import { cursorInstant, type PageQuery, pageOf, parseCursor } from '../store/cursor.ts';
import type { Reader } from '../store/schema.ts';
import { matching } from './filter.ts';

/** Entries one page looks at: a fraction of a second on a small machine. */
const LOOK = 20_000;

export interface SearchPage {
  readonly items: readonly AuditEntry[];
  readonly nextCursor: string | null;
  readonly looked: number;
  readonly backTo: string | null;
}

interface Found {
  readonly at: Temporal.Instant;
  readonly stream: string;
  readonly seq: number;
  /** null: not a find, but the oldest entry that was looked at. */
  readonly entry: string | null;
  readonly looked: number | null;
}

/** `within` null: the whole record; else only what concerns these resources. */
export async function searchRecord(
  db: Reader,
  query: SearchQuery,
  within: readonly ResourceName[] | null,
  { cursor, limit }: PageQuery,
): Promise<SearchPage> {
  const from = parseCursor(cursor, 3);
  const looked = matching(db, { ...foundByIndex(query), ...(within === null ? {} : { within }) })
    .select(['at', 'stream', 'seq', 'kind', 'entry'])
    .$if(from !== null, (rows) => rows.where(beforeCursor(from ?? [])))
    .$if(query.outcome === 'refused', (rows) => rows.where(isRefused))
    .orderBy('at', 'desc')
    .orderBy('stream', 'desc')
    .orderBy('seq', 'desc')
    .limit(LOOK);
  const { rows } = await sql<Found>`
    WITH looked AS MATERIALIZED (${looked}),
    found AS (
      SELECT at, stream, seq, entry, NULL::bigint AS looked FROM looked WHERE ${tellsOf(query)}
      ORDER BY at DESC, stream DESC, seq DESC LIMIT ${limit + 1}
    ),
    edge AS (
      SELECT at, stream, seq, NULL::text AS entry, (SELECT count(*) FROM looked) AS looked FROM looked
      ORDER BY at, stream, seq LIMIT 1
    )
    SELECT * FROM found UNION ALL SELECT * FROM edge ORDER BY at DESC, stream DESC, seq DESC, entry NULLS LAST`.execute(
    db,
  );
  const found = rows.filter((row): row is Found & { entry: string } => row.entry !== null);
  const edge = rows.find(({ looked: count }) => count !== null);
  const page = pageOf(
    found,
    limit,
    ({ at, stream, seq }) => [at.toString(), stream, String(seq)],
    ({ entry }): AuditEntry => JSON.parse(entry),
  );
  const count = edge?.looked ?? 0;
  // More than a page was found, or there is more that nobody has looked at yet.
  const unseen = edge !== undefined && count === LOOK ? cursorOf(edge) : null;
  return {
    ...page,
    nextCursor: page.nextCursor ?? unseen,
    looked: count,
    backTo: page.nextCursor === null && unseen === null ? null : (edge?.at.toString() ?? null),
  };
}

/** What an index finds; anything else would have to be searched for without an end. */
export const foundByIndex = ({ kind: _kind, stream: _stream, ...rest }: SearchQuery): AuditQuery => rest;

const cursorOf = ({ at, stream, seq }: Found): string =>
  Buffer.from(JSON.stringify([at.toString(), stream, String(seq)])).toString('base64url');

const beforeCursor = ([at = '', stream = '', seq = '']: readonly string[]) =>
  sql<boolean>`(at, stream, seq) < (${cursorInstant(at)}, ${stream}, ${Number(seq)})`;

/** As the partial index has it, word for word: the planner takes it for nothing else. */
export const isRefused = sql<boolean>`(kind LIKE '%.refused' OR kind = 'login.failed')`;

/**
 * What only the entry itself tells. Canonical JSON writes every member in one way, and a quote within a text is never
 * bare there, so that a member is found exactly by its text.
 */
export function tellsOf({ stream, kind, resource, text, table, outcome }: SearchQuery): RawBuilder<boolean> {
  const all = [sql<boolean>`true`];
  if (stream !== undefined) all.push(sql<boolean>`stream = ${stream}`);
  if (kind !== undefined) all.push(sql<boolean>`kind = ${kind}`);
  if (resource !== undefined) all.push(holds(`"resource":${JSON.stringify(resource)}`));
  if (outcome !== undefined && outcome !== 'refused') {
    all.push(sql<boolean>`kind = 'statement.outcome'`, holds(`"state":${JSON.stringify(outcome)}`));
  }
  if (text !== undefined) {
    const asWritten = JSON.stringify(text).slice(1, -1).toLowerCase();
    all.push(sql<boolean>`position(${asWritten} IN lower(${DATA})) > 0`);
  }
  if (table !== undefined) {
    const word = `(^|[^[:alnum:]_])${JSON.stringify(table)
      .slice(1, -1)
      .replace(/[^\p{L}\p{N}_]/gu, '\\$&')}([^[:alnum:]_]|$)`;
    all.push(sql<boolean>`kind IN ('statement', 'statement.prepared') AND ${TEXT} ~* ${word}`);
  }
  return sql<boolean>`${sql.join(all, sql` AND `)}`;
}

/** What was recorded, without the hash and the stream's name beside it. Members stand in order: at, data, hash, … */
const DATA = sql`substring(entry FROM '"data":(.*),"hash":"[0-9a-f]{64}"')`;

/** A statement's own text, as JSON writes it. */
const TEXT = sql`substring(entry FROM '"text":"((?:[^"\\\\]|\\\\.)*)"')`;

const holds = (member: string) => sql<boolean>`position(${member} IN entry) > 0`;
