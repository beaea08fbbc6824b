/**
 * Canonical JSON by RFC 8785 (JCS): one text for one value, so that a hash over it means the value, and anybody's
 * implementation finds the same. Object keys in the order of their UTF-16 code units (3.2.3), numbers and strings as
 * ECMAScript writes them (3.2.2), no whitespace.
 */

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** Nesting beyond this is refused: nothing that we record needs it, and recursion must end. */
export const CANONICAL_MAX_DEPTH = 256;

/** The value has no canonical form; the message says why and where, and never holds the value. */
export class NotCanonicalError extends TypeError {
  override readonly name = 'NotCanonicalError';
}

/**
 * The canonical text of a JSON value.
 *
 * @throws NotCanonicalError for what JSON does not have or would lose (undefined, NaN, infinities, big integers, functions,
 *   symbols, holes in lists, objects of a class, lone surrogates), and for nesting beyond `CANONICAL_MAX_DEPTH`. The
 *   message names where: `$.values[0].type`.
 */
export function canonicalJson(value: JsonValue): string {
  return write(value, [], 0);
}

/** `path[0]` to `path[depth - 1]` lead to the value; beyond that the list holds what was passed on the way. */
type Path = (string | number)[];

function write(value: unknown, path: Path, depth: number): string {
  switch (typeof value) {
    case 'string':
      return text(value, path, depth);
    case 'number':
      return Number.isFinite(value) ? JSON.stringify(value) : refuse('a number that is not finite', path, depth);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      if (depth >= CANONICAL_MAX_DEPTH) return refuse(`nesting deeper than ${CANONICAL_MAX_DEPTH}`, path, depth);
      if (Array.isArray(value)) return list(value, path, depth);
      return isPlain(value) ? object(value, path, depth) : refuse('an object of a class', path, depth);
    case 'undefined':
    case 'bigint':
    case 'function':
    case 'symbol':
      return refuse(typeof value, path, depth);
  }
}

function list(values: readonly unknown[], path: Path, depth: number): string {
  let json = '[';
  // By index: a hole is visited as undefined, and refused.
  for (let index = 0; index < values.length; index++) {
    path[depth] = index;
    json += `${index > 0 ? ',' : ''}${write(values[index], path, depth + 1)}`;
  }
  return `${json}]`;
}

function object(value: Readonly<Record<string, unknown>>, path: Path, depth: number): string {
  let json = '{';
  // `sort()` without a comparator orders by UTF-16 code units, as RFC 8785 3.2.3 asks.
  for (const key of Object.keys(value).sort()) {
    path[depth] = key;
    json += `${json.length > 1 ? ',' : ''}${text(key, path, depth + 1)}:${write(value[key], path, depth + 1)}`;
  }
  return `${json}}`;
}

/** Nothing in it has to be escaped (RFC 8785 3.2.2.2: controls, the quote, the backslash) and there is no surrogate. */
const PLAIN = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/;

/** `JSON.stringify` escapes exactly what RFC 8785 asks for, except that it lets lone surrogates through. */
function text(value: string, path: Path, depth: number): string {
  if (PLAIN.test(value)) return `"${value}"`;
  return value.isWellFormed() ? JSON.stringify(value) : refuse('text with a lone surrogate', path, depth);
}

function isPlain(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function refuse(what: string, path: Path, depth: number): never {
  const place = path.slice(0, depth).map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`));
  throw new NotCanonicalError(`Canonical JSON can't hold ${what}, at $${place.join('')}`);
}
