/** A grant line as words, quoted names and signs, each with its place. */
import type { Dialect } from './dialect.ts';

export interface Token {
  readonly kind: 'word' | 'quoted' | 'sign' | 'end';
  /** A quoted name without its quotes. */
  readonly text: string;
  /** UTF-16 units from the line's beginning. */
  readonly at: number;
  readonly end: number;
}

/** What is wrong, and where: UTF-16 units from the beginning. */
export interface LineProblem {
  readonly at: number;
  readonly message: string;
}

/** Thrown by lexer and grammar; `parseGrantLine` answers it. */
export class NotALine extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

const WORD = /[\p{L}_][\p{L}\p{N}_$]*/uy;
const SPACE = /\s+/y;

/** @throws NotALine for a quote that is not closed, an empty name, and what no name can hold. */
export function tokens(text: string, { quotes }: Dialect): Token[] {
  const found: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const space = match(SPACE, text, at);
    if (space !== null) {
      at += space.length;
      continue;
    }
    const token = wordAt(text, at) ?? quotedAt(text, at, quotes) ?? signAt(text, at);
    found.push(token);
    at = token.end;
  }
  return [...found, { kind: 'end', text: '', at: text.length, end: text.length }];
}

function match(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

function wordAt(text: string, at: number): Token | null {
  const word = match(WORD, text, at);
  return word === null ? null : { kind: 'word', text: word, at, end: at + word.length };
}

function quotedAt(text: string, at: number, quotes: Dialect['quotes']): Token | null {
  const pair = quotes.find(([open]) => text.startsWith(open, at));
  if (pair === undefined) return null;
  const [, close] = pair;
  let name = '';
  for (let next = at + 1; next < text.length; next += 1) {
    const char = text.charAt(next);
    if (char !== close) name += char;
    else if (text.charAt(next + 1) === close) {
      name += close;
      next += 1;
    } else {
      if (name === '' || /\p{Cc}/u.test(name) || !name.isWellFormed()) throw new NotALine('This is no name.', at);
      return { kind: 'quoted', text: name, at, end: next + 1 };
    }
  }
  throw new NotALine(`The name that begins here is not closed by ${close}.`, at);
}

function signAt(text: string, at: number): Token {
  const sign = String.fromCodePoint(text.codePointAt(at) ?? 0);
  return { kind: 'sign', text: sign, at, end: at + sign.length };
}
