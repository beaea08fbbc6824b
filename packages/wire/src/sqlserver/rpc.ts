/**
 * Procedure calls (MS-TDS 2.2.6.6): one message may hold several. Each is told when it is whole, before the chunk that
 * ends it is forwarded: a server may run it before the next has arrived.
 */
import { Outcome, type Refusal, UNKNOWN_TOTAL } from '../statements.ts';
import { TOO_MANY_HANDLES } from './client-rules.ts';
import { Asked, type Exchange, Gives, NO_BYTES } from './exchange.ts';
import { uint16At } from './integers.ts';
import { Parameter } from './parameter-walk.ts';
import { Prepared } from './prepared.ts';
import { type Procedure, procedureByName, procedureByNumber } from './procedures.ts';
import { type Stepper, Steps } from './steps.ts';
import { type Teller, Telling } from './telling.ts';
import { MALFORMED, NEEDS_MORE, Type } from './type-info.ts';

/** MS-TDS: names of procedures take no more bytes. */
const MAX_NAME_BYTES = 1046;
const BY_NUMBER = 0xffff;
const OPTION_BYTES = 2;
/** Between two calls: the second is run or, after the last, not. In 7.1 another. */
const SEPARATOR = 0xff;
const SEPARATOR_NOT_RUN = 0xfe;
const SEPARATOR_7_1 = 0x80;

/** What is read next. */
const State = { name: 0, parameter: 1, value: 2 } as const;

/** What is being told. */
const Told = { call: 0, text: 1, values: 2 } as const;

