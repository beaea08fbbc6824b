/**
 * The client's half of a session: what each command would make the server do is told to the sink, and what the server
 * will answer is queued. Before that, what only the gateway can answer is told apart (`gate.ts`).
 */
import { PENDING_LIMIT } from '../pending.ts';
import type { Refusal } from '../statements.ts';
import { Command, EXECUTE_CURSOR, LAST_PREPARED } from './commands.ts';
import { Asked, type Exchange, NO_BYTES } from './exchange.ts';
import { Found, Frames, GATHER_LIMIT, HEAD_BYTES } from './frames.ts';
import { Gate } from './gate.ts';
import { uint16At, uint32At } from './integers.ts';
import { Large } from './large.ts';
import { attributesEnd, TypesReader } from './parameters.ts';
import { Statement } from './prepared.ts';
import { CUT_SHORT, clientViolation, TOO_MANY_ATTRIBUTES, TOO_MANY_STATEMENTS, TOO_MUCH_PENDING } from './refusals.ts';

export class Requests {
  readonly frames = new Frames({ gather: GATHER_LIMIT, head: HEAD_BYTES, pieces: true });
  readonly gate: Gate;
  goodbye = false;
  /** Bytes at the end of the last chunk that were not read. */
  unread = 0;

  readonly #exchange: Exchange;
  readonly #large = new Large();
  readonly #types = new TypesReader();

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.gate = new Gate(exchange);
  }

  walk(chunk: Uint8Array): Refusal | null {
    const { frames, gate } = this;
    this.unread = gate.aside === null ? 0 : chunk.length;
    if (this.unread > 0) return null;
    frames.feed(chunk);
    frames.bulk = this.#exchange.upload !== null;
    let refused: Refusal | null = null;
    while (refused === null) {
      if (frames.between && this.#exchange.upload === null) {
        if (!gate.opens(chunk, frames.at)) {
          this.unread = chunk.length - frames.at;
          refused = gate.refused;
          break;
        }
      }
      const found = frames.next();
      if (found === Found.nothing) break;
      refused = found === Found.message ? this.#message() : this.#piece();
    }
    frames.release();
    if (this.#exchange.pending.length > PENDING_LIMIT) refused ??= TOO_MUCH_PENDING;
    return refused;
  }

  #message(): Refusal | null {
    const { frames } = this;
    this.#exchange.replySequence = (frames.sequence + 1) & 0xff;
    return this.#fileData() ? null : this.#command();
  }

  /** What the server asked for with LOCAL INFILE, or a piece of it: an empty packet ends it. False: it is no such data. */
  #fileData(): boolean {
    const { frames } = this;
    const exchange = this.#exchange;
    const { upload } = exchange;
    if (upload === null) return false;
    exchange.begun = false;
    exchange.bulkIn += frames.end - frames.start;
    upload.add(frames.bytes, frames.start, frames.end);
    if (frames.size > 0) return true;
    frames.bulk = false;
    exchange.uploaded(true);
    // The server gave up before: this is nobody's data any more.
    if (exchange.pending.length === 0) exchange.bulkIn = 0;
    return true;
  }

  /** A command, or the first piece of a large one. */
  #command(): Refusal | null {
    const { bytes, start, end } = this.frames;
    switch (bytes[start]) {
      case Command.execute:
      case Command.bulkExecute:
        return this.#execute(bytes[start] === Command.bulkExecute);
      case Command.query:
        return this.#query();
      case Command.prepare:
        return this.#prepare();
      case Command.sendLongData:
        return this.#longData();
      case Command.close:
      case Command.reset:
        return this.#closeOrReset(bytes[start] === Command.close);
      case Command.fetch:
        return this.#fetch();
      case Command.ping:
        this.#exchange.pending.push(Asked.ok, 0, null);
        return null;
      case Command.quit:
        this.goodbye = true;
        return null;
      case Command.fieldList:
        return this.#call(Asked.fieldList);
      case Command.processInfo:
        return this.#call(Asked.results);
      case Command.statistics:
        return this.#call(Asked.text);
      case Command.resetConnection:
        return this.#call(Asked.resetConnection);
      case Command.processKill:
        return end - start < 5 ? CUT_SHORT : this.#call(Asked.ok);
      default: // the gate lets no others through: a schema to use, options, debug output, refresh
        return this.#call(Asked.ok);
    }
  }

  #query(): Refusal | null {
    const exchange = this.#exchange;
    const { bytes, start, end, size, continued } = this.frames;
    let text = start + 1;
    let attributes = false;
    if (exchange.queryAttributes) {
      // Of a large one the same in whatever chunks it comes.
      const large = continued || size > GATHER_LIMIT;
      text = attributesEnd(bytes, start + 1, large ? Math.min(end, start + HEAD_BYTES) : end);
      if (text < 0) return large ? TOO_MANY_ATTRIBUTES : clientViolation('invalid query attributes');
      attributes = bytes[start + 1] !== 0;
    }
    const total = this.#large.begin(this.frames, text - start);
    const op = this.gate.takePassed() || this.#announce(attributes, text, total);
    exchange.pending.push(Asked.results, op, null);
    this.#large.number = op;
    return null;
  }

  /** Tells a text statement, and before it the values that come with it. */
  #announce(attributes: boolean, text: number, total: number): number {
    const exchange = this.#exchange;
    const { bytes, start, end } = this.frames;
    if (attributes) exchange.sink.bind(exchange.nextNumber(), 0, bytes, start, text, text - start);
    const op = exchange.nextNumber();
    exchange.sink.simple(op, bytes, text, end, total);
    return op;
  }

  #prepare(): Refusal | null {
    const exchange = this.#exchange;
    const { bytes, start, end } = this.frames;
    if (exchange.prepared.full || exchange.preparing > PREPARING_LIMIT) return TOO_MANY_STATEMENTS;
    const number = exchange.nextNumber();
    exchange.preparing += 1;
    exchange.pending.push(Asked.prepare, number, new Statement(number, exchange.prepared));
    exchange.sink.prepare(number, '', bytes, start + 1, end, this.#large.begin(this.frames, 1));
    this.#large.number = number;
    return null;
  }

  #execute(bulk: boolean): Refusal | null {
    const exchange = this.#exchange;
    const { bytes, start, end, size } = this.frames;
    if (size < (bulk ? 7 : 10)) return CUT_SHORT;
    const statement = this.#statement();
    const whole = this.#whole;
    if (statement !== null) this.#tellTypes(statement, whole);
    const ref = statement?.ref ?? this.#named();
    const opensCursor = !bulk && ((bytes[start + 5] as number) & EXECUTE_CURSOR) !== 0;
    const number = exchange.nextNumber();
    if (whole) {
      this.#asksExecution(statement, number, opensCursor);
      exchange.sink.execute(number, ref, number, 0, bytes, start, end);
    } else {
      exchange.sink.bind(number, ref, bytes, start, end, this.#large.begin(this.frames, 0));
      this.#large.number = number;
      this.#large.executes(statement, ref, opensCursor);
    }
    return null;
  }

  /** The values of a large execution are all told: now it is itself. */
  #executeLarge(): void {
    const exchange = this.#exchange;
    const { statement, ref, opensCursor, number } = this.#large;
    const op = exchange.nextNumber();
    this.#asksExecution(statement, op, opensCursor);
    exchange.sink.execute(op, ref, number, 0, NO_BYTES, 0, 0);
  }

  #asksExecution(statement: Statement | null, op: number, opensCursor: boolean): void {
    this.#exchange.pending.push(Asked.execute, op, statement);
    if (statement === null) return;
    // An execution closes the cursor of the one before, and uses up what was sent ahead.
    statement.cursor = opensCursor ? op : 0;
    statement.forgetLongData();
  }

  /** Reads what types an execution declares, and tells the record what it needs to read the values. */
  #tellTypes(statement: Statement, whole: boolean): void {
    const { bytes, start, end } = this.frames;
    const { sink, queryAttributes } = this.#exchange;
    if (statement.parameters === 0) return;
    const untold = statement.typesUntold;
    this.#types.begin(statement, bytes[start] as number, queryAttributes);
    this.#types.read(bytes, start, end);
    // Types that the execution itself declares are read there.
    const needed = untold && (this.#types.kept || !whole);
    if (needed || statement.longDataUntold) statement.tell(sink, queryAttributes);
  }

  #longData(): Refusal | null {
    const exchange = this.#exchange;
    const { bytes, start, end, size } = this.frames;
    if (size < 7) return CUT_SHORT;
    const statement = this.#statement();
    statement?.sendsAhead(uint16At(bytes, start + 5));
    const ref = statement?.ref ?? this.#named();
    const number = exchange.nextNumber();
    exchange.sink.bind(number, ref, bytes, start, end, this.#large.begin(this.frames, 0));
    this.#large.number = number;
    return null;
  }

  /** Neither runs anything, so neither is told. The server doesn't answer a Close. */
  #closeOrReset(close: boolean): Refusal | null {
    const exchange = this.#exchange;
    if (this.frames.size < 5) return CUT_SHORT;
    const statement = this.#statement();
    if (!close) exchange.pending.push(Asked.ok, 0, null);
    if (statement === null) return null;
    statement.forgetLongData();
    statement.cursor = 0;
    if (close) exchange.prepared.remove(statement);
    return null;
  }

  /** More rows of a cursor: another execution of the same values. */
  #fetch(): Refusal | null {
    const exchange = this.#exchange;
    const { bytes, start, size } = this.frames;
    if (size < 9) return CUT_SHORT;
    const statement = this.#statement();
    const cursor = statement?.cursor ?? 0;
    const binding = cursor === 0 ? this.#named() : cursor;
    const op = exchange.nextNumber();
    exchange.pending.push(Asked.fetch, op, null);
    exchange.sink.execute(op, statement?.ref ?? 0, binding, uint32At(bytes, start + 5), NO_BYTES, 0, 0);
    return null;
  }

  #call(asked: number): null {
    const exchange = this.#exchange;
    const { bytes, start, end } = this.frames;
    const passed = this.gate.takePassed();
    const op = passed === 0 ? exchange.nextNumber() : passed;
    exchange.pending.push(asked, op, null);
    const total = this.#large.begin(this.frames, 0);
    this.#large.number = op;
    if (passed === 0) exchange.sink.call(op, bytes, start, end, total, COMMAND_BYTES);
    return null;
  }

  #piece(): Refusal | null {
    const { frames } = this;
    if (this.#fileData()) {
      this.#exchange.replySequence = (frames.sequence + 1) & 0xff;
      return null;
    }
    if (frames.offset === 0) {
      const refused = this.#command();
      this.#exchange.inCommand = !frames.last;
      if (refused !== null || !frames.last) return refused;
    } else {
      if (this.#large.statement !== null) this.#types.read(frames.bytes, frames.start, frames.end);
      this.#large.next(frames, this.#exchange.sink);
    }
    if (!frames.last) return null;
    this.#exchange.inCommand = false;
    this.#exchange.replySequence = (frames.sequence + 1) & 0xff;
    if (this.#large.ref > 0) this.#executeLarge();
    this.#large.end();
    return null;
  }

  /** The whole command is at hand. */
  get #whole(): boolean {
    const { start, end, size, continued } = this.frames;
    return !continued && end - start === size;
  }

  /** The prepared statement that the command names. */
  #statement(): Statement | null {
    const { prepared, mariadb } = this.#exchange;
    const id = uint32At(this.frames.bytes, this.frames.start + 1);
    return prepared.get(id) ?? (mariadb && id === LAST_PREPARED ? prepared.last : null);
  }

  /** A reference to a statement that isn't there; the server will say so. */
  #named(): number {
    const exchange = this.#exchange;
    const number = exchange.nextNumber();
    exchange.sink.named(number, String(uint32At(this.frames.bytes, this.frames.start + 1)));
    return number;
  }
}

/** Of a call, so many bytes say which it is. */
const COMMAND_BYTES = 1;
/** Preparations that wait for the server at once. */
const PREPARING_LIMIT = 1024;
