/** The records of one open session, as the walker tells them (wire, `StatementSink`). Fills a buffer; never fails. */

import type { Hmac } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { DisconnectReason } from '@tidegate/core';
import type { Outcome } from '@tidegate/wire';
import type { SessionInfo, SessionRecord } from '../relay/recorder.ts';
import { type Fingerprints, finishHash } from './fingerprint.ts';
import { type Encoder, EntryKind, Flag } from './format.ts';

export interface SpoolSessionContext {
  /** Stands for the session in this stream. */
  readonly number: number;
  readonly encoder: Encoder;
  readonly fingerprints: Fingerprints;
  readonly over: () => void;
}

export interface RecordingSession {
  readonly info: SessionInfo;
  readonly session: SpoolSession;
}

const NOTHING = new Uint8Array(0);

export class SpoolSession implements SessionRecord {
  readonly #info: SessionInfo;
  readonly #number: number;
  readonly #encoder: Encoder;
  readonly #context: SpoolSessionContext;
  readonly #keepText: boolean;
  readonly #keepValues: boolean;
  #statements = 0;
  #ended = false;
  /** What came in parts last: may its pieces be kept? */
  #keepParts = true;
  /** Over all pieces of a statement whose text is not kept. */
  #hash: Hmac | null = null;
  /** Operations whose record was refused by the disk: they were never forwarded, so nothing came of them. */
  #unrecorded: Set<number> | null = null;

  constructor(info: SessionInfo, context: SpoolSessionContext) {
    this.#info = info;
    this.#number = context.number;
    this.#encoder = context.encoder;
    this.#context = context;
    this.#keepText = info.values !== 'fingerprint';
    this.#keepValues = info.values === 'full';
  }

  get statements(): number {
    return this.#statements;
  }

  prepare(statement: number, name: string, bytes: Uint8Array, start: number, end: number, total: number): void {
    const now = performance.now();
    if (this.#keepText) {
      this.#keepParts = true;
      this.#encoder.putNamed(EntryKind.prepare, 0, this.#number, now, statement, total, name, bytes, start, end);
    } else {
      const print = this.#fingerprint(bytes, start, end, total);
      const { prepare } = EntryKind;
      const flags = Flag.fingerprint;
      this.#encoder.putNamed(prepare, flags, this.#number, now, statement, total, name, print, 0, print.length);
    }
  }

  types(statement: number, bytes: Uint8Array, start: number, end: number): void {
    this.#put(EntryKind.types, 0, statement, 0, 0, 0, bytes, start, end);
  }

  named(ref: number, name: string): void {
    const bytes = Buffer.from(name);
    this.#put(EntryKind.named, 0, ref, 0, 0, 0, bytes, 0, bytes.length);
  }

  alternative(op: number, other: number): void {
    this.#put(EntryKind.alternative, 0, op, other, 0, 0, NOTHING, 0, 0);
  }

