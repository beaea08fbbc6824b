/**
 * T-SQL to SQLite's SQL, token by token: enough for what clients and tests say, and no more. What it doesn't know goes
 * through as it is, and SQLite says what it thinks of it.
 */
import { declaredType, type SqlType } from '../types/types.ts';
import { SqlError } from './errors.ts';
import { isSign, isWord, type Token } from './lexer.ts';
import { quoteName, quoteText } from './quote.ts';
import { type SelectItem, selectItems } from './select-list.ts';

export interface TranslationContext {
  readonly database: string;
  /** Whether the database has a schema of this name, other than dbo. */
  readonly hasSchema: (name: string) => boolean;
  readonly typeOfVariable: (name: string) => SqlType | null;
}

export interface Translation {
  readonly sql: string;
  /** What the first select list says of its columns; null where it can't be told (`*`), or there is none. */
  readonly items: readonly SelectItem[] | null;
}

/** Functions that SQLite has under another name. */
const RENAMED = new Map([
  ['ISNULL', 'ifnull'],
  ['LEN', 'length'],
  ['CEILING', 'ceil'],
  ['COUNT_BIG', 'count'],
  ['LEFT', '"left"'],
  ['RIGHT', '"right"'],
]);
/** They stand without parentheses. */
const BARE_FUNCTIONS = new Set(['SYSTEM_USER', 'SESSION_USER', 'CURRENT_USER', 'USER']);
/** Their first argument names a part of a date. */
const DATE_PARTS = new Set(['DATEADD', 'DATEDIFF', 'DATEPART', 'DATENAME']);
/** Words to SQLite alone: here they are names. */
const ONLY_SQLITE = new Set(['NOTHING', 'LIMIT', 'INDEXED', 'NOTNULL', 'REGEXP', 'GLOB', 'ABORT', 'VACUUM']);
const DROPPED = new Set(['CLUSTERED', 'NONCLUSTERED', 'ROWGUIDCOL']);

export function translate(tokens: readonly Token[], context: TranslationContext): Translation {
  const { items, tokens: plain } = selectItems(tokens, context.typeOfVariable);
  return { sql: new Translator(context).level(rearranged(plain)), items };
}

/** Whole clauses that stand elsewhere in SQLite, or are not there. */
function rearranged(tokens: readonly Token[]): readonly Token[] {
  const [first, second] = tokens;
  const rest = tokens.slice(1);
  if (isWord(first, 'TRUNCATE')) return [...words('DELETE FROM'), ...tokens.slice(2)];
  if (isWord(first, 'DELETE') && !isWord(second, 'FROM')) return withOutput([...words('DELETE FROM'), ...rest]);
  if (isWord(first, 'INSERT') && !isWord(second, 'INTO')) return withOutput([...words('INSERT INTO'), ...rest]);
  if (isWord(first, 'INSERT', 'UPDATE', 'DELETE')) return withOutput(tokens);
  if (isWord(first, 'SELECT')) return withInto(tokens);
  return tokens;
}

/** OUTPUT becomes RETURNING, which stands at the end. */
function withOutput(tokens: readonly Token[]): readonly Token[] {
  const at = tokens.findIndex((token) => isWord(token, 'OUTPUT'));
  if (at < 0) return tokens;
  const end = tokens.findIndex((token, i) => i > at && isWord(token, 'VALUES', 'SELECT', 'FROM', 'WHERE', 'DEFAULT'));
  const until = end < 0 ? tokens.length : end;
  const listed = tokens.slice(at + 1, until);
  const plain = listed.filter((token, i) => {
    const qualifier = isWord(token, 'INSERTED', 'DELETED') && isSign(listed[i + 1], '.');
    return !(qualifier || (isSign(token, '.') && isWord(listed[i - 1], 'INSERTED', 'DELETED')));
  });
  return [...tokens.slice(0, at), ...tokens.slice(until), ...words('RETURNING'), ...plain];
}

