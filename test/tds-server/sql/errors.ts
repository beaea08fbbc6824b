/** Errors with SQL Server's own numbers, and what SQLite says in them. */
import type { Notice } from '../wire/tokens.ts';

interface SqlErrorDetails {
  readonly state?: number;
  readonly severity?: number;
  readonly procedure?: string;
}

export class SqlError extends Error {
  readonly notice: Notice;

  constructor(number: number, message: string, details: SqlErrorDetails = {}) {
    super(message);
    const { state = 1, severity = 16, procedure = '' } = details;
    this.notice = { number, state, severity, message, procedure };
  }

  get number(): number {
    return this.notice.number;
  }

  /** After one of these only its statement is over; after any other the whole batch. */
  get endsStatementOnly(): boolean {
    return STATEMENT_ONLY.has(this.number) || this.number >= 50_000;
  }
}

const STATEMENT_ONLY = new Set([229, 515, 547, 2601, 2627, 8134, 3701, 15151, 15023, 6106, 6101]);

/** SQLITE_BUSY_SNAPSHOT: what the transaction has read is old, and only starting again helps. */
const BUSY = 5;
const BUSY_SNAPSHOT = 517;

const RULES: readonly (readonly [RegExp, (found: RegExpExecArray, detail: Detail) => SqlError])[] = [
  [/no such table: (?:main\.|temp\.)?(.+)/, ([, name]) => new SqlError(208, `Invalid object name '${name}'.`)],
  [/no such column: (.+)/, ([, name]) => new SqlError(207, `Invalid column name '${name}'.`)],
  [/has no column named (.+)/, ([, name]) => new SqlError(207, `Invalid column name '${name}'.`)],
  [
    /no such function: (.+)/,
    ([, name]) => new SqlError(195, `'${name}' is not a recognized built-in function name.`, { severity: 15 }),
  ],
  [
    /UNIQUE constraint failed: ([^.]+)\.(.+)/,
    ([, table, columns]) =>
      new SqlError(
        2627,
        `Violation of UNIQUE KEY constraint 'UQ_${table}'. Cannot insert duplicate key in object 'dbo.${table}' (${columns}).`,
        { severity: 14 },
      ),
  ],
  [
    /NOT NULL constraint failed: ([^.]+)\.(.+)/,
    ([, table, column], { database, verb }) =>
      new SqlError(
        515,
        `Cannot insert the value NULL into column '${column}', table '${database}.dbo.${table}'; column does not allow nulls. ${verb} fails.`,
        { state: 2 },
      ),
  ],
  [
    /(FOREIGN KEY|CHECK) constraint failed:? ?(.*)/,
    ([, kind, name], { verb }) =>
      new SqlError(547, `The ${verb} statement conflicted with the ${kind} constraint "${name}".`),
  ],
  [
    /(?:table|index|view) "?([^"]+?)"? already exists/,
    ([, name]) => new SqlError(2714, `There is already an object named '${name}' in the database.`, { state: 6 }),
  ],
  [/near "(.*)": syntax error/s, ([, near]) => new SqlError(102, `Incorrect syntax near '${near}'.`, { severity: 15 })],
  [/incomplete input/, () => new SqlError(102, 'Incorrect syntax near the end.', { severity: 15 })],
  [/ambiguous column name: (.+)/, ([, name]) => new SqlError(209, `Ambiguous column name '${name}'.`)],
  [
    /(\d+) values for (\d+) columns|has \d+ columns but \d+ values/,
    () => new SqlError(213, 'Column name or number of supplied values does not match table definition.'),
  ],
];

interface Detail {
  readonly database: string;
  readonly verb: string;
}

/** What SQLite threw, as SQL Server would say it. What is no database error stays as it is. */
export function asSqlError(error: unknown, detail: Detail): unknown {
  if (!(error instanceof Error) || error instanceof SqlError) return error;
  if (error instanceof RangeError) return new SqlError(8114, `Error converting data type: ${error.message}.`);
  if (!('errcode' in error)) return error;
  if (error.errcode === BUSY_SNAPSHOT) return deadlock();
  for (const [pattern, make] of RULES) {
    const found = pattern.exec(error.message);
    if (found !== null) return make(found, detail);
  }
  return new SqlError(50_000, error.message);
}

export function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === BUSY;
}

export function deadlock(): SqlError {
  return new SqlError(
    1205,
    'Transaction was deadlocked on lock resources with another process and has been chosen as the deadlock victim. Rerun the transaction.',
    { severity: 13, state: 51 },
  );
}
