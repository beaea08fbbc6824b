/** What was done in one session, out of its record entries: the text, its values, what came of it, and when. */
import { type Outcome, recordData, type SessionStatement } from '@tidegate/contract';
import type { SessionId } from '@tidegate/core';
import { sql } from 'kysely';
import { z } from 'zod';
import { cursorInstant, type Page, type PageQuery, parseCursor } from '../store/cursor.ts';
import type { Reader } from '../store/schema.ts';

/** Entries read at once. A statement has two or three: what was bound, itself, its outcome. */
const READ = 1_000;
/** Entries that are read beyond the last statement of a page, for outcomes that are still to come. */
const AHEAD = 5_000;

const KINDS = ['statement', 'statement.bound', 'statement.outcome', 'session.cancel', 'session.ended'] as const;

interface Row {
  readonly at: Temporal.Instant;
  readonly stream: string;
  readonly seq: number;
  readonly kind: string;
  readonly entry: string;
}

const line = z.object({ data: z.unknown() });

/**
 * The session's entries after a place, put together as statements. Fed in order; each `take` answers the statements that
 * are new or have changed, so that a live view can be told of both.
 */
export class Statements {
  /** By op: outcomes and values come apart from their statement. */
  readonly #open = new Map<number, SessionStatement>();
  readonly #bound = new Map<number, SessionStatement['values']>();
  readonly #startedAt: Temporal.Instant;
  /** The last entry that was taken. */
  place: string | null;
  /** Its end is on record: nothing follows. */
  ended = false;

  constructor(startedAt: Temporal.Instant, place: string | null) {
    this.#startedAt = startedAt;
    this.place = place;
  }

  take(rows: readonly Row[]): SessionStatement[] {
    const changed = new Map<string, SessionStatement>();
    for (const row of rows) {
      const made = this.#takeOne(row);
      if (made !== null) changed.set(made.cursor, made);
      this.place = placeOf(row);
    }
    return [...changed.values()];
  }

  #takeOne(row: Row): SessionStatement | null {
    const { data } = line.parse(JSON.parse(row.entry));
    switch (row.kind) {
      case 'statement': {
        const said = recordData.statement.parse(data);
        const values = said.values ?? (said.bound === undefined ? null : (this.#bound.get(said.bound) ?? null));
        const made = { ...this.#begun(row), op: said.op, ...textOf(said), values };
        this.#open.set(said.op, made);
        this.#forgetOldest();
        return made;
      }
      case 'statement.bound': {
        const { op, values } = recordData['statement.bound'].parse(data);
        if (values !== undefined) this.#bound.set(op, values);
        return null;
      }
      case 'statement.outcome': {
        const { op, ...told } = recordData['statement.outcome'].parse(data);
        const open = this.#open.get(op);
        if (open === undefined) return null;
        const made = { ...open, outcome: added(open.outcome, { ...told, code: told.sqlstate }) };
        this.#open.set(op, made);
        return made;
      }
      case 'session.cancel':
        return { ...this.#begun(row), kind: 'cancel', op: null, ...NOTHING_SAID };
      case 'session.ended':
        this.ended = true;
        return null;
      default:
        return null;
    }
  }

  #begun(row: Row): Pick<SessionStatement, 'cursor' | 'kind' | 'at' | 'offsetMs' | 'outcome'> {
    return {
      cursor: placeOf(row),
      kind: 'statement',
      at: row.at.toString(),
      offsetMs: Math.max(0, row.at.epochMilliseconds - this.#startedAt.epochMilliseconds),
      outcome: null,
    };
  }

  /** A session may run for hours: what nobody will add to any more is not kept. */
  #forgetOldest(): void {
    for (const kept of [this.#open, this.#bound]) {
      const [oldest] = kept.keys();
      if (kept.size > AHEAD && oldest !== undefined) kept.delete(oldest);
    }
  }
}

const NOTHING_SAID = { text: null, fingerprint: null, bytes: null, values: null } as const;

const textOf = (said: z.output<typeof recordData.statement>) => ({
  text: said.text ?? null,
  fingerprint: said.fingerprint ?? null,
  bytes: said.bytes,
});

/** Several results of one statement: rows and times added up, the first error stays. */
function added(before: Outcome | null, told: Outcome): Outcome {
  const { state, command, rows, bytes, code, durationMs } = told;
  const fresh = { state, command, rows, bytes, code, durationMs };
  if (before === null) return fresh;
  const failed = before.state === 'error';
  return {
    state: failed ? 'error' : state,
    command: failed ? before.command : command,
    rows: sum(before.rows, rows),
    bytes: sum(before.bytes, bytes),
    code: before.code ?? code,
    durationMs: before.durationMs + durationMs,
  };
}

const sum = (one: number | null, other: number | null): number | null => (one === null ? other : one + (other ?? 0));

/** Oldest first. Of the last statements of a page the outcome may stand beyond it: it is looked for there, within bounds. */
export async function listStatements(
  db: Reader,
  session: { readonly id: SessionId; readonly startedAt: Temporal.Instant },
  { cursor, limit }: PageQuery,
): Promise<Page<SessionStatement>> {
  const made = new Statements(session.startedAt, cursor);
  const found = new Map<string, SessionStatement>();
  let beyond = 0;
  for (;;) {
    const rows = await readEntries(db, session.id, made.place);
    for (const statement of made.take(rows)) found.set(statement.cursor, statement);
    if (rows.length < READ) break;
    const page = [...found.values()].slice(0, limit);
    if (found.size > limit) {
      beyond += rows.length;
      if (beyond > AHEAD || page.every((each) => each.kind === 'cancel' || each.outcome !== null)) break;
    }
  }
  const all = [...found.values()];
  const last = all.length > limit ? all[limit - 1] : undefined;
  return { items: all.slice(0, limit), nextCursor: last?.cursor ?? null };
}

/** The entries of a session after a place, in order. */
export async function readEntries(db: Reader, session: SessionId, place: string | null): Promise<Row[]> {
  const from = parseCursor(place, 3);
  return db
    .selectFrom('entries')
    .select(['at', 'stream', 'seq', 'kind', 'entry'])
    .where('session', '=', session)
    .where('kind', 'in', [...KINDS])
    .$if(from !== null, (query) => query.where(afterPlace(from ?? [])))
    .orderBy('at')
    .orderBy('stream')
    .orderBy('seq')
    .limit(READ)
    .execute();
}

const placeOf = ({ at, stream, seq }: Row): string =>
  Buffer.from(JSON.stringify([at.toString(), stream, String(seq)])).toString('base64url');

const afterPlace = ([at = '', stream = '', seq = '']: readonly string[]) =>
  sql<boolean>`(at, stream, seq) > (${cursorInstant(at)}, ${stream}, ${Number(seq)})`;
