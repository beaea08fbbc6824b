/**
 * From YAML text to plain values, with the place of each. YAML 1.2 core schema: no tags, no merge keys, every key a
 * text; aliases within limits, so that a small file cannot become a huge value.
 */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLError,
} from 'yaml';
import { type ConfigPath, type Position, pathText } from './errors.ts';

/** Characters. Ten thousand resources with a thousand rules are less than this. */
export const CONFIG_TEXT_MAX = 4_000_000;
/** Values, each alias counted with all that it stands for. */
const VALUES_MAX = 300_000;
const ALIASES_MAX = 200;
const DEPTH_MAX = 32;

export interface TextProblem extends Position {
  readonly path: string;
  readonly message: string;
}

export interface ConfigDocument {
  /** Plain objects, lists and scalars; `undefined` where `broken`. */
  readonly value: unknown;
  readonly problems: readonly TextProblem[];
  /** The text's structure is in doubt: whatever else could be said about it would mislead. */
  readonly broken: boolean;
  /**
   * Where the value at `path` stands, or the nearest one around it; `key`: where its key stands. `into`: how far into a
   * text, in UTF-16 units; where it is written with escapes or over several lines, its beginning is told.
   */
  locate(path: ConfigPath, at?: 'key' | 'value', into?: number): Position;
}

/** Reads the text. Never throws for what is in it. */
export function readDocument(text: string): ConfigDocument {
  if (text.length > CONFIG_TEXT_MAX) {
    return unreadable(`The configuration is longer than ${CONFIG_TEXT_MAX} characters.`);
  }
  const lines = new LineCounter();
  let parsed: Document.Parsed;
  try {
    parsed = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      schema: 'core',
      merge: false,
      resolveKnownTags: false,
      stringKeys: true,
      // The parser compares each key with every other; `#map` looks them up.
      uniqueKeys: false,
    });
  } catch (error) {
    // The parser is recursive: only nesting without end brings it here.
    if (error instanceof RangeError) return unreadable('The configuration is nested too deeply.');
    throw error;
  }
  return new Reader(parsed, lines).read();
}

function unreadable(message: string): ConfigDocument {
  const start = { line: 1, column: 1 };
  return { value: undefined, problems: [{ path: '', message, ...start }], broken: true, locate: () => start };
}

/** Thrown to leave the walk when a limit is reached; never leaves this file. */
class LimitReached extends Error {}

class Reader {
  readonly #parsed: Document.Parsed;
  readonly #lines: LineCounter;
  readonly #problems: TextProblem[] = [];
  /** What each alias stood for as it was met. */
  readonly #meant = new Map<Alias, Node>();
  /** Anchors as they are met: an alias stands for the latest one before it. */
  readonly #anchors = new Map<string, Node>();
  /** What is being expanded just now: an alias to any of it would never end. */
  readonly #open = new Set<Node>();
  #values = 0;
  #aliases = 0;

  constructor(parsed: Document.Parsed, lines: LineCounter) {
    this.#parsed = parsed;
    this.#lines = lines;
  }

  read(): ConfigDocument {
    const { errors, warnings, contents } = this.#parsed;
    // Several at one place have one cause: the first names it.
    const places = new Set<number>();
    for (const error of [...errors, ...warnings]) {
      if (!places.has(error.pos[0])) this.#say(error.pos[0], '', wording(error));
      places.add(error.pos[0]);
    }
    const broken = errors.length > 0;
    const locate: ConfigDocument['locate'] = (path, at = 'value', into = 0) => this.#locate(path, at, into);
    const problems = this.#problems;
    if (broken) return { value: undefined, problems, broken, locate };
    try {
      return { value: contents === null ? null : this.#plain(contents, [], 0), problems, broken, locate };
    } catch (error) {
      if (error instanceof LimitReached) return { value: undefined, problems, broken: true, locate };
      throw error;
    }
  }

  #plain(node: unknown, path: ConfigPath, keyOffset: number): unknown {
    if (!isNode(node)) return null;
    const offset = node.range?.[0] ?? keyOffset;
    this.#values += 1;
    if (this.#values > VALUES_MAX) this.#stop(offset, path, `There are more than ${VALUES_MAX} values here.`);
    if (path.length > DEPTH_MAX) this.#stop(offset, path, `This is nested deeper than ${DEPTH_MAX} levels.`);

    if (isAlias(node)) return this.#alias(node, path, offset);
    if ('anchor' in node && typeof node.anchor === 'string') this.#anchors.set(node.anchor, node);
    if (isScalar(node)) return node.value;
    this.#open.add(node);
    const value = isMap(node) ? this.#map(node.items, path, offset) : this.#list(node, path, offset);
    this.#open.delete(node);
    return value;
  }

  #map(items: readonly Pair[], path: ConfigPath, around: number): Record<string, unknown> {
    const value: Record<string, unknown> = {};
    for (const { key, value: node } of items) {
      const offset = isNode(key) ? (key.range?.[0] ?? around) : around;
      const name = isScalar(key) ? String(key.value) : '';
      // Assigned, it would change the object's nature instead of adding a member.
      if (name === '__proto__') this.#say(offset, pathText(path), 'There is no “__proto__” here.');
      else if (Object.hasOwn(value, name)) this.#say(offset, pathText([...path, name]), `“${name}” stands here twice.`);
      else value[name] = this.#plain(node, [...path, name], offset);
    }
    return value;
  }

