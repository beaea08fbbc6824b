/**
 * Finds `KILL [HARD | SOFT] [CONNECTION | QUERY] number` as a whole text statement, whatever its case and comments. The
 * number is one that the gateway gave out, so the gateway answers it. Everything else that begins with KILL is the
 * database's: by query or user, an expression, several statements in one text; its privileges bound it.
 */

export const Kill = {
  /** Another statement. */
  no: 0,
  /** The text at hand doesn't tell yet. */
  unsure: 1,
  yes: 2,
} as const;

const TAB = 0x09;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const BANG = 0x21;
const HASH = 0x23;
const STAR = 0x2a;
const DASH = 0x2d;
const SLASH = 0x2f;
const ZERO = 0x30;
const NINE = 0x39;
const SEMICOLON = 0x3b;
const K = 0x6b;
const M = 0x6d;
const CASE_BIT = 0x20;
/** More digits than this are no number of a connection. */
const MAX_DIGITS = 15;

const NOTHING: Uint8Array = new Uint8Array(0);

/** At the end of the text at hand: more of it might follow. */
const END = -1;

export class KillFinder {
  connection = 0;
  scope: 'statement' | 'connection' = 'connection';

  #bytes: Uint8Array = NOTHING;
  #at = 0;
  #end = 0;
  #whole = false;
  /** Inside of a comment whose text is run (`/*! … *\/`). */
  #inRun = false;

  /** Looks at the statement in `[start, end)`; `whole`: it ends there. One of `Kill`. */
  find(bytes: Uint8Array, start: number, end: number, whole: boolean): number {
    // Nearly always the first character tells.
    if (start < end && !mayBegin(bytes[start] as number)) return Kill.no;
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#whole = whole;
    this.#inRun = false;
    const found = this.#statement();
    this.#bytes = NOTHING;
    // Whether the text at hand is cut or not, what was read past its end is not known.
    if (found === Kill.unsure && whole) return Kill.no;
    return found === Kill.yes && !whole ? Kill.unsure : found;
  }

  #statement(): number {
    const verb = this.#word();
    if (verb === null) return this.#at >= this.#end ? Kill.unsure : Kill.no;
    if (verb !== 'kill') return this.#at >= this.#end && 'kill'.startsWith(verb) ? Kill.unsure : Kill.no;
    let option = this.#word();
    if (option === 'hard' || option === 'soft') option = this.#word();
    this.scope = option === 'query' ? 'statement' : 'connection';
    if (option === 'query' || option === 'connection') option = this.#word();
    // A word where the number should be; or one that is cut.
    if (option !== null) return this.#at >= this.#end ? Kill.unsure : Kill.no;
    return this.#number();
  }

  #number(): number {
    let digits = 0;
    this.connection = 0;
    for (; this.#at < this.#end; this.#at++) {
      const digit = (this.#bytes[this.#at] as number) - ZERO;
      if (digit < 0 || digit > NINE - ZERO) break;
      this.connection = this.connection * 10 + digit;
      digits += 1;
    }
    if (digits === 0) return this.#at >= this.#end ? Kill.unsure : Kill.no;
    if (digits > MAX_DIGITS) return Kill.no;
    let next = this.#skip();
    if (next === SEMICOLON) {
      this.#at += 1;
      next = this.#skip();
    }
    return next === END ? Kill.yes : Kill.no;
  }

  /** The word that comes next, in small letters; null when there is none. At most as long as the longest of interest. */
  #word(): string | null {
    this.#skip();
    let word = '';
    for (; this.#at < this.#end && word.length < 12; this.#at++) {
      const small = (this.#bytes[this.#at] as number) | CASE_BIT;
      if (small < 0x61 || small > 0x7a) break;
      word += String.fromCharCode(small);
    }
    // `kill5` is a name.
    if (word !== '' && this.#at < this.#end && goesOn(this.#bytes[this.#at] as number)) return `${word}?`;
    return word === '' ? null : word;
  }

  /** Passes over white space and comments; gives the character that follows, or END. */
  #skip(): number {
    for (;;) {
      if (this.#at >= this.#end) return END;
      const byte = this.#bytes[this.#at] as number;
      if (byte === SPACE || (byte >= TAB && byte <= RETURN)) {
        this.#at += 1;
      } else if (byte === HASH || (byte === DASH && this.#dashes())) {
        this.#line();
      } else if (byte === SLASH && this.#bytes[this.#at + 1] === STAR && this.#at + 1 < this.#end) {
        this.#comment();
      } else if (byte === STAR && this.#inRun && this.#bytes[this.#at + 1] === SLASH) {
        this.#inRun = false;
        this.#at += 2;
      } else {
        return this.#cut(byte) ? this.#finish() : byte;
      }
    }
  }

  /** `-` or `/` as the last character at hand may begin a comment. */
  #cut(byte: number): boolean {
    const left = this.#end - this.#at;
    if (this.#whole) return false;
    return (byte === SLASH && left === 1) || (byte === DASH && left <= 2 && this.#bytes[this.#end - 1] === DASH);
  }

  #finish(): number {
    this.#at = this.#end;
    return END;
  }

  /** Two dashes begin a comment only with white space behind them. */
  #dashes(): boolean {
    if (this.#at + 2 >= this.#end) return false;
    return this.#bytes[this.#at + 1] === DASH && (this.#bytes[this.#at + 2] as number) <= SPACE;
  }

  #line(): void {
    const found = this.#bytes.indexOf(NEWLINE, this.#at);
    this.#at = found < 0 || found >= this.#end ? this.#end : found + 1;
  }

  /** Of `/*! … *\/` and MariaDB's `/*M! … *\/` what is inside is run, behind an optional version. */
  #comment(): void {
    let at = this.#at + 2;
    if (at < this.#end && ((this.#bytes[at] as number) | CASE_BIT) === M && this.#bytes[at + 1] === BANG) at += 1;
    if (at < this.#end && this.#bytes[at] === BANG) {
      at += 1;
      while (at < this.#end && (this.#bytes[at] as number) >= ZERO && (this.#bytes[at] as number) <= NINE) at += 1;
      this.#inRun = true;
      this.#at = at;
      return;
    }
    for (; at + 1 < this.#end; at++) {
      if (this.#bytes[at] === STAR && this.#bytes[at + 1] === SLASH) {
        this.#at = at + 2;
        return;
      }
    }
    this.#at = this.#end;
  }
}

/** A digit, `_`, `$`, or what is not ASCII. */
function goesOn(byte: number): boolean {
  return (byte >= ZERO && byte <= NINE) || byte === 0x5f || byte === 0x24 || byte > 0x7e;
}

/** White space, a comment, or the letter. */
function mayBegin(first: number): boolean {
  return (first | CASE_BIT) === K || first <= SPACE || first === SLASH || first === HASH || first === DASH;
}
