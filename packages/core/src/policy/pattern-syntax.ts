/**
 * Reads the form a ticket must have: regular expressions as people know them, less what can't be matched in linear time
 * (back references, look-around) and what a ticket's form has no use for. What is read means what it means to ECMAScript
 * with the `u` flag; the rest is refused with its place.
 */

/** `set`: one character. `repeat`: `most` may be Infinity. */
export type Node =
  | { readonly is: 'set'; readonly has: (character: number) => boolean }
  | { readonly is: 'start' | 'end' }
  | { readonly is: 'sequence' | 'choice'; readonly nodes: readonly Node[] }
  | { readonly is: 'repeat'; readonly node: Node; readonly least: number; readonly most: number };

/** What can't be read, and where: the position counts characters from 1. */
export class PatternError extends Error {
  override readonly name = 'PatternError';
}

/** Largest number in `{n,m}`. */
const REPEAT_MAX = 200;
const SYNTAX = '^$\\.*+?()[]{}|/';

type CharacterSet = (character: number) => boolean;

const between =
  (first: string | number, last: string | number): CharacterSet =>
  (character) =>
    character >= code(first) && character <= code(last);
const any =
  (...sets: readonly CharacterSet[]): CharacterSet =>
  (character) =>
    sets.some((set) => set(character));
const not =
  (set: CharacterSet): CharacterSet =>
  (character) =>
    !set(character);

const digit = between('0', '9');
const word = any(digit, between('a', 'z'), between('A', 'Z'), between('_', '_'));
const space: CharacterSet = (character) => /^\s$/u.test(String.fromCodePoint(character));
const lineEnd: CharacterSet = (character) => '\n\r\u2028\u2029'.includes(String.fromCodePoint(character));

const CLASS_ESCAPES: ReadonlyMap<string, CharacterSet> = new Map([
  ['d', digit],
  ['D', not(digit)],
  ['w', word],
  ['W', not(word)],
  ['s', space],
  ['S', not(space)],
]);

/** @throws PatternError */
export function parsePattern(pattern: string): Node {
  const reader = new Reader(pattern);
  const node = choice(reader);
  if (!reader.atEnd) reader.fail('“)” closes nothing');
  return node;
}

class Reader {
  readonly #characters: readonly string[];
  #at = 0;

