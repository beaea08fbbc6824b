/** What a select list says of its columns: name, type, and whether it fills a variable. */
import {
  BIGINT,
  BIT,
  DATETIME,
  declaredType,
  GUID,
  INT,
  NVARCHAR_MAX,
  nvarchar,
  type SqlType,
  SYSNAME,
  VARBINARY_MAX,
} from '../types/types.ts';
import { isSign, isWord, type Token } from './lexer.ts';

export interface SelectItem {
  /** null: it is a plain column, and named as that is. */
  readonly name: string | null;
  /** null: as the column's, or as the values turn out to be. */
  readonly type: SqlType | null;
  /** `SELECT @x = …`: the variable's name in lower case. */
  readonly variable: string | null;
}

const FUNCTION_TYPES = new Map<string, SqlType>([
  ['GETDATE', DATETIME],
  ['GETUTCDATE', DATETIME],
  ['SYSDATETIME', { kind: 'datetime2', scale: 7 }],
  ['SYSUTCDATETIME', { kind: 'datetime2', scale: 7 }],
  ['SYSDATETIMEOFFSET', { kind: 'datetimeoffset', scale: 7 }],
  ['NEWID', GUID],
  ['SCOPE_IDENTITY', { kind: 'decimal', precision: 38, scale: 0 }],
  ['DB_NAME', SYSNAME],
  ['SUSER_SNAME', SYSNAME],
  ['USER_NAME', SYSNAME],
  ['ORIGINAL_LOGIN', SYSNAME],
  ['COUNT', INT],
  ['COUNT_BIG', BIGINT],
  ['REPLICATE', NVARCHAR_MAX],
]);

const GLOBAL_TYPES = new Map<string, SqlType>([
  ['@@IDENTITY', { kind: 'decimal', precision: 38, scale: 0 }],
  ['@@SPID', { kind: 'int', bytes: 2 }],
  ['@@VERSION', nvarchar(300)],
]);

/** Columns of the system views, which are temporary here and keep no types. */
const SYSTEM_BITS = new Set([
  'is_trustworthy_on',
  'is_disabled',
  'is_read_only',
  'is_fixed_role',
  'is_ms_shipped',
  'is_user_process',
]);

const LIST_ENDS = [
  'FROM',
  'INTO',
  'WHERE',
  'GROUP',
  'ORDER',
  'UNION',
  'EXCEPT',
  'INTERSECT',
  'OPTION',
  'HAVING',
  'OFFSET',
];

/** The tokens come back with the variables of `SELECT @x = …` taken out, and `name = value` turned round. */
export function selectItems(
  tokens: readonly Token[],
  typeOfVariable: (name: string) => SqlType | null,
): { items: readonly SelectItem[] | null; tokens: readonly Token[] } {
  const start = listStart(tokens);
  if (start === null) return { items: null, tokens };
  const items: SelectItem[] = [];
  const plain: Token[] = tokens.slice(0, start);
  let at = start;
  let whole = true;
  for (;;) {
    const end = itemEnd(tokens, at);
    const item = tokens.slice(at, end);
    if (item.some((token, i) => isSign(token, '*') && (i === 0 || isSign(item[i - 1], '.')))) whole = false;
    const [first, second] = item;
    const named = isSign(second, '=') && first !== undefined;
    const value = named ? item.slice(2) : item;
    const variable = named && first.kind === 'variable' ? first.text.toLowerCase() : null;
    const { name, expression } = alias(value);
    plain.push(...value);
    const type = typeOf(expression, typeOfVariable);
    if (named && variable === null) {
      plain.push({ ...first, kind: 'word', text: 'AS' }, { ...first, kind: 'name' });
      items.push({ name: first.text, type, variable });
    } else items.push({ name, type, variable });
    at = end;
    if (!isSign(tokens[at], ',')) break;
    plain.push(...tokens.slice(at, at + 1));
    at++;
  }
  return { items: whole ? items : null, tokens: [...plain, ...tokens.slice(at)] };
}

