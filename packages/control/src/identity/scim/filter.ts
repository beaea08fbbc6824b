/**
 * Filters and paths (RFC 7644 sections 3.4.2.2 and 3.5.2), read into trees:
 * `userName eq "a" and (active eq true or emails[type eq "work"])`, `members[value eq "…"].display`.
 */
import { invalid } from './errors.ts';

export type Comparison = 'eq' | 'ne' | 'co' | 'sw' | 'ew' | 'gt' | 'ge' | 'lt' | 'le';
const COMPARISONS: readonly string[] = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'] satisfies Comparison[];

/** `urn:…:User:name.givenName`: schema, attribute, sub-attribute. */
export interface AttributePath {
  readonly urn: string | null;
  readonly attribute: string;
  readonly sub: string | null;
}

export type Value = string | number | boolean | null;

export type Filter =
  | { readonly is: 'and' | 'or'; readonly left: Filter; readonly right: Filter }
  | { readonly is: 'not'; readonly filter: Filter }
  | { readonly is: 'present'; readonly path: AttributePath }
  | { readonly is: 'compared'; readonly path: AttributePath; readonly by: Comparison; readonly value: Value }
  /** One of the attribute's values matches as a whole. */
  | { readonly is: 'has'; readonly path: AttributePath; readonly filter: Filter };

/** What an operation of a PATCH is about. */
export interface PatchPath extends AttributePath {
  /** Which of the attribute's values. */
  readonly filter: Filter | null;
}

const LENGTH_MAX = 4_000;
const TERMS_MAX = 100;
const DEPTH_MAX = 20;

/** Throws `invalidFilter`. */
export function parseFilter(source: string): Filter {
  const reader = new Reader(source, 'invalidFilter');
  const filter = reader.either(0);
  reader.end();
  return filter;
}

/** Throws `invalidPath`. */
export function parsePath(source: string): PatchPath {
  const reader = new Reader(source, 'invalidPath');
  const path = reader.path();
  if (!reader.takes('[')) {
    reader.end();
    return { ...path, filter: null };
  }
  const filter = reader.either(0);
  reader.needs(']');
  const sub = reader.subAttribute();
  reader.end();
  return { ...path, filter, sub: sub ?? path.sub };
}

type Token = { readonly is: 'sign' | 'word'; readonly text: string } | { readonly is: 'text'; readonly text: string };

/** Strings are JSON's; words are paths, operators and literals. */
const TOKENS = /\s*(?:([()[\]])|("(?:[^"\\]|\\.)*")|([^\s()[\]"]+))/y;

class Reader {
  readonly #tokens: readonly Token[];
  readonly #why: 'invalidFilter' | 'invalidPath';
  readonly #source: string;
  #at = 0;
  #terms = 0;

  constructor(source: string, why: 'invalidFilter' | 'invalidPath') {
    this.#why = why;
    this.#source = source;
    if (source.length > LENGTH_MAX) throw invalid(why, `A filter has at most ${LENGTH_MAX} characters.`);
    this.#tokens = [...this.#read(source.trim())];
  }

  *#read(source: string): Generator<Token> {
    for (let at = 0; at < source.length; at = TOKENS.lastIndex) {
      TOKENS.lastIndex = at;
      const found = TOKENS.exec(source);
      if (found === null) throw this.#refusal();
      const [, sign, quoted, word] = found;
      // The next round begins where this match ended, whoever used the pattern in between.
      const next = TOKENS.lastIndex;
      if (sign !== undefined) yield { is: 'sign', text: sign };
      else if (quoted !== undefined) yield { is: 'text', text: this.#unquoted(quoted) };
      else if (word !== undefined) yield { is: 'word', text: word };
      TOKENS.lastIndex = next;
    }
  }

