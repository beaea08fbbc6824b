/** T-SQL's functions that SQLite doesn't have. */
import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { decimalText, decimalUnits } from '../types/decimals.ts';
import { dateText, offsetText, parseMoment, timeText } from '../types/times.ts';
import { declaredType, type SqlType, type SqlValue } from '../types/types.ts';
import { defineCatalogFunctions } from './catalog-functions.ts';
import { SqlError } from './errors.ts';
import type { Session } from './session.ts';

const VERSION =
  'Microsoft SQL Server 2022 (RTM) - 16.0.4096.0 (X64) \n\tTidegate test double: not a Microsoft product, SQLite beneath';

export function registerFunctions(connection: DatabaseSync, session: Session): void {
  const define = (name: string, run: (...args: SqlValue[]) => SqlValue): void => {
    connection.function(name, { useBigIntArguments: true, varargs: true }, run);
  };
  const now = (digits: number) => (): string =>
    new Date()
      .toISOString()
      .replace('T', ' ')
      .slice(0, -1)
      .padEnd(20 + digits, '0');
  for (const name of ['getdate', 'getutcdate']) define(name, now(3));
  for (const name of ['sysdatetime', 'sysutcdatetime']) define(name, now(7));
  define('sysdatetimeoffset', () => `${now(7)()} ${offsetText(0)}`);
  define('newid', () => randomUUID().toUpperCase());
  define('db_name', () => session.database.name);
  define('db_id', (name) => idOf(session, name));
  const login = (): string => session.principal.login;
  for (const name of ['suser_sname', 'suser_name', 'original_login', 'system_user']) define(name, login);
  const user = (): string => session.principal.name;
  for (const name of ['user_name', 'current_user', 'session_user', 'user']) define(name, user);
  define('host_name', () => session.facts.hostName);
  define('app_name', () => session.facts.application);
  define('scope_identity', () => session.identity);
  define('ident_current', () => session.identity);
  define('rowcount_big', () => session.rowCount);
  define('xact_state', () => (session.depth > 0 ? 1n : 0n));
  define('serverproperty', (name) => serverProperty(session, String(name)));
  define('databasepropertyex', (_database, name) => databaseProperty(String(name)));
  define('charindex', (part, text, from = 1n) => charIndex(part, text, from));
  define('left', (text, length) => (text === null ? null : String(text).slice(0, Number(length))));
  define('right', (text, length) =>
    text === null ? null : Number(length) === 0 ? '' : String(text).slice(-Number(length)),
  );
  define('replicate', (text, times) => (text === null ? null : String(text).repeat(Number(times))));
  define('space', (times) => ' '.repeat(Number(times)));
  define('datalength', (value) => dataLength(value));
  define('quotename', (name, mark = '[') => quotedName(name, mark));
  define('dateadd', (part, count, date) => (date === null ? null : dateAdd(String(part), Number(count), String(date))));
  define('datediff', (part, from, to) => (from === null || to === null ? null : dateDiff(String(part), from, to)));
  define('tds_cast', (value, type, tries) => cast(value, String(type), tries === 1n));
  define('tds_global', (name) => globalVariable(session, String(name)));
  define('tds_zero', () => {
    throw new SqlError(8134, 'Divide by zero error encountered.');
  });
  define('tds_sessions', () => JSON.stringify(sessionRows(session)));
  define('tds_databases', () => JSON.stringify(session.instance.databases.map(({ name, id }) => ({ name, id }))));
  define('tds_logins', () =>
    JSON.stringify(session.instance.logins.map(({ name, sid }, i) => ({ name, sid, id: i + 1 }))),
  );
  defineCatalogFunctions(connection, session, define);
  define('tds_spid', () => BigInt(session.facts.spid));
}

function globalVariable(session: Session, name: string): SqlValue {
  switch (name.toUpperCase()) {
    case 'VERSION':
      return VERSION;
    case 'SPID':
      return BigInt(session.facts.spid);
    case 'ROWCOUNT':
      return session.rowCount;
    case 'IDENTITY':
      return session.identity;
    case 'TRANCOUNT':
      return BigInt(session.depth);
    case 'ERROR':
      return BigInt(session.error);
    case 'SERVERNAME':
      return session.instance.name;
    case 'LANGUAGE':
      return 'us_english';
    case 'MAX_PRECISION':
      return 38n;
    case 'MICROSOFTVERSION':
      return 0x10001000n;
    case 'LOCK_TIMEOUT':
      return BigInt(session.lockTimeoutMs);
    case 'TEXTSIZE':
      return 2147483647n;
    case 'OPTIONS':
      return 5432n;
    case 'FETCH_STATUS':
      return 0n;
    default:
      throw new SqlError(137, `Must declare the scalar variable "@@${name}".`, { severity: 15 });
  }
}

function sessionRows(session: Session): unknown[] {
  return session.instance.sessions.map((one) => ({
    spid: one.spid,
    login: one.loginName,
    host: one.hostName,
    program: one.programName,
    since: one.loginTime.toISOString().replace('T', ' ').slice(0, -1),
    address: one.address,
    database: session.instance.database(one.database)?.id ?? 0,
    transactions: one.openTransactions,
    status: one.running ? 'running' : 'sleeping',
  }));
}

function serverProperty(session: Session, name: string): SqlValue {
  const known: Record<string, SqlValue> = {
    productversion: '16.0.4096.0',
    productmajorversion: '16',
    productlevel: 'RTM',
    edition: 'Developer Edition (64-bit)',
    engineedition: 3n,
    servername: session.instance.name,
    machinename: session.instance.name,
    collation: 'SQL_Latin1_General_CP1_CI_AS',
    isintegratedsecurityonly: 0n,
  };
  return known[name.toLowerCase()] ?? null;
}

