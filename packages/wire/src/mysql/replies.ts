/**
 * The server's half of a session: each answer is matched with what the client asked first and has no answer yet, and
 * outcomes are told to the sink. An answer that fits nothing means that we no longer know what the session does: refused.
 */
import { Outcome, type Refusal } from '../statements.ts';
import { Status } from './capabilities.ts';
import { Asked, type Exchange, NO_BYTES } from './exchange.ts';
import { Found, Frames } from './frames.ts';
import { lenencAt, lenencSize, uint16At, uint32At } from './integers.ts';
import { FILE_NOT_ALLOWED, OUT_OF_STEP, PIPELINED_PAST_FILE, serverViolation } from './refusals.ts';
import { FILE_NAME_BYTES, Upload } from './upload.ts';

/** First bytes of a server's packets. */
const OK = 0x00;
const FILE = 0xfb;
const EOF = 0xfe;
const ERROR = 0xff;

/** All that is looked at in a server's packet: an OK's counts and status, an error's code, the name of a file. */
const LOOKED_AT = 1 + FILE_NAME_BYTES;
/** An EOF packet has five bytes; a row that begins with 0xfe is longer than any that isn't continued. */
const EOF_LIMIT = 9;
const SHORTEST_OK = 7;
const PREPARED_OK = 12;
/** The number of a MariaDB error that is none: progress of a statement that takes long. */
const PROGRESS = 0xffff;
const HASH = 0x23;
const MAX_COLUMNS = 0xffff;

/** What the server says next. */
const Phase = {
  /** How it begins: OK, an error, a file it wants, or how many columns there are. */
  header: 0,
  /** Definitions of parameters or columns. */
  definitions: 1,
  /** The EOF behind these. */
  definitionsEnd: 2,
  rows: 3,
} as const;

export class Replies {
  readonly frames = new Frames({ gather: LOOKED_AT, head: LOOKED_AT, pieces: false });
  /** The server's status flags, as it last said them. */
  serverStatus = 0;

  readonly #exchange: Exchange;
  readonly #allowFiles: boolean;
  #phase: number = Phase.header;
  /** Definitions still to come; and, behind those of a prepared statement's parameters, those of its columns. */
  #definitions = 0;
  #columns = 0;
  /** Of what is being answered: which of its results, rows and bytes so far. */
  #index = 0;
  #rows = 0;
  #bytesOut = 0;

  /** `allowFiles`: the server may ask for files (LOCAL INFILE). */
  constructor(exchange: Exchange, allowFiles: boolean) {
    this.#exchange = exchange;
    this.#allowFiles = allowFiles;
  }

  /** The server's status flags. */
  status(flags: number): void {
    this.serverStatus = flags;
  }

  /** See `StatementWalker.sequence`. */
  get sequence(): number {
    const { pending, begun, replySequence } = this.#exchange;
    const { frames } = this;
    if (frames.remainder > 0) return (frames.boundarySequence + 1) & 0xff;
    if (pending.length === 0) return 0;
    if (begun) return (frames.sequence + 1) & 0xff;
    return pending.length === 1 ? replySequence : 1;
  }

  /** The session ends: what was asked and has no outcome gets one. */
  abandon(): void {
    const { pending } = this.#exchange;
    if (this.#index > 0 && pending.length > 0) {
      this.#exchange.tell(pending.number(0), this.#index, Outcome.lost);
      pending.drop(1);
    }
    this.#exchange.abandon();
  }

  walk(chunk: Uint8Array): Refusal | null {
    const { frames } = this;
    frames.feed(chunk);
    let refused: Refusal | null = null;
    while (refused === null && frames.next() === Found.message) refused = this.#message();
    frames.release();
    return refused;
  }

