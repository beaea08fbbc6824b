/** Runs one statement that reads or changes data. */

import type { StatementSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { declaredType, type SqlType, type SqlValue, typeOfValue } from '../types/types.ts';
import type { Column } from '../wire/tokens.ts';
import { asSqlError, deadlock, isBusy, SqlError } from './errors.ts';
import { converted } from './functions.ts';
import { isWord, type Token } from './lexer.ts';
import { Command, type Output } from './output.ts';
import { demandPermission } from './permissions.ts';
import type { Scope } from './scope.ts';
import type { SelectItem } from './select-list.ts';
import type { Session } from './session.ts';
import { type Translation, translate } from './translate.ts';

/** Rows between two looks at whether the client has room, or has given up. */
const ROWS_AT_ONCE = 64;
const LOCK_RETRY_MS = 10;

export interface QueryContext {
  readonly session: Session;
  readonly scope: Scope;
  readonly output: Output;
  readonly signal: AbortSignal;
}

export async function runQuery(tokens: readonly Token[], context: QueryContext): Promise<void> {
  const { session, scope } = context;
  demandPermission(session, tokens);
  const verb = tokens[0]?.text.toUpperCase() ?? '';
  if (session.options.get('IMPLICIT_TRANSACTIONS') === 'ON' && session.depth === 0) session.begin();
  const { sql, items } = translated(tokens, context);
  const variables = [...new Set(tokens.filter(isVariable).map((token) => token.text.toLowerCase()))];
  const assigns = items?.some((item) => item.variable !== null) ?? false;
  const bound = scope.bound(variables.filter((name) => sql.includes(name)));
  try {
    await whenFree(context, async (started) => {
      const statement = session.connection.prepare(sql);
      statement.setReadBigInts(true);
      statement.setReturnArrays(true);
      if (session.options.get('FMTONLY') === 'ON') {
        // The columns alone: bulk copy asks so what a table is like.
        started();
        if (statement.columns().length > 0) context.output.columns(columnsOf(statement, items, []));
        finish(context, 0n, commandOf(verb));
      } else if (statement.columns().length === 0) {
        const { changes, lastInsertRowid } = statement.run(bound);
        const counts = isWord(tokens[0], 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'WITH');
        if (verb === 'INSERT') session.identity = BigInt(lastInsertRowid);
        finish(context, counts ? BigInt(changes) : null, commandOf(verb));
      } else if (assigns && items !== null) assign(statement, bound, items, context);
      else await sendRows(statement, bound, items, context, started, commandOf(verb));
    });
  } catch (error) {
    throw asSqlError(error, { database: session.database.name, verb });
  }
}

export function translated(
  tokens: readonly Token[],
  { session, scope }: Pick<QueryContext, 'session' | 'scope'>,
): Translation {
  return translate(tokens, {
    database: session.database.name,
    hasSchema: (name) => userSchema(session, name),
    typeOfVariable: (name) => (scope.has(name) ? scope.get(name).type : null),
  });
}

function userSchema(session: Session, name: string): boolean {
  if (!/^\w/.test(name)) return false;
  return (
    session.connection.prepare('SELECT 1 FROM main."sys.user_schemas" WHERE name = ? AND id > 4').get(name) !==
    undefined
  );
}

function isVariable(token: Token): boolean {
  return token.kind === 'variable' && !token.text.startsWith('@@');
}

/** Waits for others' locks as SQL Server does, without holding up the other sessions of this process. */
async function whenFree({ session, signal }: QueryContext, run: (started: () => void) => Promise<void>): Promise<void> {
  const giveUp = performance.now() + session.lockTimeoutMs;
  for (;;) {
    let begun = false;
    try {
      await run(() => {
        begun = true;
      });
      return;
    } catch (error) {
      if (begun || !isBusy(error)) throw error;
      // Having read already, it can never get the lock: whoever holds it has changed what was read, or waits for it.
      if (
        session.depth > 0 &&
        session.connection.isTransaction &&
        session.lockTimeoutMs > 0 &&
        performance.now() > giveUp
      )
        throw deadlock();
      if (performance.now() > giveUp) throw new SqlError(1222, 'Lock request time out period exceeded.', { state: 51 });
    }
    await pause(LOCK_RETRY_MS, undefined, { signal });
  }
}

function commandOf(verb: string): number {
  if (verb === 'SELECT' || verb === 'WITH') return Command.select;
  if (verb === 'INSERT') return Command.insert;
  if (verb === 'UPDATE') return Command.update;
  return verb === 'DELETE' || verb === 'TRUNCATE' ? Command.delete : Command.none;
}

function finish({ session, output }: QueryContext, count: bigint | null, command: number): void {
  if (count !== null) session.rowCount = count;
  output.done(session.options.get('NOCOUNT') === 'ON' ? null : count, command);
}

/** `SELECT @x = …`: the last row counts, and nothing is sent. */
function assign(
  statement: StatementSync,
  bound: Record<string, SqlValue>,
  items: readonly SelectItem[],
  { session, scope }: QueryContext,
): void {
  const rows = statement.all(bound).map(asRow);
  session.rowCount = BigInt(rows.length);
  const last = rows.at(-1);
  if (last === undefined) return;
  for (const [index, item] of items.entries()) {
    if (item.variable === null) continue;
    const variable = scope.get(item.variable);
    const value = last[index] ?? null;
    variable.value = value === null ? null : converted(value, variable.type);
  }
}

async function sendRows(
  statement: StatementSync,
  bound: Record<string, SqlValue>,
  items: readonly SelectItem[] | null,
  context: QueryContext,
  started: () => void,
  command: number,
): Promise<void> {
  const { output, signal } = context;
  const limit = Number(context.session.options.get('ROWCOUNT') ?? 0);
  let count = 0n;
  let columns: Column[] | null = null;
  // The first row is looked at before the columns are sent: where nothing declares a type, it tells.
  for (const raw of statement.iterate(bound)) {
    const row = asRow(raw);
    if (columns === null) {
      columns = columnsOf(statement, items, row);
      started();
      output.columns(columns);
    }
    output.row(row);
    count++;
    if (limit > 0 && count >= BigInt(limit)) break;
    if (count % BigInt(ROWS_AT_ONCE) !== 0n && !output.full) continue;
    await output.room();
    signal.throwIfAborted();
  }
  if (columns === null) {
    started();
    output.columns(columnsOf(statement, items, []));
  }
  finish(context, count, command);
}

function asRow(raw: unknown): SqlValue[] {
  if (!Array.isArray(raw)) throw new TypeError('rows are asked for as arrays');
  return raw;
}

export function columnsOf(
  statement: StatementSync,
  items: readonly SelectItem[] | null,
  row: readonly SqlValue[],
): Column[] {
  return statement.columns().map((column, index) => {
    const item = items?.[index];
    const declared: SqlType | null = item?.type ?? (column.type === null ? null : declaredType(column.type));
    const value = row[index] ?? null;
    // A column that holds what its type can't (SQLite lets it) is sent as what it holds.
    const type = declared ?? typeOfValue(value);
    return {
      name: item?.name ?? column.name,
      type: wideEnough(type, declared === null, value),
      nullable: true,
      identity: false,
      table: column.table,
    };
  });
}

function wideEnough(type: SqlType, guessed: boolean, value: SqlValue): SqlType {
  if (!guessed || typeof value !== 'string' || value.length <= 4000) return type;
  return { kind: 'chars', wide: true, fixed: false, length: 0 };
}