export class Rpc implements Stepper, Teller {
  readonly #exchange: Exchange;
  readonly #steps = new Steps();
  readonly #telling: Telling;
  /** Declarations of parameters, until the statement they belong to is told. */
  readonly #declarations: Telling;
  readonly #parameter = new Parameter();
  #state: number = State.name;
  #told: number = Told.call;
  /** null: recorded as a call. */
  #procedure: Procedure | null = null;
  /** Bytes that say what is called. */
  #head = 0;
  /** Place of the parameter at hand. */
  #index = 0;
  /** A handle that came in; 0: none. */
  #handle = 0;
  /** The statement that was prepared here; 0: none yet. */
  #statement = 0;
  #prepared: Prepared | null = null;
  #separated = false;
  /** The declarations are longer than is kept of them. */
  #tooLong = false;
  /** Calls of this message so far. */
  #calls = 0;
  /** The number of what was told last. */
  last = 0;
  /** Why the message is refused, where it is not malformed. */
  refused: Refusal | null = null;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.#telling = new Telling(exchange.sink);
    this.#declarations = new Telling(exchange.sink);
  }

  begin(bytes: Uint8Array, at: number): void {
    this.#steps.clear();
    this.#calls = 0;
    this.#beginCall(bytes, at);
  }

  /** Reads a piece of the message; `last` when the message ends with it. False: it is malformed. */
  walk(bytes: Uint8Array, start: number, end: number, last: boolean): boolean {
    this.#telling.enter(bytes, start);
    this.#declarations.enter(bytes, start);
    let at = start;
    while (at < end) {
      if (this.#state === State.value && this.#parameter.skip > 0) {
        at = this.#parameter.pass(at, end);
      } else {
        const next = this.#steps.take(this, bytes, at, end);
        if (next < 0) return false;
        at = next;
        if (this.#steps.waiting) break;
      }
      if (!this.#advance(bytes, at)) return false;
    }
    if (last && !this.#endMessage(end)) return false;
    this.#telling.leave(end);
    this.#declarations.leave(end);
    return true;
  }

  /** The chunk is about to be forwarded. */
  flush(): void {
    this.#telling.flush();
  }

  /** The client gave the message up: what of it was told gets an end. */
  giveUp(): void {
    const { sink } = this.#exchange;
    if (this.#telling.announced > 0) {
      const ref = this.#telling.end();
      sink.outcome(ref, 0, Outcome.skipped, false, 0, 0, 0, NO_BYTES, 0, 0);
    }
    this.#telling.cancel();
    this.#declarations.cancel();
  }

  step(bytes: Uint8Array, at: number, end: number): number {
    switch (this.#state) {
      case State.name:
        return this.#name(bytes, at, end);
      case State.parameter: {
        const first = bytes[at] as number;
        const wide = this.#exchange.wide;
        this.#separated = wide ? first === SEPARATOR || first === SEPARATOR_NOT_RUN : first === SEPARATOR_7_1;
        return this.#separated ? at + 1 : this.#parameter.header(bytes, at, end);
      }
      default:
        return this.#parameter.value(bytes, at, end);
    }
  }

  announce(bytes: Uint8Array, start: number, end: number, total: number): number {
    const exchange = this.#exchange;
    const { sink } = exchange;
    const number = exchange.nextNumber();
    if (this.#told === Told.call) {
      sink.call(number, bytes, start, end, total, Math.min(this.#head, end - start));
    } else if (this.#told === Told.text) {
      const gives = this.#procedure?.givesHandle === true;
      const slot = gives ? exchange.handles.takeSlot() : -1;
      if (gives || this.#procedure?.givesCursor === true) this.#prepared = new Prepared(number, slot);
      this.#statement = number;
      sink.prepare(number, slot < 0 ? '' : `p${slot}`, bytes, start, end, total);
    } else if (total === UNKNOWN_TOTAL) {
      sink.bind(number, this.#statement, bytes, start, end, total);
    } else {
      sink.execute(number, this.#statement, number, 0, bytes, start, end);
    }
    return number;
  }

  #name(bytes: Uint8Array, at: number, end: number): number {
    if (end - at < 2) return NEEDS_MORE;
    const units = uint16At(bytes, at);
    if (units === BY_NUMBER) {
      if (end - at < 4 + OPTION_BYTES) return NEEDS_MORE;
      this.#procedure = procedureByNumber(uint16At(bytes, at + 2));
      this.#head = 4 + OPTION_BYTES;
      return at + this.#head;
    }
    const named = at + 2 + units * 2;
    if (units === 0 || units * 2 > MAX_NAME_BYTES) return MALFORMED;
    if (named + OPTION_BYTES > end) return NEEDS_MORE;
    this.#procedure = procedureByName(bytes, at + 2, named);
    this.#head = named + OPTION_BYTES - at;
    return at + this.#head;
  }

  /** After a step, or when bytes were passed over: `at` is where that ended. */
  #advance(bytes: Uint8Array, at: number): boolean {
    switch (this.#state) {
      case State.name:
        this.#beginParameter(bytes, at);
        return true;
      case State.parameter:
        if (this.#separated) {
          if (!this.#endCall(at - 1)) return false;
          this.#beginCall(bytes, at);
          return true;
        }
        this.#state = State.value;
        if (this.#index === this.#procedure?.text && !isUnicode(this.#parameter.type)) this.#procedure = null;
        if (this.#parameter.done) this.#endParameter(bytes, at);
        return true;
      default:
        this.#inValue(bytes, at);
        return true;
    }
  }

  #beginCall(bytes: Uint8Array, at: number): void {
    this.#state = State.name;
    this.#procedure = null;
    this.#index = 0;
    this.#handle = 0;
    this.#statement = 0;
    this.#prepared = null;
    this.#told = Told.call;
    this.#telling.begin(this);
    this.#telling.open(bytes, at);
    this.#declarations.cancel();
    this.#tooLong = false;
  }

  #beginParameter(bytes: Uint8Array, at: number): void {
    this.#state = State.parameter;
    if (this.#index !== this.#procedure?.values || this.#statement === 0) return;
    this.#told = Told.values;
    this.#telling.begin(this);
    this.#telling.open(bytes, at);
  }

  #inValue(bytes: Uint8Array, at: number): void {
    const parameter = this.#parameter;
    const procedure = this.#procedure;
    const isText = this.#index === procedure?.text;
    const isDeclarations = this.#index === procedure?.declarations;
    if (isText && this.#told === Told.call && (parameter.opens || parameter.done)) this.#beginText();
    // A call as which it is recorded after all has its range open already.
    const telling = isText && this.#told === Told.text ? this.#telling : isDeclarations ? this.#declarations : null;
    if (parameter.opens) {
      parameter.opens = false;
      if (isDeclarations && !this.#declarations.active) this.#declarations.begin(this.#typesTeller);
      telling?.open(bytes, at);
    } else if (parameter.skip === 0) {
      telling?.close(at);
    }
    if (parameter.done && parameter.skip === 0) this.#endParameter(bytes, at);
  }

  /** The statement's text begins, and is told as such; unless there is none, or too much went before it. */
  #beginText(): void {
    if (this.#parameter.isNull || this.#telling.announced > 0) {
      this.#procedure = null;
      return;
    }
    this.#told = Told.text;
    this.#telling.begin(this);
  }

  #endParameter(bytes: Uint8Array, at: number): void {
    const procedure = this.#procedure;
    if (procedure !== null) {
      if (this.#index === procedure.handle) this.#endHandle(procedure);
      if (this.#index === procedure.text && this.#told === Told.text) {
        this.#telling.end();
        if (procedure.declarations < this.#index) this.#tellTypes();
      }
      if (this.#index === procedure.declarations && this.#statement > 0) this.#tellTypes();
    }
    this.#index += 1;
    this.#beginParameter(bytes, at);
  }

  #endHandle(procedure: Procedure): void {
    const handle = this.#parameter.integer;
    if (procedure.text >= 0 || procedure.ofCursor || procedure.drops) {
      this.#handle = handle ?? 0;
    } else if (handle === null || this.#telling.announced > 0) {
      this.#procedure = null;
    } else {
      this.#handle = handle;
      const exchange = this.#exchange;
      this.#prepared = exchange.handles.statement(handle);
      this.#statement = this.#prepared?.ref ?? this.#unknown(handle);
    }
  }

  /** A handle that was made by SQL text, or doesn't exist. */
  #unknown(handle: number): number {
    const number = this.#exchange.nextNumber();
    this.#exchange.sink.named(number, `handle ${handle}`);
    return number;
  }

  #tellTypes(): void {
    if (this.#declarations.active) this.#declarations.end();
    this.#declarations.cancel();
  }

  readonly #typesTeller: Teller = {
    announce: (bytes, start, end, total) => {
      if (total === UNKNOWN_TOTAL) this.#tooLong = true;
      else if (!this.#tooLong && end > start) this.#exchange.sink.types(this.#statement, bytes, start, end);
      return 0;
    },
  };

  /** The call ends before `at`. */
  #endCall(at: number): boolean {
    const { pending, handles } = this.#exchange;
    const procedure = this.#procedure;
    const telling = this.#telling;
    telling.close(at);
    if (procedure?.drops === true && !procedure.ofCursor) {
      telling.cancel();
      handles.dropStatement(this.#handle);
      pending.push(Asked.quiet, 0, null);
    } else if (procedure === null || procedure.ofCursor || this.#statement === 0) {
      const cursor = procedure?.ofCursor === true ? handles.cursor(this.#handle) : null;
      this.last = telling.end();
      if (procedure?.drops === true) handles.dropCursor(this.#handle);
      pending.push(Asked.call, this.last, procedure?.drops === true ? null : cursor);
    } else {
      const gives = (procedure.givesHandle ? Gives.handle : 0) | (procedure.givesCursor ? Gives.cursor : 0);
      if (procedure.values < 0) {
        telling.cancel();
        this.last = this.#statement;
        pending.push(Asked.prepare | gives, this.#statement, this.#prepared);
      } else {
        this.#execute();
        pending.push(Asked.execute | gives, this.last, this.#prepared);
        // What the handle stood for before is let go of.
        if (procedure.text >= 0 && procedure.handle >= 0) handles.dropStatement(this.#handle);
      }
      if (gives !== 0 && !handles.hasRoom) return this.#refuse(TOO_MANY_HANDLES);
    }
    this.#calls += 1;
    return true;
  }

  #execute(): void {
    const exchange = this.#exchange;
    const telling = this.#telling;
    const withValues = this.#told === Told.values && telling.active;
    const binding = withValues ? telling.announced : 0;
    if (withValues) this.last = telling.end();
    if (withValues && binding === 0) return;
    telling.cancel();
    this.last = exchange.nextNumber();
    const bound = binding === 0 ? this.last : binding;
    exchange.sink.execute(this.last, this.#statement, bound, 0, NO_BYTES, 0, 0);
  }

  #endMessage(at: number): boolean {
    if (this.#steps.waiting || this.#state === State.value) return false;
    if (this.#state === State.parameter) return this.#endCall(at);
    // A separator may stand behind the last one.
    this.#telling.cancel();
    return this.#calls > 0;
  }

  #refuse(refused: Refusal): boolean {
    this.refused = refused;
    return false;
  }
}

const isUnicode = (type: number): boolean => type === Type.nVarChar || type === Type.nChar || type === Type.nText;
