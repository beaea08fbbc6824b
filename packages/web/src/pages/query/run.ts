/** One run of SQL and its answer, as the lines come. */
import { type QueryLine, queryLine } from '@tidegate/contract';
import { useCallback, useEffect, useRef, useState } from 'react';
import { api } from '../../api/client.ts';

export interface Result {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Added to as they come: the same list, however long. */
  readonly rows: readonly (readonly (string | null)[])[];
  /** null: more may come. */
  readonly command: string | null;
  readonly affected: number | null;
}
export type End = Extract<QueryLine, { type: 'end' }>;

export interface Run {
  readonly running: boolean;
  readonly results: readonly Result[];
  readonly notices: readonly string[];
  readonly end: End | null;
  /** It could not be asked, or the answer broke off. */
  readonly error: unknown;
}

const NOTHING: Run = { running: false, results: [], notices: [], end: null, error: null };

export function useRun(session: string): {
  readonly run: Run;
  readonly start: (sql: string, maxRows: number) => Promise<void>;
} {
  const [run, setRun] = useState<Run>(NOTHING);
  const going = useRef<AbortController | null>(null);
  // Who leaves lets the statement be stopped.
  useEffect(() => () => going.current?.abort(), []);
  const start = useCallback(
    async (sql: string, maxRows: number) => {
      const control = new AbortController();
      going.current = control;
      const taken = new Taken();
      let frame = 0;
      const draw = (more: Partial<Run> = {}) => {
        cancelAnimationFrame(frame);
        frame = 0;
        if (!control.signal.aborted) setRun({ ...taken.shown(), error: null, ...more });
      };
      draw();
      try {
        const body = await api.runQuery({ id: session, sql, maxRows }, { signal: control.signal });
        for await (const line of linesOf(body)) {
          taken.take(line);
          frame ||= requestAnimationFrame(() => draw());
        }
        draw();
      } catch (error) {
        draw({ running: false, error });
      }
    },
    [session],
  );
  return { run, start };
}

/** Lines put together. Rows of one result are one growing list; a new object tells that it grew. */
class Taken {
  readonly #rows: (string | null)[][][] = [];
  readonly #results: Result[] = [];
  readonly #notices: string[] = [];
  #end: End | null = null;

  take(line: QueryLine): void {
    switch (line.type) {
      case 'columns':
        this.#rows[line.result] = [];
        this.#results[line.result] = { columns: line.columns, rows: [], command: null, affected: null };
        break;
      case 'rows':
        for (const row of line.rows) this.#rows[line.result]?.push(row);
        break;
      case 'result': {
        const before = this.#results[line.result] ?? { columns: [], rows: [] };
        this.#results[line.result] = { ...before, command: line.command, affected: line.rows };
        break;
      }
      case 'notice':
        this.#notices.push(line.message);
        break;
      case 'end':
        this.#end = line;
    }
  }

  shown(): Omit<Run, 'error'> {
    return {
      running: this.#end === null,
      results: this.#results.map((result, index) => ({ ...result, rows: this.#rows[index] ?? [] })),
      notices: [...this.#notices],
      end: this.#end,
    };
  }
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<QueryLine> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      const parts = (rest + decoder.decode(value, { stream: !done })).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) if (part !== '') yield queryLine.parse(JSON.parse(part));
      if (done) return;
    }
  } finally {
    await reader.cancel();
  }
}