  #list(node: Node, path: ConfigPath, around: number): unknown[] {
    return isSeq(node) ? node.items.map((item, index) => this.#plain(item, [...path, index], around)) : [];
  }

  #alias(alias: Alias, path: ConfigPath, offset: number): unknown {
    const { source } = alias;
    this.#aliases += 1;
    if (this.#aliases > ALIASES_MAX) this.#stop(offset, path, `There are more than ${ALIASES_MAX} aliases.`);
    const target = this.#anchors.get(source);
    if (target === undefined) {
      this.#stop(offset, path, `The alias “*${source}” has no anchor “&${source}” before it.`);
    }
    if (this.#open.has(target)) this.#stop(offset, path, `The alias “*${source}” would hold itself.`);
    this.#meant.set(alias, target);
    return this.#plain(target, path, offset);
  }

  #locate(path: ConfigPath, at: 'key' | 'value', into: number): Position {
    const { place, whole } = this.#find(path);
    const text = into > 0 && whole ? textStart(place) : null;
    if (text !== null) return this.#position(text + into);
    return this.#position(whole ? place[at] : place.value);
  }

  /**
   * Walks down to `path`, or as far as there is anything (then not `whole`). Only what is told of is looked for: a table
   * of every place would take longer than all else that is read here. What an alias repeats is put right where it was
   * written.
   */
  #find(path: ConfigPath): { readonly place: Place; readonly whole: boolean } {
    let place: Place = { key: 0, value: 0, node: null };
    const { contents } = this.#parsed;
    if (isNode(contents)) place = { key: 0, value: contents.range?.[0] ?? 0, node: contents };
    for (const part of path) {
      const child = this.#child(place, part);
      if (child === null) return { place, whole: false };
      place = child;
    }
    return { place, whole: true };
  }

  #child({ node, value: around }: Place, part: string | number): Place | null {
    const meant = this.#standsFor(node);
    const offset = meant === node ? around : (meant?.range?.[0] ?? around);
    if (isSeq(meant) && typeof part === 'number') return placeOf(meant.items[part], offset);
    if (!isMap(meant) || typeof part !== 'string') return null;
    const pair = meant.items.find(({ key }) => isScalar(key) && String(key.value) === part);
    return pair === undefined ? null : placeOf(pair.value, isNode(pair.key) ? (pair.key.range?.[0] ?? offset) : offset);
  }

  /** An alias may stand for another one; none for itself, or the walk would not have ended. */
  #standsFor(node: Node | null): Node | null {
    let meant = node;
    while (isAlias(meant)) meant = this.#meant.get(meant) ?? null;
    return meant;
  }

  #position(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    // An empty text has no lines of its own.
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  #say(offset: number, path: string, message: string): void {
    this.#problems.push({ ...this.#position(offset), path, message });
  }

  #stop(offset: number, path: ConfigPath, message: string): never {
    this.#say(offset, pathText(path), message);
    throw new LimitReached();
  }
}

/** Where a value stands, and its key; offsets. */
interface Place {
  readonly key: number;
  readonly value: number;
  readonly node: Node | null;
}

const placeOf = (node: unknown, key: number): Place | null =>
  isNode(node) ? { key, value: node.range?.[0] ?? key, node } : null;

/** Where a text's characters begin; null: it is none, or escapes or line ends stand between them. */
function textStart(place: Place): number | null {
  if (!isScalar(place.node) || place.node.value !== place.node.source) return null;
  const { source = '', type } = place.node;
  if (source.includes('\n')) return null;
  if (type === 'PLAIN') return place.value;
  return (type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE') && !/["'\\]/.test(source) ? place.value + 1 : null;
}

/** The parser's findings in our words, where its own speak of its own workings. */
function wording({ code, message }: YAMLError): string {
  switch (code) {
    case 'TAB_AS_INDENT':
      return 'A tab cannot indent: YAML takes spaces only.';
    case 'MULTIPLE_DOCS':
      return 'Only one document is expected: nothing may follow a second “---”.';
    case 'NON_STRING_KEY':
      return 'A key must be plain text.';
    case 'TAG_RESOLVE_FAILED':
      return 'Tags (“!…”) are not used here.';
    case 'RESOURCE_EXHAUSTION':
      return 'This is nested too deeply.';
    default:
      return `This is not valid YAML: ${message}.`;
  }
}
