/**
 * Turns spool entries into records: each entry that is a record into exactly one `data` of the contract's kinds
 * (contract/record). Work that the relay left for later: text, values by their types, durations.
 */
import type { JsonObject, JsonValue } from '@tidegate/core';
import { Outcome, UNKNOWN_TOTAL } from '@tidegate/wire';
import { engineOf } from '../engines/engines.ts';
import type { SessionInfo } from '../relay/recorder.ts';
import { DecodeState, type Prepared, type SessionState } from './decode-state.ts';
import { decodeOutcome, type Entry, EntryKind, Flag, isRecord } from './format.ts';
import { cleanJson, exactText, incompleteTail, textOf, withoutNul } from './text.ts';

export interface DecodedRecord {
  readonly kind: string;
  /** RFC 3339 UTC, milliseconds. */
  readonly at: string;
  readonly data: JsonObject;
}

/** A prepared statement's text is repeated with each execution up to this many characters; else `prepared` refers to it. */
const REPEATED_TEXT_MAX = 32 * 1024;

const STATES: Readonly<Record<number, string>> = {
  [Outcome.done]: 'done',
  [Outcome.error]: 'error',
  [Outcome.suspended]: 'suspended',
  [Outcome.skipped]: 'skipped',
  [Outcome.empty]: 'done',
  [Outcome.lost]: 'unknown',
};

type Data = Record<string, JsonValue | undefined>;

export class Decoder {
  #state = new DecodeState();

  /** What was remembered from the entries so far; give it to `resume` before the entries that follow. */
  get state(): DecodeState {
    return this.#state;
  }

  resume(state: DecodeState): void {
    this.#state = state;
  }

  /** The record that an entry is; null for context. `offset` is its block's. Never throws for what an entry holds. */
  decode(entry: Entry, offset: number): DecodedRecord | null {
    if (!isRecord(entry.kind)) {
      this.#context(entry);
      return null;
    }
    const at = new Date(Math.max(0, Math.floor(entry.time + offset))).toISOString();
    try {
      const { kind, data } = this.#record(entry);
      return { kind, at, data: tidy(data) };
    } catch (error) {
      const { kind, session, bytes } = entry;
      const because = error instanceof Error ? error.message : 'unknown';
      const data = { entry: kind, session, base64: bytes.toString('base64'), because: because.slice(0, 500) };
      return { kind: 'record.unreadable', at, data: tidy(data) };
    }
  }

