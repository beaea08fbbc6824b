/** A session's prepared statements, by the numbers that the server gave them. */
import { Buffer } from 'node:buffer';
import type { StatementSink } from '../statements.ts';

/** So many a session may have at once; a server's own limit for all sessions together is 16,382 by default. */
const STATEMENT_LIMIT = 16_384;
/** Types of parameters that are kept, in bytes: two for each. */
const TYPES_LIMIT = 4 * 1024 * 1024;

const NOTHING: Uint8Array = Buffer.alloc(0);

/** First byte of what `types` tells: what follows it. See `values/` for the reader. */
export const TypesHave = { attributes: 1, longData: 2, types: 4 } as const;

export class Statement {
  /** Under which its text is on record. */
  readonly ref: number;
  /** Its place in the server; -1 until the server has answered. */
  id = -1;
  parameters = 0;
  /** The execution whose cursor is fetched from; 0: none. */
  cursor = 0;
  /** As last declared, two bytes for each parameter; empty when never. */
  types: Uint8Array = NOTHING;
  /** The record doesn't have them yet. */
  typesUntold = false;
  /** Parameters whose values were sent ahead: bits. Null: none. */
  longData: Uint8Array | null = null;
  /** The record doesn't know which these are, or still believes in some. */
  longDataUntold = false;
  readonly #store: Prepared;

  constructor(ref: number, store: Prepared) {
    this.ref = ref;
    this.#store = store;
  }

  /** One byte of the types that an execution declares. */
  setType(at: number, byte: number): void {
    if (this.types.length === 0) {
      this.types = this.#store.room(this.parameters * 2);
      this.typesUntold = true;
    }
    if (this.types[at] === byte || at >= this.types.length) return;
    this.types[at] = byte;
    this.typesUntold = true;
  }

  /** The value of a parameter is being sent ahead of the execution. */
  sendsAhead(parameter: number): void {
    if (parameter >= this.parameters) return;
    this.longData ??= Buffer.alloc((this.parameters + 7) >> 3);
    const at = parameter >> 3;
    this.longData[at] = (this.longData[at] as number) | (1 << (parameter & 7));
    this.longDataUntold = true;
  }

  /** The server forgets what was sent ahead. */
  forgetLongData(): void {
    if (this.longData === null) return;
    this.longData = null;
    this.longDataUntold = true;
  }

  /** Tells the record how the values of the next execution are to be read. */
  tell(sink: StatementSink, attributes: boolean): void {
    const { parameters, longData, types } = this;
    const has =
      (attributes ? TypesHave.attributes : 0) |
      (longData === null ? 0 : TypesHave.longData) |
      (types.length === 0 ? 0 : TypesHave.types);
    const told = Buffer.concat([Buffer.of(has, parameters & 0xff, parameters >> 8), longData ?? NOTHING, types]);
    sink.types(this.ref, told, 0, told.length);
    this.typesUntold = false;
    this.longDataUntold = false;
  }
}

export class Prepared {
  /** What MariaDB's -1 stands for. */
  last: Statement | null = null;
  readonly #byId = new Map<number, Statement>();
  #typeBytes = 0;

  get full(): boolean {
    return this.#byId.size >= STATEMENT_LIMIT || this.#typeBytes > TYPES_LIMIT;
  }

  get size(): number {
    return this.#byId.size;
  }

  get(id: number): Statement | null {
    return this.#byId.get(id) ?? null;
  }

  /** The server has prepared it. */
  add(statement: Statement, id: number, parameters: number): void {
    const before = this.#byId.get(id);
    if (before !== undefined) this.remove(before);
    statement.id = id;
    statement.parameters = parameters;
    this.#byId.set(id, statement);
    this.last = statement;
  }

  remove(statement: Statement): void {
    if (this.#byId.get(statement.id) !== statement) return;
    this.#byId.delete(statement.id);
    this.#typeBytes -= statement.types.length;
    if (this.last === statement) this.last = null;
  }

  /** The session was reset: what was prepared before operation `op` is gone. */
  dropUpTo(op: number): void {
    for (const statement of this.#byId.values()) if (statement.ref < op) this.remove(statement);
  }

  room(bytes: number): Uint8Array {
    this.#typeBytes += bytes;
    return Buffer.alloc(bytes);
  }
}
