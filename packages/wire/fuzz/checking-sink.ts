/** A sink that believes nothing: every call must keep the seam's rules, whatever bytes made the walker call it. */
import { Outcome, type StatementSink, UNKNOWN_TOTAL } from '../src/index.ts';

const STATES: ReadonlySet<number> = new Set(Object.values(Outcome));

function rule(kept: boolean, what: string): void {
  if (!kept) throw new Error(`broken rule: ${what}`);
}

export class CheckingSink implements StatementSink {
  readonly #codes: (length: number) => boolean;
  readonly #types: (length: number) => boolean;
  #last = 0;
  #part: { ref: number; told: number; total: number } | null = null;
  #alternativeOf = 0;

  /**
   * `codes`: how long the code of an error may be, where there is one; a SQLSTATE has five characters. `types`: how long
   * the types of a statement's parameters; PostgreSQL's are OIDs.
   */
  constructor(
    codes: (length: number) => boolean = (length) => length === 5 || length === 0,
    types: (length: number) => boolean = (length) => length % 4 === 0,
  ) {
    this.#codes = codes;
    this.#types = types;
  }

  prepare(statement: number, name: string, bytes: Uint8Array, start: number, end: number, total: number): void {
    rule(name.length <= 63, 'a name is no longer than PostgreSQL looks at');
    this.#announce(statement, bytes, start, end, total);
  }
  types(statement: number, bytes: Uint8Array, start: number, end: number): void {
    this.#known(statement);
    this.#range(bytes, start, end);
    rule(end > start && this.#types(end - start), 'types are as long as the engine makes them');
  }
  named(ref: number): void {
    this.#number(ref);
  }
  alternative(op: number, other: number): void {
    this.#known(other);
    this.#alternativeOf = op;
  }
  bind(binding: number, statement: number, bytes: Uint8Array, start: number, end: number, total: number): void {
    if (statement !== 0) this.#known(statement);
    // Its number was given before what may have been named since.
    if (binding > this.#last) this.#number(binding);
    this.#announced(binding, bytes, start, end, total);
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
    if (statement !== 0) this.#known(statement);
    if (op > this.#last) this.#number(op);
    this.#known(binding);
    rule(maxRows >= 0, 'row limits are not negative');
    rule(binding === op || start === end, 'values come with their own execution');
    this.#announced(op, bytes, start, end, end - start);
  }
  simple(op: number, bytes: Uint8Array, start: number, end: number, total: number): void {
    this.#announce(op, bytes, start, end, total);
  }
  call(op: number, bytes: Uint8Array, start: number, end: number, total: number, head = 0): void {
    rule(head >= 0 && head <= end - start, 'what is called is told with the beginning');
    this.#announce(op, bytes, start, end, total);
  }
  part(ref: number, offset: number, total: number, bytes: Uint8Array, start: number, end: number, last: boolean): void {
    const part = this.#part;
    rule(part !== null && part.ref === ref && part.told === offset, 'parts follow each other');
    if (part === null) return;
    rule(part.total === total || (last && part.total === UNKNOWN_TOTAL), 'the total stays what it was');
    this.#range(bytes, start, end);
    part.told += end - start;
    rule(part.told <= total, 'parts are no more than the total');
    rule(part.total !== UNKNOWN_TOTAL || !last || part.told === total, 'in the end the total is known');
    if (last) this.#part = null;
  }
  outcome(
    ref: number,
    index: number,
    state: Outcome,
    _more: boolean,
    rows: number,
    bytesIn: number,
    bytesOut: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.#known(ref);
    this.#range(bytes, start, end);
    rule(STATES.has(state), 'a state is one of the known');
    rule(
      [index, rows, bytesIn, bytesOut].every((count) => Number.isSafeInteger(count) && count >= 0),
      'counts are counts',
    );
    if (state === Outcome.error) rule(this.#codes(end - start), 'a code is as long as the engine makes them');
  }
  uploaded(
    op: number,
    _file: string,
    size: number,
    _whole: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    this.#known(op);
    this.#range(bytes, start, end);
    rule(Number.isSafeInteger(size) && size >= 0, 'a size is a count');
    rule(end - start === 32, 'a digest is as long as SHA-256 makes it');
  }
  finished(op: number): void {
    this.#known(op);
  }
  cancelled(): void {}

  #announce(ref: number, bytes: Uint8Array, start: number, end: number, total: number): void {
    this.#number(ref);
    this.#announced(ref, bytes, start, end, total);
  }

  #announced(ref: number, bytes: Uint8Array, start: number, end: number, total: number): void {
    this.#range(bytes, start, end);
    rule(this.#part === null, 'nothing is announced among parts');
    rule(this.#alternativeOf === 0 || this.#alternativeOf === ref, 'alternatives are told right before');
    this.#alternativeOf = 0;
    rule(total >= end - start, 'the total holds the range');
    if (total > end - start) this.#part = { ref, told: end - start, total };
  }

  #number(ref: number): void {
    rule(ref === this.#last + 1, 'numbers follow each other');
    this.#last = ref;
  }

  #known(ref: number): void {
    rule(ref > 0 && ref <= this.#last, 'what is referred to was told');
  }

  #range(bytes: Uint8Array, start: number, end: number): void {
    rule(start >= 0 && start <= end && end <= bytes.length, 'a range lies within its bytes');
  }
}
