/** A sink that writes down what it is told, one readable line a call, copying what it must. */
import { Buffer } from 'node:buffer';
import { Outcome, type StatementSink, UNKNOWN_TOTAL } from '../../src/index.ts';

const STATES = new Map<number, string>(Object.entries(Outcome).map(([name, state]) => [state, name]));

/** Text if it is printable ASCII, else hex; long content by its length. */
function show(bytes: Uint8Array, start: number, end: number): string {
  const range = Buffer.from(bytes.subarray(start, end));
  if (range.length > 200) return `(${range.length} bytes)`;
  const shown = range.toString('latin1').replaceAll('\n', '\\n').replaceAll('\t', '\\t');
  return /^[\x20-\x7e]*$/.test(shown) ? `'${shown}'` : `x${range.toString('hex')}`;
}

export class Events implements StatementSink {
  readonly lines: string[] = [];
  readonly #show: typeof show;
  /** Parts put together again, so that the same message in other chunks makes the same lines. */
  readonly #parts = new Map<number, { line: string; told: number; total: number; pieces: Buffer[] }>();

  /** `shown`: how bytes are written down. */
  constructor(shown = show) {
    this.#show = shown;
  }

  prepare(statement: number, name: string, bytes: Uint8Array, start: number, end: number, total: number): void {
    this.#tell(statement, `prepare ${statement} ${JSON.stringify(name)}`, bytes, start, end, total);
  }
  types(statement: number, bytes: Uint8Array, start: number, end: number): void {
    const types = Buffer.from(bytes.subarray(start, end));
    const oids = Array.from({ length: types.length / 4 }, (_, i) => types.readUInt32BE(i * 4));
    this.lines.push(`types ${statement} [${oids.join()}]`);
  }
  named(ref: number, name: string): void {
    this.lines.push(`named ${ref} ${JSON.stringify(name)}`);
  }
  alternative(op: number, other: number): void {
    this.lines.push(`alternative ${op} or ${other}`);
  }
  bind(binding: number, statement: number, bytes: Uint8Array, start: number, end: number, total: number): void {
    this.#tell(binding, `bind ${binding} statement ${statement}`, bytes, start, end, total);
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
    const rows = maxRows === 0 ? '' : ` rows ${maxRows}`;
    const line = `execute ${op} statement ${statement}${binding === op ? '' : ` binding ${binding}`}${rows}`;
    this.lines.push(binding === op ? `${line} ${this.#show(bytes, start, end)}` : line);
  }
  simple(op: number, bytes: Uint8Array, start: number, end: number, total: number): void {
    this.#tell(op, `simple ${op}`, bytes, start, end, total);
  }
  call(op: number, bytes: Uint8Array, start: number, end: number, total: number): void {
    this.#tell(op, `call ${op}`, bytes, start, end, total);
  }
  part(ref: number, offset: number, total: number, bytes: Uint8Array, start: number, end: number, last: boolean): void {
    const part = this.#parts.get(ref);
    const told = part?.told === offset && (part.total === total || (last && part.total === UNKNOWN_TOTAL));
    if (part === undefined || !told) {
      throw new Error(`part of ${ref} at ${offset} of ${total} doesn't follow`);
    }
    part.pieces.push(Buffer.from(bytes.subarray(start, end)));
    part.told += end - start;
    if (!last) return;
    const whole = Buffer.concat(part.pieces);
    this.lines.push(`${part.line} ${this.#show(whole, 0, whole.length)}`);
    this.#parts.delete(ref);
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
    const counts = `rows ${rows} in ${bytesIn} out ${bytesOut}${more ? ' more' : ''}`;
    this.lines.push(`outcome ${ref}.${index} ${STATES.get(state)} ${counts} ${this.#show(bytes, start, end)}`);
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
    const digest = Buffer.from(bytes.subarray(start, end)).toString('hex');
    this.lines.push(`uploaded ${op} ${JSON.stringify(file)} ${size}${whole ? '' : ' in part'} sha256 ${digest}`);
  }
  finished(op: number): void {
    this.lines.push(`finished ${op}`);
  }
  cancelled(): void {
    this.lines.push('cancelled');
  }

  #tell(ref: number, line: string, bytes: Uint8Array, start: number, end: number, total: number): void {
    if (end - start === total) this.lines.push(`${line} ${this.#show(bytes, start, end)}`);
    else this.#parts.set(ref, { line, told: end - start, total, pieces: [Buffer.from(bytes.subarray(start, end))] });
  }
}
