/**
 * The spool's binary format: how a relay worker puts on disk what it saw, and how main reads it back.
 *
 * A segment file is a header and then blocks. A block is what one write puts there: the entries of one turn of the event
 * loop, under one length and one CRC. It is whole or it never happened: a block torn by kill -9 or a full disk belongs
 * to chunks that were never forwarded (promise 3), so a reader may drop it.
 *
 *     segment  magic[8]  length u32  crc u32  JSON (SegmentHeader)           then blocks
 *     block    length u32  crc u32  first u64 as f64  offset f64             then entries; `length` counts all of it
 *     entry    length u32  kind u8  flags u8  0 u16  session u32  time f64  a b c d u32   then bytes
 *
 * Little-endian. Entries of kinds below `CONTEXT` are records: one becomes one line of the audit record, and the nth of
 * a block has the number `first` + n. The others help to read them. `time` is the writer's monotonic clock in
 * milliseconds, so that durations survive a step of the wall clock; `offset` turns it into the control plane's clock.
 */
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { writerProcess } from './writer-process.ts';

const MAGIC = Buffer.from('TIDESPL1', 'latin1');
const SEGMENT_PREFIX = MAGIC.length + 8;
const BLOCK_HEADER = 24;
const ENTRY_HEADER = 36;
/** An outcome's three doubles, before its tag. */
const OUTCOME_NUMBERS = 24;
/** A block is closed when it has grown to this, so that a reader's window stays small. */
const BLOCK_TARGET = 256 * 1024;
/** No writer makes a larger block (an entry is at most one received chunk); a length above this is damage. */
const BLOCK_MAX = 64 * 1024 * 1024;

/** Kinds from here on are context, not records. */
const CONTEXT = 64;

/** What `a`, `b`, `c`, `d` and the bytes of each kind are. */
export const EntryKind = {
  /** JSON of `SessionInfo`. */
  started: 1,
  /** JSON of `RefusedLogin`. Session 0. */
  refused: 2,
  /** JSON: because, by, statements, bytesToClient, bytesToServer. */
  ended: 3,
  /** a statement, b total, c length of the name; the name, then the text. */
  prepare: 4,
  /** a binding, b statement, c total; the values. */
  bind: 5,
  /** a op, b statement, c binding, d maxRows; the values when the binding is the op. */
  execute: 6,
  /** a op, b total; the text. */
  simple: 7,
  /** a op, b total; the call (withheld: perhaps what is called). */
  call: 8,
  /** a ref, b offset, c total; the piece. Flag `last`. */
  part: 9,
  /** a ref, b index, c state; rows, bytesIn, bytesOut as f64, then the tag or code. Flag `more`. */
  outcome: 10,
  cancel: 11,
  /** JSON of the contract's `principal` record. Session 0, main's own stream. */
  principal: 12,
  /** a op, b size (low), c size (high, times 2^32), d length of the name; the name, then the digest. Flag `last`: it is whole. */
  uploaded: 13,
  /** JSON of `SessionInfo`: a session that was open when the segment began. */
  session: CONTEXT,
  /** a statement; its parameters' types. */
  types: CONTEXT + 1,
  /** a ref; its name. */
  named: CONTEXT + 2,
  /** a op, b other. */
  alternative: CONTEXT + 3,
  /** a op. */
  finished: CONTEXT + 4,
} as const;
export type EntryKind = (typeof EntryKind)[keyof typeof EntryKind];

export const isRecord = (kind: number): boolean => kind < CONTEXT;

export const Flag = {
  /** The last part; or: more outcomes follow. */
  last: 1,
  more: 1,
  /** The bytes are a fingerprint in ASCII that stands for the text (`record.values: fingerprint`). */
  fingerprint: 2,
  /** Values were left out of the spool on purpose (`record.values` other than `full`). */
  withheld: 4,
} as const;

const segmentHeader = z.object({
  version: z.literal(1),
  stream: z.string(),
  /** 1, 2, 3 … within the stream. */
  segment: z.int(),
  /** The number of the first record in it. */
  firstSeq: z.int(),
  /** Milliseconds since the epoch, the writer's own clock. */
  createdAt: z.number(),
  writer: writerProcess,
});
export type SegmentHeader = z.infer<typeof segmentHeader>;

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const out = Buffer.alloc(SEGMENT_PREFIX + json.length);
  MAGIC.copy(out);
  out.writeUInt32LE(json.length, 8);
  out.writeUInt32LE(crc32(json), 12);
  json.copy(out, SEGMENT_PREFIX);
  return out;
}

