/** Cuts T-SQL into tokens. Comments and spaces go; each token remembers where it stood. */
import { SqlError } from './errors.ts';

export type TokenKind = 'word' | 'name' | 'variable' | 'text' | 'number' | 'binary' | 'sign';

export interface Token {
  readonly kind: TokenKind;
  /** Words as written, names and texts without their quotes. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const PATTERNS: readonly (readonly [TokenKind | 'space', RegExp])[] = [
  ['space', /\s+|--[^\n]*/y],
  ['text', /[nN]?'((?:[^']|'')*)'/y],
  ['name', /\[((?:[^\]]|\]\])*)\]/y],
  ['name', /"((?:[^"]|"")*)"/y],
  ['variable', /@@?[\w$#@]+/y],
  ['binary', /0[xX]([0-9a-fA-F]*)/y],
  ['number', /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y],
  ['word', /[\p{L}_#][\p{L}\p{N}_$#@]*/uy],
  ['sign', /<>|<=|>=|!=|!<|!>|\+=|-=|\*=|\/=|::|[-+*/%=<>(),.;&|^~!:?]/y],
];

export function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < sql.length; ) {
    const end = sql.startsWith('/*', at) ? endOfComment(sql, at) : readToken(sql, at, tokens);
    if (end === null) throw new SqlError(102, `Incorrect syntax near '${sql.slice(at, at + 1)}'.`, { severity: 15 });
    at = end;
  }
  return tokens;
}

function readToken(sql: string, at: number, tokens: Token[]): number | null {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at;
    const match = pattern.exec(sql);
    if (match === null) continue;
    const end = at + match[0].length;
    if (kind !== 'space') tokens.push({ kind, text: unquoted(kind, match), start: at, end });
    return end;
  }
  if (sql[at] === "'") throw unclosed(sql.slice(at + 1));
  return null;
}

function unquoted(kind: TokenKind, match: RegExpExecArray): string {
  const inner = match[1] ?? '';
  if (kind === 'text') return inner.replaceAll("''", "'");
  if (kind === 'name') return match[0].startsWith('[') ? inner.replaceAll(']]', ']') : inner.replaceAll('""', '"');
  return kind === 'binary' ? inner : match[0];
}

/** They nest. */
function endOfComment(sql: string, start: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = start;
  let depth = 0;
  for (let mark = marks.exec(sql); mark !== null; mark = marks.exec(sql)) {
    depth += mark[0] === '/*' ? 1 : -1;
    if (depth === 0) return mark.index + 2;
  }
  throw new SqlError(113, "Missing end comment mark '*/'.", { severity: 15 });
}

function unclosed(rest: string): SqlError {
  return new SqlError(105, `Unclosed quotation mark after the character string '${rest}'.`, { severity: 15 });
}

/** Whether `token` is one of these words. */
export function isWord(token: Token | undefined, ...words: readonly string[]): boolean {
  return token?.kind === 'word' && words.includes(token.text.toUpperCase());
}

export function isSign(token: Token | undefined, sign: string): boolean {
  return token?.kind === 'sign' && token.text === sign;
}
