/** Lines of one run between the client library, which pushes, and the HTTP answer, which takes as fast as it is read. */
import type { QueryLine } from '@tidegate/contract';
import type { Column, Sink } from './driver.ts';

/** Rows that go in one line. */
const LINE_ROWS = 500;
const LINE_BYTES = 256 * 1024;
/** Rows that have come are not kept from the reader for longer. */
const FLUSH_MS = 100;
/** Lines that wait for the reader before the database is held back, and let go again. */
const FULL = 8;
const LOW = 2;

export interface Limits {
  readonly rows: number;
  readonly bytes: number;
}
export interface Flow {
  /** The reader is behind. */
  hold(): void;
  letGo(): void;
  /** The limits are reached: what else comes is dropped. */
  enough(): void;
}

export class Lines implements Sink {
  readonly #limits: Limits;
  readonly #flow: Flow;
  readonly #waiting: QueryLine[] = [];
  #rows: (string | null)[][] = [];
  #rowBytes = 0;
  #result = 0;
  #begun = false;
  #taken = { rows: 0, bytes: 0 };
  #held = false;
  #limited = false;
  #over = false;
  #timer: NodeJS.Timeout | undefined;
  #woken = Promise.withResolvers<void>();

  constructor(limits: Limits, flow: Flow) {
    this.#limits = limits;
    this.#flow = flow;
  }

  get limited(): boolean {
    return this.#limited;
  }

  columns(columns: readonly Column[]): void {
    if (this.#limited) return;
    if (this.#begun) this.#next();
    this.#begun = true;
    this.#push({ type: 'columns', result: this.#result, columns: [...columns] });
  }

  row(values: readonly (string | null)[]): boolean {
    if (this.#limited) return false;
    const bytes = values.reduce((sum, value) => sum + (value?.length ?? 0) + 1, 0);
    const { rows, bytes: before } = this.#taken;
    if (rows >= this.#limits.rows || before + bytes > this.#limits.bytes) {
      this.#limited = true;
      this.#flow.enough();
      return false;
    }
    this.#taken = { rows: rows + 1, bytes: before + bytes };
    this.#rows.push([...values]);
    this.#rowBytes += bytes;
    if (this.#rows.length >= LINE_ROWS || this.#rowBytes >= LINE_BYTES) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS);
    return true;
  }

  result(command: string, rows: number | null): void {
    if (this.#limited) return;
    this.#flush();
    this.#push({ type: 'result', result: this.#result, command, rows });
    this.#next();
  }

  notice(message: string): void {
    if (this.#limited || message === '') return;
    this.#flush();
    this.#push({ type: 'notice', message: message.slice(0, 10_000) });
  }

  end(line: Extract<QueryLine, { type: 'end' }>): void {
    this.#flush();
    this.#over = true;
    this.#push(line);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<QueryLine> {
    for (;;) {
      const line = this.#waiting.shift();
      if (line === undefined) {
        if (this.#over) return;
        this.#woken = Promise.withResolvers();
        await this.#woken.promise;
        continue;
      }
      if (this.#held && this.#waiting.length <= LOW) {
        this.#held = false;
        this.#flow.letGo();
      }
      yield line;
    }
  }

  #next(): void {
    this.#flush();
    this.#result += 1;
    this.#begun = false;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#rows.length === 0) return;
    const rows = this.#rows;
    this.#rows = [];
    this.#rowBytes = 0;
    this.#push({ type: 'rows', result: this.#result, rows });
  }

  #push(line: QueryLine): void {
    this.#waiting.push(line);
    this.#woken.resolve();
    if (this.#held || this.#over || this.#waiting.length < FULL) return;
    this.#held = true;
    this.#flow.hold();
  }
}