/** The header and where the blocks begin; null while it isn't all there; `damaged` when it isn't one. */
export function decodeSegmentHeader(bytes: Buffer): { header: SegmentHeader; end: number } | null | 'damaged' {
  if (bytes.length < SEGMENT_PREFIX) return null;
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return 'damaged';
  const end = SEGMENT_PREFIX + bytes.readUInt32LE(8);
  if (end > 64 * 1024) return 'damaged';
  if (bytes.length < end) return null;
  const json = bytes.subarray(SEGMENT_PREFIX, end);
  if (crc32(json) !== bytes.readUInt32LE(12)) return 'damaged';
  const header = segmentHeader.safeParse(JSON.parse(json.toString('utf8')));
  return header.success ? { header: header.data, end } : 'damaged';
}

/**
 * Fills one buffer with blocks of entries, to be written in one go. No allocation on the hot path: the buffer grows to
 * the largest turn seen (and is given back when that was far above the usual).
 */
export class Encoder {
  #buffer: Buffer;
  #view: DataView;
  #length = 0;
  #blockStart = 0;
  #blockRecords = 0;
  #records = 0;

  constructor(capacity = 256 * 1024) {
    this.#buffer = Buffer.allocUnsafeSlow(capacity);
    this.#view = new DataView(this.#buffer.buffer);
  }

  /** Bytes so far, headers included. */
  get length(): number {
    return this.#length;
  }

  get records(): number {
    return this.#records;
  }