  #context(entry: Entry): void {
    const { kind, session: number, a, b, bytes } = entry;
    const session = this.#state.sessions.get(number);
    switch (kind) {
      case EntryKind.session:
        this.#state.open(number, info(bytes));
        break;
      case EntryKind.types: {
        const prepared = this.#state.prepared(number, a);
        if (prepared !== undefined) prepared.types = Buffer.from(bytes);
        break;
      }
      case EntryKind.named: {
        const name = textOf(bytes).text;
        this.#state.remember(number, a, { name, bytes: 0, text: null, fingerprint: null, types: null });
        break;
      }
      case EntryKind.alternative:
        if (session !== undefined) session.alternative = { op: a, other: b };
        break;
      case EntryKind.finished:
        session?.running.delete(a);
        break;
      default:
      // Context of a later version: nothing we could use.
    }
  }

  #record(entry: Entry): { kind: string; data: Data } {
    const { session: number, bytes } = entry;
    if (entry.kind === EntryKind.refused) return { kind: 'session.refused', data: json(bytes) };
    if (entry.kind === EntryKind.principal) return { kind: 'principal', data: json(bytes) };
    if (entry.kind === EntryKind.started) {
      const session = info(bytes);
      this.#state.open(number, session);
      return { kind: 'session.started', data: who(session) };
    }
    const session = this.#state.sessions.get(number);
    if (session === undefined) throw new Error('nothing says whose session this is');
    const { kind, data } = this.#ofSession(entry, session);
    return { kind, data: { ...who(session.info), ...data } };
  }

  #ofSession(entry: Entry, session: SessionState): { kind: string; data: Data } {
    switch (entry.kind) {
      case EntryKind.ended:
        this.#state.close(entry.session);
        return { kind: 'session.ended', data: json(entry.bytes) };
      case EntryKind.prepare:
        return { kind: 'statement.prepared', data: this.#prepare(entry, session) };
      case EntryKind.bind:
        return { kind: 'statement.bound', data: this.#bind(entry, session) };
      case EntryKind.execute:
        return { kind: 'statement', data: this.#execute(entry, session) };
      case EntryKind.simple:
        return { kind: 'statement', data: this.#simple(entry, session) };
      case EntryKind.call:
        return { kind: 'statement', data: this.#call(entry, session) };
      case EntryKind.part:
        return { kind: 'statement.part', data: this.#part(entry, session) };
      case EntryKind.uploaded:
        return { kind: 'statement.uploaded', data: uploaded(entry) };
      case EntryKind.outcome:
        return { kind: 'statement.outcome', data: this.#outcome(entry, session) };
      case EntryKind.cancel:
        return { kind: 'session.cancel', data: {} };
      default:
        throw new Error('no such kind of entry');
    }
  }

  #prepare(entry: Entry, session: SessionState): Data {
    const { a: op, b: total, c: nameLength } = entry;
    const name = textOf(entry.bytes.subarray(0, nameLength)).text;
    const said = this.#said(entry, session, entry.bytes.subarray(nameLength), total, op);
    const { text = null, fingerprint = null } = said;
    this.#state.remember(entry.session, op, {
      name,
      bytes: total,
      text: text === null || text.length > REPEATED_TEXT_MAX || session.parts?.ref === op ? null : text,
      fingerprint,
      types: null,
    });
    return { op, name, ...said, bytes: known(total) };
  }

  #bind(entry: Entry, session: SessionState): Data {
    const { a: op, b: statement, c: total } = entry;
    const prepared = this.#state.prepared(entry.session, statement);
    return { op, ...this.#uses(session, op, statement, prepared), values: values(entry, session, prepared, op, total) };
  }

  #execute(entry: Entry, session: SessionState): Data {
    const { a: op, b: statement, c: binding, d: maxRows } = entry;
    const prepared = this.#state.prepared(entry.session, statement);
    begin(session, op, entry.time);
    const own = binding === op;
    return {
      op,
      protocol: 'extended',
      text: prepared?.text ?? undefined,
      fingerprint: prepared?.fingerprint ?? undefined,
      bytes: known(prepared?.bytes ?? 0),
      ...this.#uses(session, op, statement, prepared),
      bound: own ? undefined : binding,
      maxRows: maxRows === 0 ? undefined : maxRows,
      values: own ? values(entry, session, prepared, op, entry.bytes.length) : undefined,
    };
  }

  #simple(entry: Entry, session: SessionState): Data {
    const { a: op, b: total } = entry;
    begin(session, op, entry.time);
    return { op, protocol: 'simple', ...this.#said(entry, session, entry.bytes, total, op), bytes: known(total) };
  }

  #call(entry: Entry, session: SessionState): Data {
    const { a: op, b: total, bytes } = entry;
    begin(session, op, entry.time);
    const call = { op, protocol: 'call', bytes: known(total) };
    const { record } = engineOf(session.info.engine);
    if ((entry.flags & Flag.withheld) !== 0) {
      return bytes.length === 0 ? call : { ...call, text: withoutNul(record.call(bytes, true).text) };
    }
    const partial = total > bytes.length;
    if (partial) expectParts(session, op);
    const { text, values } = record.call(bytes, partial);
    return { ...call, text: withoutNul(text), values: cleanJson(values) };
  }

  #part(entry: Entry, session: SessionState): Data {
    const { a: op, b: offset, flags, bytes } = entry;
    const total = known(entry.c);
    const last = (flags & Flag.last) !== 0;
    const parts = session.parts;
    if (last) session.parts = null;
    if ((flags & Flag.fingerprint) !== 0) return { op, offset, total, last, fingerprint: bytes.toString('latin1') };
    if ((flags & Flag.withheld) !== 0) return { op, offset, total, last };
    if (parts === null || parts.ref !== op || !parts.text) {
      return { op, offset, total, last, base64: bytes.toString('base64') };
    }
    const piece = Buffer.concat([parts.carry, bytes]);
    const from = offset - parts.carry.length;
    const { encoding } = engineOf(session.info.engine).record;
    const tail = last ? 0 : incompleteTail(piece, encoding);
    const kept = piece.subarray(0, piece.length - tail);
    parts.carry = Buffer.from(piece.subarray(kept.length));
    const text = exactText(kept, encoding);
    return { op, offset: from, total, last, ...(text === null ? { base64: kept.toString('base64') } : { text }) };
  }

  #outcome(entry: Entry, session: SessionState): Data {
    const { a: op, b: index, c: code, flags, time } = entry;
    const { rows, bytesIn, bytesOut, tag } = decodeOutcome(entry);
    const state = STATES[code] ?? 'unknown';
    const since = session.running.get(op) ?? time;
    if ((flags & Flag.more) === 0) session.running.delete(op);
    const ran = state === 'done' || state === 'suspended';
    return {
      op,
      index,
      state,
      command: state === 'done' ? tag.replace(/( \d+)+$/, '') : '',
      rows: ran && rows >= 0 ? rows : null,
      bytes: bytesIn + bytesOut,
      sqlstate: state === 'error' ? tag : null,
      durationMs: Math.max(0, Math.round((time - since) * 1000) / 1000),
    };
  }

  /** The text, or what stands for it. Begins a statement's parts where this is only its beginning. */
  #said(
    entry: Entry,
    session: SessionState,
    bytes: Buffer,
    total: number,
    op: number,
  ): { text?: string; base64?: string; fingerprint?: string } {
    if ((entry.flags & Flag.fingerprint) !== 0) return { fingerprint: bytes.toString('latin1') };
    const { encoding } = engineOf(session.info.engine).record;
    if (total <= bytes.length) return textOf(bytes, encoding);
    const cut = bytes.length - incompleteTail(bytes, encoding);
    session.parts = { ref: op, text: true, carry: Buffer.from(bytes.subarray(cut)) };
    return textOf(bytes.subarray(0, cut), encoding);
  }

  #uses(session: SessionState, op: number, statement: number, prepared: Prepared | undefined): Data {
    const other = session.alternative?.op === op ? session.alternative.other : undefined;
    if (other !== undefined) session.alternative = null;
    return {
      prepared: statement === 0 ? undefined : statement,
      alternative: other,
      name: prepared === undefined || prepared.name === '' ? undefined : prepared.name,
    };
  }
}