/** SELECT … INTO makes a table. */
function withInto(tokens: readonly Token[]): readonly Token[] {
  let depth = 0;
  const at = tokens.findIndex((token) => {
    if (isSign(token, '(')) depth++;
    if (isSign(token, ')')) depth--;
    return depth === 0 && isWord(token, 'INTO');
  });
  if (at < 0) return tokens;
  let end = at + 2;
  while (isSign(tokens[end], '.')) end += 2;
  const name = tokens.slice(at + 1, end);
  return [...words('CREATE TABLE'), ...name, ...words('AS'), ...tokens.slice(0, at), ...tokens.slice(end)];
}

function words(text: string): Token[] {
  return text.split(' ').map((word) => ({ kind: 'word', text: word, start: 0, end: 0 }));
}

class Translator {
  readonly #context: TranslationContext;

  constructor(context: TranslationContext) {
    this.#context = context;
  }

  /** What stands between one pair of parentheses, or the whole. */
  level(tokens: readonly Token[]): string {
    const out: string[] = [];
    let limit: string | null = null;
    let identity = false;
    for (let at = 0; at < tokens.length; ) {
      const token = tokens[at];
      if (token === undefined) break;
      const before = tokens[at - 1];
      if (isWord(token, 'TOP') && isWord(before, 'SELECT', 'DISTINCT', 'ALL', 'DELETE', 'UPDATE')) {
        const end = isSign(tokens[at + 1], '(') ? closing(tokens, at + 1) + 1 : at + 2;
        limit = this.level(tokens.slice(at + 1, end));
        at = end;
      } else if (isWord(token, 'OFFSET')) {
        const fetch = tokens.findIndex((one, i) => i > at && isWord(one, 'FETCH'));
        const rows = (from: number) => tokens.findIndex((one, i) => i > from && isWord(one, 'ROW', 'ROWS'));
        const skipped = this.level(tokens.slice(at + 1, rows(at)));
        limit = `${fetch < 0 ? '-1' : this.level(tokens.slice(fetch + 2, rows(fetch)))} OFFSET ${skipped}`;
        at = tokens.length;
      } else if (isWord(token, 'WITH', 'OPTION') && at > 0 && isSign(tokens[at + 1], '(')) {
        at = closing(tokens, at + 1) + 1;
      } else if (isWord(token, 'IDENTITY') && out.length > 0) {
        // SQLite numbers rows itself only where the type reads exactly so.
        identity = true;
        at = isSign(tokens[at + 1], '(') ? closing(tokens, at + 1) + 1 : at + 1;
      } else if (isWord(token, 'COLLATE')) {
        at += 2;
      } else if (isSign(token, '(')) {
        const end = closing(tokens, at);
        out.push('(', this.#group(tokens.slice(at + 1, end), tokens), ')');
        at = end + 1;
      } else {
        at = this.#token(tokens, at, out);
      }
    }
    if (identity) return out.join(' ');
    if (limit !== null) out.push('LIMIT', limit);
    return out.join(' ');
  }

  #group(inner: readonly Token[], outer: readonly Token[]): string {
    const creates = isWord(outer[0], 'CREATE') && isWord(outer[1], 'TABLE');
    return creates && !isWord(inner[0], 'SELECT') ? this.#columns(inner) : this.level(inner);
  }

  /** The columns and constraints of a CREATE TABLE. */
  #columns(tokens: readonly Token[]): string {
    const parts = splitAt(tokens, ',');
    const numbered = parts.find((part) => part.some((token) => isWord(token, 'IDENTITY')))?.[0]?.text ?? null;
    const written: string[] = [];
    for (const part of parts) {
      if (numbered !== null && part[0]?.text === numbered) {
        written.push(`${quoteName(numbered)} INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL`);
      } else if (!(numbered !== null && isKeyOf(part, numbered))) written.push(this.#column(part));
    }
    return written.join(', ');
  }