  #unquoted(quoted: string): string {
    try {
      return String(JSON.parse(quoted));
    } catch (error) {
      if (error instanceof SyntaxError) throw this.#refusal();
      throw error;
    }
  }

  /** `and` binds closer than `or`. */
  either(depth: number): Filter {
    let left = this.#both(depth);
    while (this.#word('or')) left = { is: 'or', left, right: this.#both(depth) };
    return left;
  }

  #both(depth: number): Filter {
    let left = this.#term(depth);
    while (this.#word('and')) left = { is: 'and', left, right: this.#term(depth) };
    return left;
  }

  #term(depth: number): Filter {
    this.#terms += 1;
    if (depth > DEPTH_MAX || this.#terms > TERMS_MAX) throw invalid(this.#why, 'This filter asks for too much.');
    if (this.takes('(')) return this.#grouped(depth);
    if (this.#word('not')) {
      this.needs('(');
      return { is: 'not', filter: this.#grouped(depth) };
    }
    const path = this.path();
    if (this.takes('[')) {
      const filter = this.either(depth + 1);
      this.needs(']');
      const sub = this.subAttribute();
      return sub === null ? { is: 'has', path, filter } : this.#comparison({ ...path, sub }, filter);
    }
    return this.#comparison(path, null);
  }

  /** `emails[type eq "work"].value eq "…"` asks for one value that is both. */
  #comparison(path: AttributePath, within: Filter | null): Filter {
    const operator = this.#next();
    const by = operator.is === 'word' ? operator.text.toLowerCase() : '';
    const ofValue = within === null ? path : { urn: null, attribute: path.sub ?? 'value', sub: null };
    const compared: Filter =
      by === 'pr'
        ? { is: 'present', path: ofValue }
        : { is: 'compared', path: ofValue, by: this.#comparisonNamed(by), value: this.#literal() };
    if (within === null) return compared;
    return { is: 'has', path: { ...path, sub: null }, filter: { is: 'and', left: within, right: compared } };
  }

  #comparisonNamed(by: string): Comparison {
    if (!COMPARISONS.includes(by)) throw this.#refusal();
    return by as Comparison;
  }

  #grouped(depth: number): Filter {
    const filter = this.either(depth + 1);
    this.needs(')');
    return filter;
  }

  #literal(): Value {
    const token = this.#next();
    if (token.is === 'text') return token.text;
    if (token.is === 'sign') throw this.#refusal();
    const word = token.text.toLowerCase();
    if (word === 'true' || word === 'false') return word === 'true';
    if (word === 'null') return null;
    if (/^-?\d+(\.\d+)?$/.test(word)) return Number(word);
    throw this.#refusal();
  }

  path(): AttributePath {
    const token = this.#next();
    const found =
      token.is === 'word' ? /^(?:(urn:.+):)?([A-Za-z$][\w$-]*)(?:\.([A-Za-z$][\w$-]*))?$/i.exec(token.text) : null;
    if (found?.[2] === undefined) throw this.#refusal();
    return { urn: found[1] ?? null, attribute: found[2], sub: found[3] ?? null };
  }

  /** `.value` after a bracket. */
  subAttribute(): string | null {
    const token = this.#tokens[this.#at];
    const [, sub] = token?.is === 'word' ? (/^\.([A-Za-z$][\w$-]*)$/.exec(token.text) ?? []) : [];
    if (sub === undefined) return null;
    this.#at += 1;
    return sub;
  }

  takes(sign: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.is !== 'sign' || token.text !== sign) return false;
    this.#at += 1;
    return true;
  }

  needs(sign: string): void {
    if (!this.takes(sign)) throw this.#refusal();
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw this.#refusal();
  }

  #word(word: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.is !== 'word' || token.text.toLowerCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  #next(): Token {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw this.#refusal();
    this.#at += 1;
    return token;
  }

  #refusal() {
    const shown = this.#source.length > 100 ? `${this.#source.slice(0, 100)}…` : this.#source;
    return invalid(this.#why, `“${shown}” is not understood.`);
  }
}