  #message(): Refusal | null {
    const { bytes, start, end } = this.frames;
    const kind = this.#exchange.pending.kind(0);
    if (end === start) return serverViolation('an empty packet');
    if (bytes[start] === ERROR) return this.#error(kind);
    if (kind === 0) return OUT_OF_STEP;
    this.#exchange.begun = true;
    switch (this.#phase) {
      case Phase.header:
        return this.#header(kind);
      case Phase.definitions:
        return this.#definition(kind);
      case Phase.definitionsEnd:
        return this.#definitionsEnd(kind);
      default:
        return this.#row();
    }
  }

  #header(kind: number): Refusal | null {
    const { bytes, start } = this.frames;
    switch (kind) {
      case Asked.results:
      case Asked.execute:
        if (bytes[start] === OK) return this.#ok();
        if (bytes[start] === FILE) return this.#file();
        return this.#columnCount();
      case Asked.fetch:
      case Asked.fieldList:
        this.#phase = Phase.rows;
        return this.#row();
      case Asked.prepare:
        return this.#prepared();
      case Asked.text:
        return this.#complete(0, 0);
      default:
        return bytes[start] === OK || bytes[start] === EOF ? this.#ok() : OUT_OF_STEP;
    }
  }

  #columnCount(): Refusal | null {
    const { bytes, start, end } = this.frames;
    const size = lenencSize(bytes[start] as number);
    if (size === 0 || start + size > end) return OUT_OF_STEP;
    const columns = lenencAt(bytes, start);
    if (columns > MAX_COLUMNS) return serverViolation('too many columns');
    // MariaDB leaves the definitions out where the client has them from the preparation.
    const left = this.#exchange.cacheMetadata && end - start === size + 1 && bytes[start + size] === 0;
    this.#define(left ? 0 : columns, 0);
    return null;
  }

  #prepared(): Refusal | null {
    const { bytes, start, end } = this.frames;
    const exchange = this.#exchange;
    if (bytes[start] !== OK || end - start < PREPARED_OK) return OUT_OF_STEP;
    const statement = exchange.pending.entry(0);
    if (statement === null) return OUT_OF_STEP;
    const columns = uint16At(bytes, start + 5);
    const parameters = uint16At(bytes, start + 7);
    exchange.prepared.add(statement, uint32At(bytes, start + 1), parameters);
    if (parameters > 0 || exchange.queryAttributes) statement.tell(exchange.sink, exchange.queryAttributes);
    if (parameters > 0) this.#define(parameters, columns);
    else if (columns > 0) this.#define(columns, 0);
    else this.#preparationEnd();
    return null;
  }

  #preparationEnd(): void {
    this.#exchange.preparing -= 1;
    this.#answered();
  }

  /** `count` definitions follow, and then (of a preparation) `columns` more. */
  #define(count: number, columns: number): void {
    this.#definitions = count;
    this.#columns = columns;
    this.#phase = count > 0 ? Phase.definitions : this.#exchange.deprecateEof ? Phase.rows : Phase.definitionsEnd;
  }

  #definition(kind: number): Refusal | null {
    const { bytes, start } = this.frames;
    if (bytes[start] === EOF) return OUT_OF_STEP;
    this.#definitions -= 1 + this.frames.passRun(this.#definitions - 1);
    if (this.#definitions > 0) return null;
    if (this.#exchange.deprecateEof) this.#defined(kind);
    else this.#phase = Phase.definitionsEnd;
    return null;
  }

  #definitionsEnd(kind: number): Refusal | null {
    const { bytes, start, end } = this.frames;
    if (bytes[start] !== EOF || end - start < 5 || this.frames.size >= EOF_LIMIT) return OUT_OF_STEP;
    const status = uint16At(bytes, start + 3);
    // No rows follow where there is a cursor to fetch them from.
    if (kind === Asked.execute && (status & Status.cursorExists) !== 0) return this.#complete(status, 0);
    this.#defined(kind);
    return null;
  }

  #defined(kind: number): void {
    if (kind !== Asked.prepare) this.#phase = Phase.rows;
    else if (this.#columns > 0) this.#define(this.#columns, 0);
    else this.#preparationEnd();
  }

  #row(): Refusal | null {
    const { frames } = this;
    if (frames.bytes[frames.start] === EOF && !frames.continued) {
      // Where EOF packets are deprecated an OK packet ends the rows, with the same first byte.
      if (this.#exchange.deprecateEof || frames.size < EOF_LIMIT) return this.#rowsEnd();
    }
    this.#rows += 1 + frames.passRun(Number.POSITIVE_INFINITY);
    this.#bytesOut += frames.size + frames.runBytes;
    return null;
  }

  #rowsEnd(): Refusal | null {
    const { bytes, start, end, size } = this.frames;
    if (size < SHORTEST_OK) {
      return end - start < 5 ? serverViolation('invalid EOF packet') : this.#complete(uint16At(bytes, start + 3), 0);
    }
    return this.#ok();
  }

  /** An OK packet, or the short EOF that some commands end with. */
  #ok(): Refusal | null {
    const { bytes, start, end, size } = this.frames;
    if (bytes[start] === EOF && size < SHORTEST_OK) {
      return end - start < 5 ? serverViolation('invalid EOF packet') : this.#complete(uint16At(bytes, start + 3), 0);
    }
    const affected = start + 1;
    const insertId = affected + (affected < end ? lenencSize(bytes[affected] as number) : 0);
    const status = insertId + (insertId < end ? lenencSize(bytes[insertId] as number) : 0);
    if (insertId === affected || status === insertId || status + 2 > end) return serverViolation('invalid OK packet');
    return this.#complete(uint16At(bytes, status), lenencAt(bytes, affected));
  }

  /** A result is complete. `affected`: rows changed, as the server counts them. */
  #complete(status: number, affected: number): Refusal | null {
    const exchange = this.#exchange;
    const { pending } = exchange;
    const kind = pending.kind(0);
    const number = pending.number(0);
    if (kind !== Asked.text) this.status(status);
    const more = (status & Status.moreResults) !== 0 && (kind === Asked.results || kind === Asked.execute);
    const suspended =
      (kind === Asked.execute && (status & Status.cursorExists) !== 0) ||
      (kind === Asked.fetch && (status & Status.lastRowSent) === 0);
    const rows = this.#rows + affected;
    const bytesOut = this.#bytesOut + this.frames.continuedBytes;
    const bytesIn = exchange.bulkIn;
    const index = this.#index;
    this.#reset();
    if (more) this.#index = index + 1;
    else this.#answered();
    if (kind === Asked.resetConnection) exchange.prepared.dropUpTo(number);
    if (number > 0) {
      const state = suspended ? Outcome.suspended : Outcome.done;
      exchange.sink.outcome(number, index, state, more, rows, bytesIn, bytesOut, NO_BYTES, 0, 0);
    }
    return null;
  }

  #error(kind: number): Refusal | null {
    const { bytes, start, end } = this.frames;
    const exchange = this.#exchange;
    if (end - start < 3) return serverViolation('invalid ERR packet');
    // Nothing is due: the server ends the session of its own accord (shutdown, timeout, KILL).
    if (kind === 0) return null;
    exchange.begun = true;
    if (exchange.progress && uint16At(bytes, start + 1) === PROGRESS) return null;
    const number = exchange.pending.number(0);
    const code = bytes[start + 3] === HASH && end - start >= 9 ? start + 4 : 0;
    const bytesOut = this.#bytesOut + this.frames.continuedBytes;
    const index = this.#index;
    const rows = this.#rows;
    const bytesIn = exchange.bulkIn;
    this.#reset();
    if (kind === Asked.prepare) {
      exchange.preparing -= 1;
      exchange.prepared.last = null;
    }
    this.#answered();
    const { error } = Outcome;
    if (number > 0) {
      exchange.sink.outcome(
        number,
        index,
        error,
        false,
        rows,
        bytesIn,
        bytesOut,
        bytes,
        code,
        code === 0 ? 0 : code + 5,
      );
    }
    return null;
  }

  /** The server wants the content of a file of the client's. */
  #file(): Refusal | null {
    const exchange = this.#exchange;
    if (!this.#allowFiles) return FILE_NOT_ALLOWED;
    if (exchange.pending.length > 1 || exchange.inCommand) return PIPELINED_PAST_FILE;
    if (exchange.upload !== null) return OUT_OF_STEP;
    const { bytes, start, end } = this.frames;
    exchange.upload = new Upload(exchange.pending.number(0), bytes, start + 1, end);
    exchange.bulkIn = 0;
    return null;
  }

  /** What was asked first has its whole answer. */
  #answered(): void {
    this.#index = 0;
    this.#phase = Phase.header;
    this.#exchange.begun = false;
    this.#exchange.pending.drop(1);
  }

  #reset(): void {
    this.#phase = Phase.header;
    this.#rows = 0;
    this.#bytesOut = 0;
    this.frames.continuedBytes = 0;
    this.#exchange.bulkIn = 0;
  }
}