  #column(part: readonly Token[]): string {
    const [name, type] = part;
    if (name === undefined || isWord(name, 'CONSTRAINT', 'PRIMARY', 'UNIQUE', 'FOREIGN', 'CHECK'))
      return this.level(part);
    if (type === undefined || isWord(type, 'AS')) return this.level(part);
    const end = isSign(part[2], '(') ? closing(part, 2) + 1 : 2;
    // As a name, so that SQLite keeps it word for word: it knows no `max`.
    const declared = part
      .slice(1, end)
      .map((token) => token.text.toLowerCase())
      .join('');
    if (declaredType(declared) === null) {
      throw new SqlError(2715, `Column, parameter, or variable: Cannot find data type ${type.text}.`);
    }
    return `${quoteName(name.text)} ${quoteName(declared)} ${this.#constraints(part.slice(end))}`;
  }

  /** SQLite takes an expression as default only in parentheses. */
  #constraints(tokens: readonly Token[]): string {
    const at = tokens.findIndex((token) => isWord(token, 'DEFAULT'));
    if (at < 0 || isSign(tokens[at + 1], '(')) return this.level(tokens);
    const call = isSign(tokens[at + 2], '(') ? closing(tokens, at + 2) + 1 : at + 2;
    return `${this.level(tokens.slice(0, at))} DEFAULT (${this.level(tokens.slice(at + 1, call))}) ${this.#constraints(tokens.slice(call))}`;
  }

  #token(tokens: readonly Token[], at: number, out: string[]): number {
    const token = tokens[at];
    if (token === undefined) return at + 1;
    switch (token.kind) {
      case 'text':
        out.push(quoteText(token.text));
        return at + 1;
      case 'binary':
        out.push(`x'${token.text.length % 2 === 1 ? '0' : ''}${token.text}'`);
        return at + 1;
      case 'variable':
        out.push(
          token.text.startsWith('@@') ? `tds_global(${quoteText(token.text.slice(2))})` : token.text.toLowerCase(),
        );
        return at + 1;
      case 'sign':
        return this.#sign(tokens, at, out);
      case 'number':
        out.push(token.text);
        return at + 1;
      default:
        return this.#name(tokens, at, out);
    }
  }

  #sign(tokens: readonly Token[], at: number, out: string[]): number {
    const token = tokens[at];
    const around = [tokens[at - 1], tokens[at + 1]];
    if (isSign(token, '+') && around.some((one) => one?.kind === 'text')) out.push('||');
    else if (isSign(token, '/') && tokens[at + 1]?.text === '0') {
      out.push('/ tds_zero()');
      return at + 2;
    } else out.push(token?.text ?? '');
    return at + 1;
  }

  /** A name of one part or more, and what follows it where it is a function. */
  #name(tokens: readonly Token[], at: number, out: string[]): number {
    const parts: Token[] = [];
    let end = at;
    for (let token = tokens[end]; token?.kind === 'word' || token?.kind === 'name'; token = tokens[end]) {
      parts.push(token);
      end++;
      if (!isSign(tokens[end], '.')) break;
      end++;
      // `shop..orders`: the schema between them is the default one.
      if (isSign(tokens[end], '.')) end++;
      if (isSign(tokens[end], '*')) {
        out.push(`${this.#path(parts)}.*`);
        return end + 1;
      }
    }
    const [only] = parts;
    const called = isSign(tokens[end], '(');
    if (parts.length === 1 && only?.kind === 'word') return this.#word(tokens, at, called, out);
    out.push(this.#path(parts));
    return end;
  }

  #word(tokens: readonly Token[], at: number, called: boolean, out: string[]): number {
    const text = tokens[at]?.text ?? '';
    const upper = text.toUpperCase();
    if (called && /^(TRY_)?(CAST|CONVERT)$/.test(upper)) return this.#cast(tokens, at, upper, out);
    if (called && DATE_PARTS.has(upper)) {
      const end = closing(tokens, at + 1);
      out.push(`${text}(${quoteText(tokens[at + 2]?.text ?? '')} ${this.level(tokens.slice(at + 3, end))})`);
      return end + 1;
    }
    if (called) out.push(RENAMED.get(upper) ?? text);
    else if (BARE_FUNCTIONS.has(upper) && !isWord(tokens[at - 1], 'CREATE', 'ALTER', 'DROP', 'AS'))
      out.push(`${text}()`);
    else if (text.startsWith('#')) out.push(this.#temporary(text, tokens[at - 1], out));
    else if (ONLY_SQLITE.has(upper)) out.push(quoteName(text));
    else if (!DROPPED.has(upper)) out.push(text);
    return at + 1;
  }

  /** `#orders` is a table of the session's own. */
  #temporary(text: string, before: Token | undefined, out: string[]): string {
    if (isWord(before, 'TABLE') && out.at(-2)?.toUpperCase() === 'CREATE') out.splice(-1, 1, 'TEMP', 'TABLE');
    return quoteName(text);
  }

  /** CAST(x AS type), CONVERT(type, x). SQLite's own cast would take a date for a number. */
  #cast(tokens: readonly Token[], at: number, name: string, out: string[]): number {
    const end = closing(tokens, at + 1);
    const inner = tokens.slice(at + 2, end);
    let type: readonly Token[];
    let value: readonly Token[];
    if (name.endsWith('CONVERT')) {
      const [first = [], second = []] = splitAt(inner, ',');
      [type, value] = [first, second];
    } else {
      const as = lastAs(inner);
      [type, value] = [inner.slice(as + 1), inner.slice(0, as)];
    }
    const declared = type.map((token) => token.text).join('');
    out.push(`tds_cast(${this.level(value)}, ${quoteText(declared)}, ${name.startsWith('TRY') ? 1 : 0})`);
    return end + 1;
  }

  /** `dbo.orders`, `shop.dbo.orders`, `sys.databases`, `sales.orders`, `o.id`. */
  #path(parts: readonly Token[]): string {
    let names = parts.map((part) => part.text);
    if (names.length > 2 && names[0]?.toLowerCase() === this.#context.database.toLowerCase()) names = names.slice(1);
    const [schema = '', ...rest] = names;
    if (rest.length === 0) return schema.startsWith('#') ? quoteName(schema) : quoteName(schema);
    const lower = schema.toLowerCase();
    if (lower === 'dbo') return rest.map(quoteName).join('.');
    if (lower === 'sys' || lower === 'information_schema' || this.#context.hasSchema(schema)) {
      const known = lower === 'sys' || lower === 'information_schema' ? lower : schema;
      const [object = '', ...column] = rest;
      return [`${known}.${known === schema ? object : object.toLowerCase()}`, ...column].map(quoteName).join('.');
    }
    return names.map(quoteName).join('.');
  }
}

