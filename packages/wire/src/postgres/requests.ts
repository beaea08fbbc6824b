/**
 * The client's half of a session: what each message would make the server do is told to the sink, and what the server
 * will answer is queued. Only those messages are looked into that the record needs.
 */
import { PENDING_LIMIT } from '../pending.ts';
import type { Refusal } from '../statements.ts';
import { countable, tellAlternatives } from './alternatives.ts';
import {
  CLIENT_TREATMENT,
  NOT_ASCII,
  TOO_AMBIGUOUS,
  TOO_MANY_NAMES,
  TOO_MUCH_PENDING,
  violation,
} from './client-rules.ts';
import { type Exchange, NO_BYTES } from './exchange.ts';
import { Found, Frames, GATHER_LIMIT, int32At } from './frames.ts';
import { Frontend } from './frontend.ts';
import { Large } from './large.ts';
import { type Entry, type Names, nameEnd, nameOf } from './names.ts';
import { Asked } from './pending.ts';

/** While the server is skipping, so much may wait for the Sync before it is told as skipped. */
const MAX_SKIPPED_WAITING = 1024;

/** FunctionCall begins with the function's OID. */
const OID_BYTES = 4;

const STATEMENT = 0x53; // S
const PORTAL = 0x50; // P

export class Requests {
  readonly frames = new Frames(CLIENT_TREATMENT);
  goodbye = false;

  readonly #exchange: Exchange;
  /** A binding not told yet: if its execution follows in the same chunk, they are told as one. */
  #bound: Entry | null = null;
  #boundTo: Entry | null = null;
  #boundBytes: Uint8Array = NO_BYTES;
  #boundStart = 0;
  #boundEnd = 0;
  readonly #large = new Large();

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  walk(chunk: Uint8Array): Refusal | null {
    const frames = this.frames;
    frames.feed(chunk);
    let refused: Refusal | null = null;
    while (refused === null) {
      const found = frames.next();
      if (found === Found.nothing) break;
      if (found === Found.message) refused = this.#message();
      else if (found === Found.piece) refused = this.#piece();
      else refused = violation(frames.fault);
    }
    this.#tellBound();
    frames.release();
    const exchange = this.#exchange;
    if (exchange.skipping && exchange.pending.length > MAX_SKIPPED_WAITING) exchange.skip(exchange.pending.length);
    if (exchange.pending.length > PENDING_LIMIT) refused ??= TOO_MUCH_PENDING;
    return refused;
  }