  /** One entry whose bytes are the range `[start, end)`. */
  put(
    kind: EntryKind,
    flags: number,
    session: number,
    time: number,
    a: number,
    b: number,
    c: number,
    d: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const at = this.#entry(kind, flags, session, time, a, b, c, d, end - start);
    copy(bytes, start, end, this.#buffer, at);
  }

  /** One entry with text before its bytes: a prepared statement and its name. */
  putNamed(
    kind: EntryKind,
    flags: number,
    session: number,
    time: number,
    a: number,
    b: number,
    name: string,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const nameLength = name === '' ? 0 : Buffer.byteLength(name);
    const at = this.#entry(kind, flags, session, time, a, b, nameLength, 0, nameLength + end - start);
    if (nameLength > 0) this.#buffer.write(name, at);
    copy(bytes, start, end, this.#buffer, at + nameLength);
  }

  /** An outcome: three numbers that may be beyond 32 bits, before its tag. */
  putOutcome(
    flags: number,
    session: number,
    time: number,
    ref: number,
    index: number,
    state: number,
    rows: number,
    bytesIn: number,
    bytesOut: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const size = OUTCOME_NUMBERS + end - start;
    const at = this.#entry(EntryKind.outcome, flags, session, time, ref, index, state, 0, size);
    const view = this.#view;
    view.setFloat64(at, rows, true);
    view.setFloat64(at + 8, bytesIn, true);
    view.setFloat64(at + 16, bytesOut, true);
    copy(bytes, start, end, this.#buffer, at + OUTCOME_NUMBERS);
  }

  /** One entry of JSON; for what happens once in a session. */
  putJson(kind: EntryKind, session: number, time: number, value: unknown): void {
    const json = Buffer.from(JSON.stringify(value));
    this.put(kind, 0, session, time, 0, 0, 0, 0, json, 0, json.length);
  }

  /** An entry as it was read. */
  putEntry(entry: Entry): void {
    const { kind, flags, session, time, a, b, c, d, bytes } = entry;
    this.put(kind, flags, session, time, a, b, c, d, bytes, 0, bytes.length);
  }

  /**
   * Closes the blocks and gives the bytes to write; they hold until the next call. `firstSeq` is the number of the first
   * record among them, `offset` what to add to `time` for the control plane's clock.
   */
  finish(firstSeq: number, offset: number): Buffer {
    this.#closeBlock();
    let seq = firstSeq;
    let at = 0;
    while (at < this.#length) {
      const length = this.#view.getUint32(at, true);
      const records = this.#view.getFloat64(at + 8, true);
      this.#view.setFloat64(at + 8, seq, true);
      this.#view.setFloat64(at + 16, offset, true);
      this.#view.setUint32(at + 4, crc32(this.#buffer.subarray(at + 8, at + length)), true);
      seq += records;
      at += length;
    }
    return this.#buffer.subarray(0, this.#length);
  }

  /** Forgets everything. */
  clear(): void {
    this.#length = 0;
    this.#blockStart = 0;
    this.#blockRecords = 0;
    this.#records = 0;
    if (this.#buffer.length > 4 * 1024 * 1024) this.#resize(256 * 1024);
  }

  #entry(
    kind: number,
    flags: number,
    session: number,
    time: number,
    a: number,
    b: number,
    c: number,
    d: number,
    size: number,
  ): number {
    if (this.#length - this.#blockStart >= BLOCK_TARGET) this.#closeBlock();
    const opening = this.#length === this.#blockStart;
    const at = this.#length + (opening ? BLOCK_HEADER : 0);
    const end = at + ENTRY_HEADER + size;
    if (end > this.#buffer.length) this.#resize(Math.max(end, this.#buffer.length * 2));
    const view = this.#view;
    view.setUint32(at, ENTRY_HEADER + size, true);
    view.setUint32(at + 4, kind | (flags << 8), true);
    view.setUint32(at + 8, session, true);
    view.setFloat64(at + 12, time, true);
    view.setUint32(at + 20, a, true);
    view.setUint32(at + 24, b, true);
    view.setUint32(at + 28, c, true);
    view.setUint32(at + 32, d, true);
    if (kind < CONTEXT) {
      this.#blockRecords += 1;
      this.#records += 1;
    }
    this.#length = end;
    return at + ENTRY_HEADER;
  }

  /** Notes length and number of records in the header; `finish` puts the rest. */
  #closeBlock(): void {
    if (this.#length === this.#blockStart) return;
    this.#view.setUint32(this.#blockStart, this.#length - this.#blockStart, true);
    this.#view.setFloat64(this.#blockStart + 8, this.#blockRecords, true);
    this.#blockStart = this.#length;
    this.#blockRecords = 0;
  }

  #resize(capacity: number): void {
    const larger = Buffer.allocUnsafeSlow(capacity);
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
    this.#view = new DataView(larger.buffer);
  }
}

/** Short ranges byte by byte: a call into the engine costs more than fifty of them. */
function copy(from: Uint8Array, start: number, end: number, to: Buffer, at: number): void {
  const length = end - start;
  if (length < 48) {
    for (let i = 0; i < length; i++) to[at + i] = from[start + i] ?? 0;
  } else {
    to.set(start === 0 && end === from.length ? from : from.subarray(start, end), at);
  }
}

/** An entry as read; `bytes` is a view of what was read, not a copy. */
export interface Entry {
  readonly kind: EntryKind;
  readonly flags: number;
  readonly session: number;
  readonly time: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly bytes: Buffer;
}

export interface Block {
  /** The number of the first record in it, or of the next one where it has none. */
  readonly firstSeq: number;
  /** Add it to an entry's `time`: milliseconds since the epoch by the control plane's clock. */
  readonly offset: number;
  readonly entries: readonly Entry[];
  /** Bytes it takes in the file. */
  readonly length: number;
}

/**
 * The block at the beginning of `bytes`. `{ needs }`: so many bytes must be there before it can be read. `damaged`: what
 * stands there was never written as a whole.
 */
export function decodeBlock(bytes: Buffer, at = 0): Block | { readonly needs: number } | 'damaged' {
  const there = bytes.length - at;
  if (there < BLOCK_HEADER) return { needs: BLOCK_HEADER };
  const length = bytes.readUInt32LE(at);
  if (length < BLOCK_HEADER || length > BLOCK_MAX) return 'damaged';
  if (there < length) return { needs: length };
  const end = at + length;
  if (crc32(bytes.subarray(at + 8, end)) !== bytes.readUInt32LE(at + 4)) return 'damaged';
  const entries: Entry[] = [];
  for (let here = at + BLOCK_HEADER; here < end; ) {
    const size = bytes.readUInt32LE(here);
    if (size < ENTRY_HEADER || here + size > end) return 'damaged';
    entries.push({
      kind: bytes.readUInt8(here + 4) as EntryKind,
      flags: bytes.readUInt8(here + 5),
      session: bytes.readUInt32LE(here + 8),
      time: bytes.readDoubleLE(here + 12),
      a: bytes.readUInt32LE(here + 20),
      b: bytes.readUInt32LE(here + 24),
      c: bytes.readUInt32LE(here + 28),
      d: bytes.readUInt32LE(here + 32),
      bytes: bytes.subarray(here + ENTRY_HEADER, here + size),
    });
    here += size;
  }
  return { firstSeq: bytes.readDoubleLE(at + 8), offset: bytes.readDoubleLE(at + 16), entries, length };
}

/** An outcome's numbers and its tag or code. */
export function decodeOutcome(entry: Entry): { rows: number; bytesIn: number; bytesOut: number; tag: string } {
  const { bytes } = entry;
  return {
    rows: bytes.readDoubleLE(0),
    bytesIn: bytes.readDoubleLE(8),
    bytesOut: bytes.readDoubleLE(16),
    tag: bytes.toString('utf8', OUTCOME_NUMBERS),
  };
}