/** A table constraint that says what AUTOINCREMENT has said. */
function isKeyOf(part: readonly Token[], column: string): boolean {
  const key = part.findIndex((token) => isWord(token, 'PRIMARY'));
  return key >= 0 && isWord(part[0], 'CONSTRAINT', 'PRIMARY') && part.some((token) => token.text === column);
}

function lastAs(tokens: readonly Token[]): number {
  let depth = 0;
  for (let at = tokens.length - 1; at >= 0; at--) {
    if (isSign(tokens[at], ')')) depth++;
    if (isSign(tokens[at], '(')) depth--;
    if (depth === 0 && isWord(tokens[at], 'AS')) return at;
  }
  throw new SqlError(1035, "Incorrect syntax near 'cast', expected 'AS'.", { severity: 15 });
}

/** The index of the `)` that belongs to the `(` at `open`. */
export function closing(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    if (isSign(tokens[at], '(')) depth++;
    if (isSign(tokens[at], ')')) depth--;
    if (depth === 0) return at;
  }
  throw new SqlError(102, "Incorrect syntax near '('.", { severity: 15 });
}

/** Parts between signs that stand outside of parentheses. */
export function splitAt(tokens: readonly Token[], sign: string): Token[][] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (isSign(token, '(')) depth++;
    if (isSign(token, ')')) depth--;
    if (depth === 0 && isSign(token, sign)) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts;
}