function listStart(tokens: readonly Token[]): number | null {
  if (!isWord(tokens[0], 'SELECT')) return null;
  let at = 1;
  if (isWord(tokens[at], 'DISTINCT', 'ALL')) at++;
  if (!isWord(tokens[at], 'TOP')) return at;
  at++;
  if (!isSign(tokens[at], '(')) return at + 1;
  return groupEnd(tokens, at) + 1;
}

function groupEnd(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    if (isSign(tokens[at], '(')) depth++;
    if (isSign(tokens[at], ')') && --depth === 0) return at;
  }
  return tokens.length;
}

function itemEnd(tokens: readonly Token[], from: number): number {
  let depth = 0;
  for (let at = from; at < tokens.length; at++) {
    const token = tokens[at];
    if (isSign(token, '(')) depth++;
    else if (isSign(token, ')')) depth--;
    else if (depth === 0 && (isSign(token, ',') || isWord(token, ...LIST_ENDS))) return at;
  }
  return tokens.length;
}

/** `x AS y`, `x y`. A plain column keeps its name, an expression without one has none. */
function alias(item: readonly Token[]): { name: string | null; expression: readonly Token[] } {
  const last = item.at(-1);
  const before = item.at(-2);
  if (last === undefined) return { name: '', expression: item };
  if (isWord(before, 'AS')) return { name: last.text, expression: item.slice(0, -2) };
  const names = last.kind === 'word' || last.kind === 'name' || last.kind === 'text';
  const follows = before !== undefined && (before.kind !== 'sign' || isSign(before, ')')) && !isWord(before, 'CASE');
  if (names && follows && !isWord(last, 'END', 'NULL')) return { name: last.text, expression: item.slice(0, -1) };
  const column = item.every((token, i) =>
    i % 2 === 0 ? token.kind === 'word' || token.kind === 'name' : isSign(token, '.'),
  );
  return { name: column && !isWord(last, 'NULL') ? null : '', expression: item };
}

function typeOf(expression: readonly Token[], typeOfVariable: (name: string) => SqlType | null): SqlType | null {
  const [first, second] = expression;
  if (first === undefined) return null;
  if (SYSTEM_BITS.has(expression.at(-1)?.text.toLowerCase() ?? '')) return BIT;
  if (expression.length === 1) return typeOfOne(first, typeOfVariable);
  if (!isSign(second, '(') || groupEnd(expression, 1) !== expression.length - 1) return null;
  const name = first.text.toUpperCase();
  if (/^(TRY_)?CAST$/.test(name)) {
    const as = expression.findLastIndex((token) => isWord(token, 'AS'));
    return castType(expression.slice(as + 1, -1));
  }
  if (/^(TRY_)?CONVERT$/.test(name)) {
    const end = itemEnd(expression, 2);
    return castType(expression.slice(2, end));
  }
  return FUNCTION_TYPES.get(name) ?? null;
}

/** In a cast a length that is left out is 30. */
function castType(tokens: readonly Token[]): SqlType | null {
  const text = tokens.map((token) => token.text).join('');
  return declaredType(/^n?(var)?(char|binary)$/i.test(text) ? `${text}(30)` : text);
}

function typeOfOne(token: Token, typeOfVariable: (name: string) => SqlType | null): SqlType | null {
  if (token.kind === 'variable') {
    if (token.text.startsWith('@@')) return GLOBAL_TYPES.get(token.text.toUpperCase()) ?? INT;
    return typeOfVariable(token.text.toLowerCase());
  }
  if (token.kind === 'text') return token.text.length > 4000 ? NVARCHAR_MAX : nvarchar(Math.max(1, token.text.length));
  if (token.kind === 'binary')
    return token.text.length > 16_000
      ? VARBINARY_MAX
      : { kind: 'binary', fixed: false, length: Math.max(1, Math.ceil(token.text.length / 2)) };
  if (token.kind === 'number' && /^\d+$/.test(token.text)) return Number(token.text) <= 2147483647 ? INT : BIGINT;
  if (token.kind === 'number' && /^\d*\.\d+$/.test(token.text)) {
    const [whole = '', fraction = ''] = token.text.split('.');
    return { kind: 'decimal', precision: whole.length + fraction.length, scale: fraction.length };
  }
  return isWord(token, 'TRUE', 'FALSE') ? BIT : null;
}
