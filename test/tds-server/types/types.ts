/** The types of SQL Server that this server knows, and how their names read. */

/** Values as SQLite keeps them: dates, GUIDs and exact decimals are text. */
export type SqlValue = null | bigint | number | string | Uint8Array;

export type SqlType =
  | { readonly kind: 'int'; readonly bytes: 1 | 2 | 4 | 8 }
  | { readonly kind: 'bit' }
  | { readonly kind: 'float'; readonly bytes: 4 | 8 }
  | { readonly kind: 'money'; readonly bytes: 4 | 8 }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'guid' }
  | { readonly kind: 'date' }
  | { readonly kind: 'datetime'; readonly bytes: 4 | 8 }
  | { readonly kind: 'time' | 'datetime2' | 'datetimeoffset'; readonly scale: number }
  /** `length` in characters, 0 for max. `lob`: sent in the form of text, ntext and image. */
  | {
      readonly kind: 'chars';
      readonly wide: boolean;
      readonly fixed: boolean;
      readonly length: number;
      readonly lob?: boolean;
    }
  | { readonly kind: 'binary'; readonly fixed: boolean; readonly length: number; readonly lob?: boolean };

export const INT: SqlType = { kind: 'int', bytes: 4 };
export const BIGINT: SqlType = { kind: 'int', bytes: 8 };
export const BIT: SqlType = { kind: 'bit' };
export const FLOAT: SqlType = { kind: 'float', bytes: 8 };
export const DATETIME: SqlType = { kind: 'datetime', bytes: 8 };
export const GUID: SqlType = { kind: 'guid' };
export const SYSNAME: SqlType = nvarchar(128);
export const NVARCHAR_MAX: SqlType = nvarchar(0);
export const VARBINARY_MAX: SqlType = { kind: 'binary', fixed: false, length: 0 };

export function nvarchar(length: number): SqlType {
  return { kind: 'chars', wide: true, fixed: false, length };
}

/** The type that `name(args)` names in SQL, as in `decimal(10,2)` or `nvarchar(max)`; null where nobody knows it. */
export function namedType(name: string, args: readonly string[], fallbackLength = 1): SqlType | null {
  const number = (index: number, otherwise: number): number => {
    const arg = args[index];
    if (arg === undefined) return otherwise;
    return arg.toLowerCase() === 'max' ? 0 : Number(arg);
  };
  const length = number(0, fallbackLength);
  switch (name.toLowerCase()) {
    case 'tinyint':
      return { kind: 'int', bytes: 1 };
    case 'smallint':
      return { kind: 'int', bytes: 2 };
    case 'int':
    case 'integer':
      return INT;
    case 'bigint':
      return BIGINT;
    case 'bit':
      return BIT;
    case 'real':
      return { kind: 'float', bytes: 4 };
    case 'float':
      return number(0, 53) <= 24 ? { kind: 'float', bytes: 4 } : FLOAT;
    case 'money':
      return { kind: 'money', bytes: 8 };
    case 'smallmoney':
      return { kind: 'money', bytes: 4 };
    case 'decimal':
    case 'numeric':
    case 'dec':
      return { kind: 'decimal', precision: number(0, 18), scale: number(1, 0) };
    case 'uniqueidentifier':
      return GUID;
    case 'date':
      return { kind: 'date' };
    case 'datetime':
      return DATETIME;
    case 'smalldatetime':
      return { kind: 'datetime', bytes: 4 };
    case 'time':
      return { kind: 'time', scale: number(0, 7) };
    case 'datetime2':
      return { kind: 'datetime2', scale: number(0, 7) };
    case 'datetimeoffset':
      return { kind: 'datetimeoffset', scale: number(0, 7) };
    case 'char':
      return { kind: 'chars', wide: false, fixed: true, length };
    case 'varchar':
      return { kind: 'chars', wide: false, fixed: false, length };
    case 'nchar':
      return { kind: 'chars', wide: true, fixed: true, length };
    case 'nvarchar':
      return { kind: 'chars', wide: true, fixed: false, length };
    case 'sysname':
      return SYSNAME;
    case 'text':
      return { kind: 'chars', wide: false, fixed: false, length: 0, lob: true };
    case 'ntext':
    case 'xml':
      return { kind: 'chars', wide: true, fixed: false, length: 0, lob: name.toLowerCase() === 'ntext' };
    case 'binary':
      return { kind: 'binary', fixed: true, length };
    case 'varbinary':
      return { kind: 'binary', fixed: false, length };
    case 'image':
      return { kind: 'binary', fixed: false, length: 0, lob: true };
    default:
      return null;
  }
}

/** As a column's declaration reads, which SQLite keeps word for word. */
export function declaredType(declaration: string): SqlType | null {
  const parts = /^\s*\[?(\w+)\]?\s*(?:\(([^)]*)\))?/.exec(declaration);
  const [, name, args] = parts ?? [];
  if (name === undefined) return null;
  return namedType(name, args === undefined ? [] : args.split(',').map((arg) => arg.trim()));
}

/** Where nothing declares a type the value itself says what it is. */
export function typeOfValue(value: SqlValue): SqlType {
  if (value === null) return INT;
  if (typeof value === 'bigint') return value >= -2147483648n && value <= 2147483647n ? INT : BIGINT;
  if (typeof value === 'number') return FLOAT;
  if (typeof value === 'string') return nvarchar(4000);
  return { kind: 'binary', fixed: false, length: 8000 };
}
