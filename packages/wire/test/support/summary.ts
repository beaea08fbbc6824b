/**
 * What was asked of the server and what came of it, without the numbers, and without the difference that chunks make:
 * a binding told apart from its execution and the two told as one come out the same.
 */
import { Buffer } from 'node:buffer';
import { Outcome, type StatementSink } from '../../src/index.ts';

interface Item {
  what: string;
  content: Buffer[];
  executed: boolean;
  /** Of the first execution of a binding that was told apart: the binding. */
  binding: Item | null;
  alternatives: string[];
  outcomes: { state: Outcome; shown: string }[];
}

export class Summary implements StatementSink {
  readonly #items = new Map<number, Item>();
  readonly #order: Item[] = [];
  #alternatives: string[] = [];

  get lines(): string[] {
    return this.#order.filter((item) => !(item.what.startsWith('bind') && item.executed)).map((item) => shown(item));
  }

  prepare(statement: number, name: string, bytes: Uint8Array, start: number, end: number): void {
    this.#add(statement, `prepare ${name}`, bytes, start, end);
  }
  types(statement: number, bytes: Uint8Array, start: number, end: number): void {
    this.#order.push(item(`types of ${this.#name(statement)}`, bytes.subarray(start, end)));
  }
  named(ref: number, name: string): void {
    this.#items.set(ref, item(`named ${name}`, Buffer.alloc(0)));
  }
  alternative(_op: number, other: number): void {
    this.#alternatives.push(this.#name(other));
  }
  bind(binding: number, statement: number, bytes: Uint8Array, start: number, end: number): void {
    this.#add(binding, `bind ${this.#name(statement)}`, bytes, start, end);
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
    const bound = binding === op ? null : this.#items.get(binding);
    if (bound === undefined) throw new Error(`no binding ${binding}`);
    const added = this.#add(op, `execute ${this.#name(statement)} rows ${maxRows}`, bytes, start, end);
    if (bound === null) return;
    added.content = bound.content;
    added.alternatives.unshift(...bound.alternatives);
    if (!bound.what.startsWith('bind') || bound.executed) return;
    added.binding = bound;
    bound.executed = true;
  }
  simple(op: number, bytes: Uint8Array, start: number, end: number): void {
    this.#add(op, 'simple', bytes, start, end);
  }
  call(op: number, bytes: Uint8Array, start: number, end: number): void {
    this.#add(op, 'call', bytes, start, end);
  }
  part(ref: number, _offset: number, _total: number, bytes: Uint8Array, start: number, end: number): void {
    this.#items.get(ref)?.content.push(Buffer.from(bytes.subarray(start, end)));
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
    const word = Buffer.from(bytes.subarray(start, end)).toString('latin1');
    const outcome = { state, shown: [index, state, more, rows, bytesIn, bytesOut, word].join(' ') };
    this.#items.get(ref)?.outcomes.push(outcome);
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
    this.#items.get(op)?.outcomes.push({ state: Outcome.done, shown: `uploaded ${file} ${size} ${whole} ${digest}` });
  }
  finished(op: number): void {
    this.#items.get(op)?.outcomes.push({ state: Outcome.done, shown: 'finished' });
  }
  cancelled(): void {
    this.#order.push(item('cancelled', Buffer.alloc(0)));
  }

  #name(ref: number): string {
    const found = this.#items.get(ref);
    return found === undefined ? String(ref) : `(${found.what} ${Buffer.concat(found.content).toString('latin1')})`;
  }

  #add(ref: number, what: string, bytes: Uint8Array, start: number, end: number): Item {
    const added = item(what, bytes.subarray(start, end));
    added.alternatives = this.#alternatives;
    this.#alternatives = [];
    this.#items.set(ref, added);
    this.#order.push(added);
    return added;
  }
}

function item(what: string, content: Uint8Array): Item {
  return { what, content: [Buffer.from(content)], executed: false, binding: null, alternatives: [], outcomes: [] };
}

function shown(item: Item): string {
  // Told as one, a failed binding is the execution's error; told apart, its execution is skipped.
  const failed = item.binding?.outcomes.find(({ state }) => state === Outcome.error);
  const skipped = item.outcomes.every(({ state }) => state === Outcome.skipped);
  const outcomes = failed !== undefined && skipped ? [failed] : item.outcomes;
  const content = Buffer.concat(item.content).toString('latin1');
  return JSON.stringify([item.what, content, item.alternatives, outcomes.map((outcome) => outcome.shown)]);
}