  #message(): Refusal | null {
    const frames = this.frames;
    switch (frames.type) {
      case Frontend.bind:
        return this.#bind(frames.end - frames.start);
      case Frontend.execute:
        return this.#execute();
      case Frontend.sync:
        this.#sync();
        return null;
      case Frontend.parse:
        return this.#parse(frames.end);
      case Frontend.query:
        return this.#query();
      case Frontend.describe:
        return this.#describe();
      case Frontend.close:
        return this.#close();
      case Frontend.functionCall:
        this.#call();
        return null;
      case Frontend.copyData:
        this.#exchange.bulkIn += frames.size;
        return null;
      case Frontend.copyDone:
      case Frontend.copyFail:
        this.#copyEnd();
        return null;
      case Frontend.terminate:
        // What follows is walked all the same: a server in the middle of a COPY may take this for another error.
        this.goodbye = true;
        return null;
      default: // Flush: nothing for the record, and no answer of its own
        return null;
    }
  }

  #parse(limit: number): Refusal | null {
    const { bytes, start, size } = this.frames;
    const exchange = this.#exchange;
    const named = nameEnd(bytes, start, limit);
    if (named < 0) return NOT_ASCII;
    const textStart = named + 1;
    const text = bytes.indexOf(0, textStart);
    const ended = text >= 0 && text < limit;
    const whole = limit - start === size;
    if (!ended && whole) return violation('invalid Parse message');
    if (!exchange.statements.hasRoom(bytes, start, named)) return TOO_MANY_NAMES;

    this.#tellBound();
    const number = exchange.nextNumber();
    const entry = exchange.statements.put(bytes, start, named, number, exchange.section);
    exchange.pending.push(Asked.parse, number, entry);
    const textEnd = ended ? text : limit;
    const total = ended ? text - textStart : size - (textStart - start);
    exchange.sink.prepare(number, entry.name, bytes, textStart, textEnd, total);
    // Of a larger one the types are left to the server's ParameterDescription, so that chunks make no difference.
    if (ended && size <= GATHER_LIMIT) this.#declaredTypes(entry, bytes, text + 1, limit);
    this.#large.begin(number, textStart - start, ended ? 0 : total);
    return null;
  }

  /** The types a client gives in Parse: a count of 16 bits, then that many OIDs, 0 where it leaves one open. */
  #declaredTypes(statement: Entry, bytes: Uint8Array, start: number, end: number): void {
    if (end - start < 6) return;
    const count = ((bytes[start] as number) << 8) | (bytes[start + 1] as number);
    const stop = start + 2 + count * 4;
    if (count === 0 || stop > end) return;
    let open = 0;
    for (let at = start + 2; at < stop; at += 4) if (int32At(bytes, at) === 0) open += 1;
    // With none left open, the server has nothing to add.
    statement.typed = open === 0;
    if (open < count) this.#exchange.sink.types(statement.ref, bytes, start + 2, stop);
  }

  /** `here`: how much of the body is at hand. */
  #bind(here: number): Refusal | null {
    const { bytes, start, size } = this.frames;
    const exchange = this.#exchange;
    const limit = start + here;
    const portalEnd = nameEnd(bytes, start, limit);
    if (portalEnd < 0) return NOT_ASCII;
    const statementEnd = nameEnd(bytes, portalEnd + 1, limit);
    if (statementEnd < 0) return NOT_ASCII;
    if (!exchange.portals.hasRoom(bytes, start, portalEnd)) return TOO_MANY_NAMES;
    const statement = exchange.statements.find(bytes, portalEnd + 1, statementEnd);
    if (!countable(statement, exchange.section)) return TOO_AMBIGUOUS;

    this.#tellBound();
    const statementNumber =
      statement === null || statement.closed ? this.#named(bytes, portalEnd + 1, statementEnd) : statement.ref;
    const number = exchange.nextNumber();
    const portal = exchange.portals.put(bytes, start, portalEnd, number, exchange.section);
    portal.statement = statementNumber;
    exchange.pending.push(Asked.bind, number, portal);
    this.#bound = portal;
    this.#boundTo = statement;
    this.#boundBytes = bytes;
    this.#boundStart = statementEnd + 1;
    this.#boundEnd = limit;
    if (here < size) {
      // Too large to wait for its execution.
      const total = size - (statementEnd + 1 - start);
      this.#large.begin(number, size - total, total);
      this.#tellBound(total);
    }
    return null;
  }

  #execute(): Refusal | null {
    const { bytes, start, end } = this.frames;
    const exchange = this.#exchange;
    const named = nameEnd(bytes, start, end);
    if (named < 0) return NOT_ASCII;
    if (end - named < 5) return violation('invalid Execute message');
    // Zero and less mean all rows.
    const maxRows = Math.max(0, int32At(bytes, named + 1));
    const portal = exchange.portals.find(bytes, start, named);
    if (portal !== null && portal === this.#bound) {
      const op = portal.ref;
      portal.merged = true;
      tellAlternatives(exchange.sink, op, this.#boundTo, exchange.section);
      exchange.pending.push(Asked.execute, op, null);
      exchange.sink.execute(op, portal.statement, op, maxRows, this.#boundBytes, this.#boundStart, this.#boundEnd);
      this.#forgetBound();
      return null;
    }
    if (!countable(portal, exchange.section)) return TOO_AMBIGUOUS;
    this.#tellBound();
    const known = portal !== null && !portal.closed;
    const binding = known ? portal.ref : this.#named(bytes, start, named);
    const op = exchange.nextNumber();
    tellAlternatives(exchange.sink, op, portal, exchange.section);
    exchange.pending.push(Asked.execute, op, null);
    exchange.sink.execute(op, known ? portal.statement : 0, binding, maxRows, NO_BYTES, 0, 0);
    return null;
  }

  #query(): Refusal | null {
    const { bytes, start, end, size } = this.frames;
    const exchange = this.#exchange;
    // The body is the text and its NUL.
    if (size === 0) return violation('invalid Query message');
    const whole = end - start === size;
    if (whole && bytes[end - 1] !== 0) return violation('invalid Query message');
    const total = size - 1;
    this.#tellBound();
    const op = exchange.nextNumber();
    exchange.pending.push(Asked.query, op, null);
    exchange.sink.simple(op, bytes, start, Math.min(end, start + total), total);
    this.#large.begin(op, 0, total);
    return null;
  }

  #call(): void {
    const { bytes, start, end, size } = this.frames;
    const exchange = this.#exchange;
    this.#tellBound();
    const op = exchange.nextNumber();
    exchange.pending.push(Asked.call, op, null);
    exchange.sink.call(op, bytes, start, end, size, Math.min(OID_BYTES, end - start));
    this.#large.begin(op, 0, size);
  }

  #describe(): Refusal | null {
    const { bytes, start, end } = this.frames;
    const exchange = this.#exchange;
    const named = end > start ? nameEnd(bytes, start + 1, end) : -1;
    if (named < 0) return NOT_ASCII;
    if (bytes[start] === PORTAL) {
      exchange.pending.push(Asked.describePortal, 0, null);
    } else if (bytes[start] === STATEMENT) {
      const entry = exchange.statements.find(bytes, start + 1, named);
      // The types that come back are kept only when it is certain whose they are.
      const certain =
        entry !== null && !entry.closed && (entry.section === exchange.section || entry.previous === null);
      exchange.pending.push(Asked.describeStatement, 0, certain ? entry : null);
    } else {
      return violation('invalid Describe message');
    }
    return null;
  }

  #close(): Refusal | null {
    const { bytes, start, end } = this.frames;
    const exchange = this.#exchange;
    const named = end > start ? nameEnd(bytes, start + 1, end) : -1;
    if (named < 0) return NOT_ASCII;
    const kind = bytes[start];
    if (kind !== STATEMENT && kind !== PORTAL) return violation('invalid Close message');
    const names: Names = kind === STATEMENT ? exchange.statements : exchange.portals;
    let entry: Entry | null = null;
    if (names.find(bytes, start + 1, named) !== null) {
      this.#tellBound();
      entry = names.put(bytes, start + 1, named, exchange.lastNumber, exchange.section);
      entry.closed = true;
    }
    exchange.pending.push(kind === STATEMENT ? Asked.closeStatement : Asked.closePortal, 0, entry);
    return null;
  }

  #sync(): void {
    const exchange = this.#exchange;
    // An execution in the next section is not skipped when the binding fails: they can't be one record.
    this.#tellBound();
    exchange.section += 1;
    if (exchange.skipping) {
      exchange.skip(exchange.pending.length);
      exchange.skipping = false;
    }
    exchange.pending.push(Asked.sync, exchange.lastNumber, null);
  }

  /** Marks where the data of a COPY ends. Outside of one the server ignores it, and so does the queue's reader. */
  #copyEnd(): void {
    const { pending, bulkIn } = this.#exchange;
    if (pending.length > 0) {
      if (pending.kind(pending.length - 1) === Asked.copyEnd) pending.addToNewest(bulkIn);
      else pending.push(Asked.copyEnd, bulkIn, null);
    }
    this.#exchange.bulkIn = 0;
  }

  #piece(): Refusal | null {
    const frames = this.frames;
    if (frames.offset > 0) return this.#large.next(frames, this.#exchange.sink) ? null : violation('invalid message');
    switch (frames.type) {
      case Frontend.parse:
        return this.#parse(frames.end);
      case Frontend.bind:
        return this.#bind(frames.end - frames.start);
      case Frontend.query:
        return this.#query();
      default:
        this.#call();
        return null;
    }
  }

  #named(bytes: Uint8Array, start: number, end: number): number {
    const number = this.#exchange.nextNumber();
    this.#exchange.sink.named(number, nameOf(bytes, start, end));
    return number;
  }

  #tellBound(total = this.#boundEnd - this.#boundStart): void {
    const bound = this.#bound;
    if (bound === null) return;
    const { sink, section } = this.#exchange;
    tellAlternatives(sink, bound.ref, this.#boundTo, section);
    sink.bind(bound.ref, bound.statement, this.#boundBytes, this.#boundStart, this.#boundEnd, total);
    this.#forgetBound();
  }

  #forgetBound(): void {
    this.#bound = null;
    this.#boundTo = null;
    this.#boundBytes = NO_BYTES;
  }
}
