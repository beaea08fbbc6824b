/** API server cursors (sp_cursoropen and its like), as jTDS and ODBC use them. Static: the rows are those of the opening. */
import type { Argument } from '../sql/commands/execute.ts';
import { declared } from '../sql/commands/procedures.ts';
import { SqlError } from '../sql/errors.ts';
import { Interpreter } from '../sql/interpreter.ts';
import { Command, type Output } from '../sql/output.ts';
import { INT, type SqlValue } from '../types/types.ts';
import type { Column } from '../wire/tokens.ts';
import type { Cursor } from './handles.ts';
import { type NumberedCall, type NumberedProcedure, text } from './rpc.ts';

/** @scrollopt: the first rows come with the opening. */
const AUTO_FETCH = 0x2000;
const STATIC = 8n;
const READ_ONLY = 1n;
const Fetch = { first: 1, next: 2, previous: 4, last: 8, absolute: 16, relative: 32, refresh: 128, info: 256 } as const;
/** Each row's last column says how the row is; 1: as it was. */
const ROW_STATE: Column = { name: 'ROWSTAT', type: INT, nullable: true, identity: false, table: null, hidden: true };
const ROW_GOOD = 1n;

const PROCEDURES: Readonly<Record<string, NumberedProcedure>> = {
  sp_cursoropen: async (call) => {
    const [handle, statement, scroll, concurrency, rowCount, params, ...values] = call.args;
    return await open(call, { handle, scroll, concurrency, rowCount }, text(statement), text(params), values);
  },
  sp_cursorprepexec: async (call) => {
    const [prepared, handle, params, statement, scroll, concurrency, rowCount, ...values] = call.args;
    const kept = call.context.handles.prepare({ declarations: text(params), sql: text(statement) });
    prepared?.output?.(kept);
    return await open(call, { handle, scroll, concurrency, rowCount }, text(statement), text(params), values);
  },
  sp_cursorprepare: ({ args: [handle, params, statement], context }) => {
    handle?.output?.(context.handles.prepare({ declarations: text(params), sql: text(statement) }));
    return 0n;
  },
  sp_cursorexecute: async (call) => {
    const [prepared, handle, scroll, concurrency, rowCount, ...values] = call.args;
    const { sql, declarations } = call.context.handles.prepared(prepared?.value ?? null);
    return await open(call, { handle, scroll, concurrency, rowCount }, sql, declarations, values);
  },
  sp_cursorunprepare: ({ args: [handle], context }) => {
    context.handles.unprepare(handle?.value ?? null);
    return 0n;
  },
  sp_cursorfetch: (call) => fetch(call),
  sp_cursorclose: ({ args: [handle], context }) => {
    context.handles.closeCursor(handle?.value ?? null);
    return 0n;
  },
  sp_cursoroption: () => 0n,
};

export function cursorProcedure(name: string): NumberedProcedure | null {
  return PROCEDURES[name] ?? null;
}

interface Opening {
  readonly handle: Argument | undefined;
  readonly scroll: Argument | undefined;
  readonly concurrency: Argument | undefined;
  readonly rowCount: Argument | undefined;
}

async function open(
  { run, context }: NumberedCall,
  { handle, scroll, concurrency, rowCount }: Opening,
  sql: string,
  declarations: string,
  values: readonly Argument[],
): Promise<bigint> {
  const rows = new Collected();
  const scope = declared(declarations, values, run);
  await new Interpreter({ ...run.context, scope, output: rows }, run.depth + 1).batch(sql);
  if (rows.heads === null) throw new SqlError(16_937, 'A server cursor cannot be opened on the given statement.');
  const cursor: Cursor = { columns: rows.heads, rows: rows.all, start: -1, count: 0 };
  const wanted = Number(scroll?.value ?? 0n);
  const atOnce = (wanted & AUTO_FETCH) !== 0 ? Number(rowCount?.value ?? 0n) : 0;
  send(context, cursor, 0, atOnce, false);
  handle?.output?.(context.handles.openCursor(cursor));
  scroll?.output?.(STATIC);
  concurrency?.output?.(READ_ONLY);
  rowCount?.output?.(BigInt(cursor.rows.length));
  return 0n;
}

/** @cursor, @fetchtype, @rownum, @nrows. */
function fetch({ args: [handle, kind, row, count], noMetadata, context }: NumberedCall): bigint {
  const cursor = context.handles.cursor(handle?.value ?? null);
  const how = Number(kind?.value ?? BigInt(Fetch.next));
  const rows = Number(count?.value ?? 1n);
  const number = Number(row?.value ?? 0n);
  if (how === Fetch.info) {
    row?.output?.(BigInt(cursor.start + 1));
    count?.output?.(BigInt(cursor.rows.length));
    return 0n;
  }
  const start = startOf(how, cursor, number, rows);
  send(context, cursor, start, rows, noMetadata);
  return 0n;
}

function startOf(how: number, { rows, start, count }: Cursor, number: number, wanted: number): number {
  switch (how) {
    case Fetch.first:
      return 0;
    case Fetch.previous:
      return Math.max(0, start - wanted);
    case Fetch.last:
      return Math.max(0, rows.length - wanted);
    case Fetch.absolute:
      return number < 0 ? Math.max(0, rows.length + number) : Math.max(0, number - 1);
    case Fetch.relative:
      return Math.max(0, start + number);
    case Fetch.refresh:
      return Math.max(0, start);
    default:
      return start < 0 ? 0 : Math.min(start + count, rows.length);
  }
}

function send({ answer }: NumberedCall['context'], cursor: Cursor, start: number, count: number, known: boolean): void {
  const columns = [...cursor.columns, ROW_STATE];
  if (known) answer.columnsKnown(columns);
  else answer.columns(columns);
  const rows = cursor.rows.slice(start, start + count);
  for (const row of rows) answer.row([...row, ROW_GOOD]);
  if (count > 0) Object.assign(cursor, { start, count: rows.length });
  answer.done(BigInt(rows.length), Command.select);
}

/** Keeps the first result instead of sending it. */
class Collected implements Output {
  readonly full = false;
  heads: readonly Column[] | null = null;
  readonly all: (readonly SqlValue[])[] = [];

  columns(columns: readonly Column[]): void {
    if (this.heads !== null) throw new SqlError(16_937, 'A server cursor is opened on one result.');
    this.heads = columns;
  }

  row(values: readonly SqlValue[]): void {
    this.all.push(values);
  }

  async room(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
  }

  done(): void {}

  failed(): void {}

  notice(): void {}
}