  constructor(pattern: string) {
    this.#characters = Array.from(pattern);
  }
  get atEnd(): boolean {
    return this.#at >= this.#characters.length;
  }
  /** The next character; '' at the end. */
  get next(): string {
    return this.#characters[this.#at] ?? '';
  }
  take(): string {
    const taken = this.next;
    this.#at += 1;
    return taken;
  }
  /** Takes `text` if it comes next. */
  took(text: string): boolean {
    const end = this.#at + text.length;
    if (this.#characters.slice(this.#at, end).join('') !== text) return false;
    this.#at = end;
    return true;
  }
  fail(what: string): never {
    throw new PatternError(`${what}, at character ${Math.min(this.#at, this.#characters.length - 1) + 1}`);
  }
}

function choice(reader: Reader): Node {
  const nodes = [sequence(reader)];
  while (reader.took('|')) nodes.push(sequence(reader));
  return nodes.length === 1 && nodes[0] !== undefined ? nodes[0] : { is: 'choice', nodes };
}

function sequence(reader: Reader): Node {
  const nodes: Node[] = [];
  while (!reader.atEnd && reader.next !== '|' && reader.next !== ')') nodes.push(repeated(reader));
  return { is: 'sequence', nodes };
}

function repeated(reader: Reader): Node {
  const node = atom(reader);
  const times = quantifier(reader);
  if (times === null) return node;
  if (node.is === 'start' || node.is === 'end') reader.fail('There is nothing to repeat');
  // Lazy or not makes no difference to whether it matches.
  reader.took('?');
  if ('*+?{'.includes(reader.next) && !reader.atEnd) reader.fail('There is nothing to repeat');
  return { is: 'repeat', node, ...times };
}

function quantifier(reader: Reader): { least: number; most: number } | null {
  if (reader.took('*')) return { least: 0, most: Infinity };
  if (reader.took('+')) return { least: 1, most: Infinity };
  if (reader.took('?')) return { least: 0, most: 1 };
  if (!reader.took('{')) return null;
  const least = number(reader);
  const most = reader.took(',') ? (reader.next === '}' ? Infinity : number(reader)) : least;
  if (!reader.took('}')) reader.fail('“}” is missing');
  if (most < least) reader.fail('The numbers in {} are in the wrong order');
  return { least, most };
}

function number(reader: Reader): number {
  let digits = '';
  while (!reader.atEnd && digits.length < 4 && digit(code(reader.next))) digits += reader.take();
  if (digits === '') reader.fail('A number is missing in {}');
  if (Number(digits) > REPEAT_MAX) reader.fail(`More than ${REPEAT_MAX} repetitions can't be asked for`);
  return Number(digits);
}

function atom(reader: Reader): Node {
  const character = reader.take();
  switch (character) {
    case '^':
      return { is: 'start' };
    case '$':
      return { is: 'end' };
    case '.':
      return { is: 'set', has: not(lineEnd) };
    case '[':
      return { is: 'set', has: characterClass(reader) };
    case '\\':
      return { is: 'set', has: escaped(reader, SYNTAX) };
    case '(':
      return group(reader);
    case '*':
    case '+':
    case '?':
    case '{':
      return reader.fail('There is nothing to repeat');
    case ']':
    case '}':
      return reader.fail(`“${character}” closes nothing; to mean the character, write \\${character}`);
    default:
      return { is: 'set', has: between(character, character) };
  }
}

function group(reader: Reader): Node {
  if (!reader.took('?:') && reader.next === '?') reader.fail('Look-around and named groups can’t be used');
  const node = choice(reader);
  if (!reader.took(')')) reader.fail('“)” is missing');
  return node;
}

/** What follows a backslash: `\d` and its like, or a character with a meaning, meant as itself. */
function escaped(reader: Reader, literals: string): CharacterSet {
  const character = reader.take();
  const set = CLASS_ESCAPES.get(character);
  if (set !== undefined) return set;
  if (character === '') reader.fail('The pattern ends with a backslash');
  if (!literals.includes(character)) reader.fail(`\\${character} can't be used`);
  return between(character, character);
}

/** `[…]`, after its opening bracket. */
function characterClass(reader: Reader): CharacterSet {
  const negated = reader.took('^');
  const sets: CharacterSet[] = [];
  while (!reader.took(']')) {
    if (reader.atEnd) reader.fail('“]” is missing');
    const first = classMember(reader);
    if (!reader.took('-')) {
      sets.push(first.set);
      continue;
    }
    if (reader.next === ']') {
      sets.push(first.set, between('-', '-'));
      continue;
    }
    if (reader.atEnd) reader.fail('“]” is missing');
    const last = classMember(reader);
    if (first.single === null || last.single === null) reader.fail('A range runs from one character to another');
    if (first.single > last.single) reader.fail('The range is in the wrong order');
    sets.push(between(first.single, last.single));
  }
  return negated ? not(any(...sets)) : any(...sets);
}

/** `single`: its code where it is one character, for ranges. */
function classMember(reader: Reader): { set: CharacterSet; single: number | null } {
  if (!reader.took('\\')) {
    const character = reader.take();
    return { set: between(character, character), single: code(character) };
  }
  const single = CLASS_ESCAPES.has(reader.next) || reader.atEnd ? null : code(reader.next);
  return { set: escaped(reader, `${SYNTAX}-`), single };
}

function code(character: string | number): number {
  return typeof character === 'number' ? character : (character.codePointAt(0) ?? -1);
}
