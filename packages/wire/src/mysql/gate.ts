/**
 * Looks at a command before it is read: is it for the gateway to answer, can it be read already? What isn't settled by
 * the bytes at hand stays unread, and is looked at again with what follows.
 */
import { Buffer } from 'node:buffer';
import { type Aside, Outcome, type Refusal } from '../statements.ts';
import { LAST_PREPARED, ROUTES, Route } from './commands.ts';
import type { Exchange } from './exchange.ts';
import { HEADER_BYTES } from './frames.ts';
import { uint24At, uint32At } from './integers.ts';
import { Kill, KillFinder } from './kill.ts';
import { attributesEnd, CUT } from './parameters.ts';
import { NUMBERED_WRONG, refusedCommand, TOO_LARGE_REFUSED } from './refusals.ts';

/**
 * So many bytes of a command stay unread at most. A KILL that begins further back is the database's; another command for
 * the gateway that is larger ends the session.
 */
const UNREAD_LIMIT = 4096;

/** What a command waits for. */
const Wait = { nothing: 0, preparations: 1, answers: 2 } as const;

export class Gate {
  /** A command that the gateway answers, at the beginning of what is unread. */
  aside: Aside | null = null;
  /** Why the session must end. */
  refused: Refusal | null = null;

  readonly #exchange: Exchange;
  #waitsFor: number = Wait.nothing;
  readonly #finder = new KillFinder();
  /** The aside's number, and that of one that was passed on. */
  #number = 0;
  #passed = 0;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** The command can't be read before the server has answered those ahead of it. */
  get waits(): boolean {
    const { pending, preparing } = this.#exchange;
    return this.#waitsFor === Wait.answers ? pending.length > 0 : this.#waitsFor === Wait.preparations && preparing > 0;
  }

  /** Whether the command that begins at `at` may be read. If not, `aside`, `waits` or `refused` may say why. */
  opens(chunk: Uint8Array, at: number): boolean {
    this.#waitsFor = Wait.nothing;
    const here = chunk.length - at;
    if (here === 0) return true;
    if (here < HEADER_BYTES) return false;
    // An empty packet is a command too, which the server calls unknown.
    if (uint24At(chunk, at) === 0) return this.#refuse(chunk, at, 0);
    if (here === HEADER_BYTES) return false;
    if (chunk[at + 3] !== 0) {
      this.refused = NUMBERED_WRONG;
      return false;
    }
    switch (ROUTES[chunk[at + HEADER_BYTES] as number]) {
      case Route.plain:
        return true;
      case Route.query:
        return this.#query(chunk, at);
      case Route.statement:
        return this.#statement(chunk, at);
      case Route.kill:
        return this.#processKill(chunk, at);
      default:
        return this.#refuse(chunk, at, chunk[at + HEADER_BYTES] as number);
    }
  }

  /** The number of the command that was passed on and is being read now; 0: it is another. */
  takePassed(): number {
    const passed = this.#passed;
    this.#passed = 0;
    return passed;
  }

  answered(code: string | null): void {
    const { sink } = this.#exchange;
    if (this.aside === null) return;
    this.aside = null;
    const bytes = Buffer.from(code ?? '', 'latin1');
    const state = code === null ? Outcome.done : Outcome.error;
    sink.outcome(this.#number, 0, state, false, 0, 0, 0, bytes, 0, bytes.length);
  }

  passedOn(): void {
    if (this.aside?.kind !== 'cancel') return;
    this.aside = null;
    this.#passed = this.#number;
  }

  abandon(): void {
    if (this.aside !== null || this.#passed > 0) this.#exchange.tell(this.#number, 0, Outcome.lost);
    this.aside = null;
    this.#passed = 0;
  }

  #query(chunk: Uint8Array, at: number): boolean {
    if (this.#passed > 0) return true;
    const start = at + HEADER_BYTES;
    const stop = start + uint24At(chunk, at);
    const end = Math.min(stop, chunk.length);
    const whole = end === stop;
    let text = start + 1;
    if (this.#exchange.queryAttributes) {
      text = attributesEnd(chunk, text, end);
      // What can't be read is refused where commands are read.
      if (text < 0) return whole || text !== CUT || end - start > UNREAD_LIMIT;
    }
    const found = this.#finder.find(chunk, text, end, whole);
    if (found === Kill.no) return true;
    if (found === Kill.unsure || stop - start > UNREAD_LIMIT) return end - start > UNREAD_LIMIT;
    if (this.#mustWait()) return false;
    const { sink } = this.#exchange;
    if (text > start + 3) sink.bind(this.#exchange.nextNumber(), 0, chunk, start, text, text - start);
    this.#number = this.#exchange.nextNumber();
    sink.simple(this.#number, chunk, text, end, end - text);
    const { connection, scope } = this.#finder;
    this.aside = { kind: 'cancel', bytes: stop - at, connection, scope };
    return false;
  }

  #processKill(chunk: Uint8Array, at: number): boolean {
    const length = uint24At(chunk, at);
    if (this.#passed > 0 || length < 5 || length > UNREAD_LIMIT) return true;
    const start = at + HEADER_BYTES;
    const stop = start + length;
    if (stop > chunk.length || this.#mustWait()) return false;
    this.#number = this.#exchange.nextNumber();
    this.#exchange.sink.call(this.#number, chunk, start, stop, length, 1);
    const connection = uint32At(chunk, start + 1);
    this.aside = { kind: 'cancel', bytes: stop - at, connection, scope: 'connection' };
    return false;
  }

  /** Only its name is told: a COM_CHANGE_USER may hold a password. */
  #refuse(chunk: Uint8Array, at: number, command: number): false {
    const length = uint24At(chunk, at);
    if (length > UNREAD_LIMIT) this.refused = TOO_LARGE_REFUSED;
    const stop = at + HEADER_BYTES + length;
    if (this.refused !== null || stop > chunk.length || this.#mustWait()) return false;
    const name = Buffer.of(command);
    this.#number = this.#exchange.nextNumber();
    this.#exchange.sink.call(this.#number, name, 0, 1, 1, 1);
    this.aside = { kind: 'refuse', bytes: stop - at, refusal: refusedCommand(command) };
    return false;
  }

  /**
   * A number that isn't known may be that of a statement whose preparation isn't answered yet; MariaDB's clients don't
   * even wait to see (-1). Which statement it is, and how many parameters it has, must be known before it is told.
   */
  #statement(chunk: Uint8Array, at: number): boolean {
    const { prepared, preparing } = this.#exchange;
    if (preparing === 0) return true;
    if (uint24At(chunk, at) < 5) return true;
    if (chunk.length - at < HEADER_BYTES + 5) return false;
    const id = uint32At(chunk, at + HEADER_BYTES + 1);
    if (id !== LAST_PREPARED && prepared.get(id) !== null) return true;
    this.#waitsFor = Wait.preparations;
    return false;
  }

  #mustWait(): boolean {
    this.#waitsFor = Wait.answers;
    return this.waits;
  }
}