  bind(binding: number, statement: number, bytes: Uint8Array, start: number, end: number, total: number): void {
    this.#keepParts = this.#keepValues;
    this.#hash = null;
    if (this.#keepValues) this.#put(EntryKind.bind, 0, binding, statement, total, 0, bytes, start, end);
    else this.#put(EntryKind.bind, Flag.withheld, binding, statement, total, 0, NOTHING, 0, 0);
  }

  execute(
    op: number,
    statement: number,
    binding: number,
    maxRows: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.#statements += 1;
    if (this.#keepValues) this.#put(EntryKind.execute, 0, op, statement, binding, maxRows, bytes, start, end);
    else this.#put(EntryKind.execute, Flag.withheld, op, statement, binding, maxRows, NOTHING, 0, 0);
  }

  simple(op: number, bytes: Uint8Array, start: number, end: number, total: number): void {
    this.#statements += 1;
    if (this.#keepText) {
      this.#keepParts = true;
      this.#put(EntryKind.simple, 0, op, total, 0, 0, bytes, start, end);
    } else {
      const print = this.#fingerprint(bytes, start, end, total);
      this.#put(EntryKind.simple, Flag.fingerprint, op, total, 0, 0, print, 0, print.length);
    }
  }

  /** A call's arguments go as values do; what is called, as text does. */
  call(op: number, bytes: Uint8Array, start: number, end: number, total: number, head = 0): void {
    this.#statements += 1;
    this.#keepParts = this.#keepValues;
    this.#hash = null;
    if (this.#keepValues) this.#put(EntryKind.call, 0, op, total, 0, 0, bytes, start, end);
    else if (this.#keepText) this.#put(EntryKind.call, Flag.withheld, op, total, 0, 0, bytes, start, start + head);
    else this.#put(EntryKind.call, Flag.withheld, op, total, 0, 0, NOTHING, 0, 0);
  }

  part(ref: number, offset: number, total: number, bytes: Uint8Array, start: number, end: number, last: boolean): void {
    const flags = last ? Flag.last : 0;
    if (this.#keepParts) {
      this.#put(EntryKind.part, flags, ref, offset, total, 0, bytes, start, end);
      return;
    }
    this.#hash?.update(bytes.subarray(start, end));
    if (!last) return;
    // The pieces themselves stay unsaid; the last tells what they came to.
    const print = this.#hash === null ? NOTHING : Buffer.from(finishHash(this.#hash), 'latin1');
    const kept = this.#hash === null ? Flag.withheld : Flag.fingerprint;
    this.#hash = null;
    this.#put(EntryKind.part, flags | kept, ref, offset, total, 0, print, 0, print.length);
  }

  uploaded(
    op: number,
    file: string,
    size: number,
    whole: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const name = Buffer.from(file);
    // A digest tells a short value to whoever tries all there are.
    const digest = this.#keepValues ? bytes.subarray(start, end) : NOTHING;
    const said = Buffer.concat([name, digest]);
    const flags = (whole ? Flag.last : 0) | (this.#keepValues ? 0 : Flag.withheld);
    const high = Math.floor(size / 2 ** 32);
    this.#put(EntryKind.uploaded, flags, op, size >>> 0, high, name.length, said, 0, said.length);
  }

  outcome(
    ref: number,
    index: number,
    state: Outcome,
    more: boolean,
    rows: number,
    bytesIn: number,
    bytesOut: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    if (this.#unrecorded?.has(ref)) return;
    const flags = more ? Flag.more : 0;
    const now = performance.now();
    const number = this.#number;
    this.#encoder.putOutcome(flags, number, now, ref, index, state, rows, bytesIn, bytesOut, bytes, start, end);
  }

  finished(op: number): void {
    this.#put(EntryKind.finished, 0, op, 0, 0, 0, NOTHING, 0, 0);
  }

  cancelled(): void {
    this.#put(EntryKind.cancel, 0, 0, 0, 0, 0, NOTHING, 0, 0);
  }

  ended(because: DisconnectReason, by: string | null, bytesToClient: number, bytesToServer: number): void {
    if (this.#ended) return;
    this.#ended = true;
    const { statements } = this;
    const ended = { because, by, statements, bytesToClient, bytesToServer };
    this.#encoder.putJson(EntryKind.ended, this.#number, performance.now(), ended);
    this.#context.over();
  }

  /** The disk refused the record of this operation, so it was never forwarded. */
  dropped(op: number): void {
    this.#unrecorded ??= new Set();
    this.#unrecorded.add(op);
  }

  #fingerprint(bytes: Uint8Array, start: number, end: number, total: number): Buffer {
    const { fingerprints } = this.#context;
    if (total <= end - start) return Buffer.from(fingerprints.of(this.#info.engine, bytes, start, end), 'latin1');
    this.#keepParts = false;
    this.#hash = fingerprints.begin().update(bytes.subarray(start, end));
    return Buffer.from(fingerprints.hash(bytes, start, end), 'latin1');
  }

  #put(
    kind: EntryKind,
    flags: number,
    a: number,
    b: number,
    c: number,
    d: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.#encoder.put(kind, flags, this.#number, performance.now(), a, b, c, d, bytes, start, end);
  }
}