function databaseProperty(name: string): SqlValue {
  const known: Record<string, SqlValue> = {
    status: 'ONLINE',
    updateability: 'READ_WRITE',
    collation: 'SQL_Latin1_General_CP1_CI_AS',
    useraccess: 'MULTI_USER',
    containment: 1n,
  };
  return known[name.toLowerCase()] ?? null;
}

function idOf(session: Session, name: SqlValue | undefined): SqlValue {
  const id = name === undefined ? session.database.id : session.instance.database(String(name))?.id;
  return id === undefined ? null : BigInt(id);
}

function charIndex(part: SqlValue | undefined, text: SqlValue | undefined, from: SqlValue): SqlValue {
  if (part === null || text === null) return null;
  const start = Math.max(0, Number(from) - 1);
  return BigInt(String(text).toLowerCase().indexOf(String(part).toLowerCase(), start) + 1);
}

function dataLength(value: SqlValue | undefined): SqlValue {
  if (value === null || value === undefined) return null;
  if (value instanceof Uint8Array) return BigInt(value.length);
  return BigInt(typeof value === 'string' ? value.length * 2 : 8);
}

function quotedName(name: SqlValue | undefined, mark: SqlValue): SqlValue {
  if (name === null || name === undefined) return null;
  const text = String(name);
  if (text.length > 128) return null;
  const [open, close] = mark === "'" ? ["'", "'"] : mark === '"' ? ['"', '"'] : ['[', ']'];
  return `${open}${text.replaceAll(close, close + close)}${close}`;
}

/** In milliseconds; months and years are counted apart. */
const PARTS = new Map([
  ['millisecond', 1],
  ['ms', 1],
  ['second', 1000],
  ['ss', 1000],
  ['s', 1000],
  ['minute', 60_000],
  ['mi', 60_000],
  ['n', 60_000],
  ['hour', 3_600_000],
  ['hh', 3_600_000],
  ['day', 86_400_000],
  ['dd', 86_400_000],
  ['d', 86_400_000],
  ['week', 604_800_000],
  ['wk', 604_800_000],
]);

function dateAdd(part: string, count: number, text: string): string {
  const date = asDate(text);
  const size = PARTS.get(part.toLowerCase());
  if (size !== undefined) date.setTime(date.getTime() + count * size);
  else if (/^(month|mm|m)$/i.test(part)) date.setUTCMonth(date.getUTCMonth() + count);
  else if (/^(year|yy|yyyy)$/i.test(part)) date.setUTCFullYear(date.getUTCFullYear() + count);
  else throw new SqlError(155, `'${part}' is not a recognized dateadd option.`, { severity: 15 });
  return date.toISOString().replace('T', ' ').slice(0, -1);
}

function dateDiff(part: string, from: SqlValue | undefined, to: SqlValue | undefined): SqlValue {
  const size = PARTS.get(part.toLowerCase());
  if (size === undefined) throw new SqlError(155, `'${part}' is not a recognized datediff option.`, { severity: 15 });
  const units = (value: SqlValue | undefined) => Math.floor(asDate(String(value)).getTime() / size);
  return BigInt(units(to) - units(from));
}

function asDate(text: string): Date {
  const moment = parseMoment(text);
  return new Date(`${dateText(moment.day)}T${timeText(moment.ticks, 3)}Z`);
}

/** Throws SqlError 245 or 8114; where it only tries, gives null. */
function cast(value: SqlValue | undefined, type: string, tries: boolean): SqlValue {
  const target = declaredType(/^n?(var)?(char|binary)$/i.test(type) ? `${type}(30)` : type);
  if (target === null) throw new SqlError(243, `Type ${type} is not a defined system type.`);
  if (value === null || value === undefined) return null;
  try {
    return converted(value, target);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof SyntaxError)) throw error;
    if (tries) return null;
    throw new SqlError(245, `Conversion failed when converting the value '${String(value)}' to data type ${type}.`);
  }
}

export function converted(value: Exclude<SqlValue, null>, type: SqlType): SqlValue {
  switch (type.kind) {
    case 'int':
      return BigInt.asIntN(64, typeof value === 'number' ? BigInt(Math.trunc(value)) : BigInt(String(value).trim()));
    case 'bit':
      return /^(0|false)$/i.test(String(value)) ? 0n : 1n;
    case 'float':
      return Number(value);
    case 'money':
      return decimalText(decimalUnits(String(value), 4), 4);
    case 'decimal':
      return decimalText(decimalUnits(String(value), type.scale), type.scale);
    case 'guid':
      return String(value).toUpperCase();
    case 'binary':
      return typeof value === 'string' ? Uint8Array.from(Buffer.from(value, 'latin1')) : asBinary(value, type.length);
    case 'chars': {
      const text = value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value);
      return type.length === 0 ? text : text.slice(0, type.length);
    }
    default: {
      const moment = parseMoment(String(value));
      if (type.kind === 'date') return dateText(moment.day);
      const clock = timeText(moment.ticks, 'scale' in type ? type.scale : 3);
      if (type.kind === 'time') return clock;
      const plain = `${dateText(moment.day)} ${clock}`;
      return type.kind === 'datetimeoffset' ? `${plain} ${offsetText(moment.offsetMinutes)}` : plain;
    }
  }
}

function asBinary(value: bigint | number | Uint8Array, length: number): Uint8Array {
  if (value instanceof Uint8Array) return length === 0 ? value : value.slice(0, length);
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(Number(BigInt.asIntN(32, BigInt(value))));
  return Uint8Array.from(bytes);
}