function values(
  entry: Entry,
  session: SessionState,
  prepared: Prepared | undefined,
  op: number,
  total: number,
): JsonValue | undefined {
  if ((entry.flags & Flag.withheld) !== 0) return undefined;
  const partial = total > entry.bytes.length;
  if (partial) expectParts(session, op);
  return cleanJson(engineOf(session.info.engine).record.values(entry.bytes, prepared?.types ?? null, partial));
}

function uploaded({ a: op, b: low, c: high, d: nameLength, flags, bytes }: Entry): Data {
  return {
    op,
    file: textOf(bytes.subarray(0, nameLength)).text,
    bytes: high * 2 ** 32 + low,
    whole: (flags & Flag.last) !== 0,
    sha256: (flags & Flag.withheld) !== 0 ? undefined : bytes.toString('hex', nameLength),
  };
}

const known = (total: number): number | null => (total === UNKNOWN_TOTAL ? null : total);

/** The rest of the values comes in records of its own, as sent. */
function expectParts(session: SessionState, op: number): void {
  session.parts = { ref: op, text: false, carry: Buffer.alloc(0) };
}

function begin(session: SessionState, op: number, time: number): void {
  session.running.set(op, time);
  session.statements += 1;
}

const who = (of: SessionInfo): Data => {
  const { session, grant, person, principal, resource, role, database, clientAddress, application } = of;
  return { session, grant, person, principal, resource, role, database, clientAddress, application };
};

/** Our own writer's JSON, under a CRC: what it is was checked when it was written. */
const json = (bytes: Buffer): Data => JSON.parse(bytes.toString('utf8'), cleanMember);
const info = (bytes: Buffer): SessionInfo => JSON.parse(bytes.toString('utf8'), cleanMember);
const cleanMember = (_key: string, value: unknown): unknown => (typeof value === 'string' ? withoutNul(value) : value);

/** Without the members that are undefined: they have no place in canonical JSON. */
function tidy(data: Data): JsonObject {
  const object: Record<string, JsonValue> = {};
  for (const [key, value] of Object.entries(data)) if (value !== undefined) object[key] = value;
  return object;
}
