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

/**
 * The canonical text of a JSON value.
 *
 * @throws TypeError for what JSON does not have or would lose (undefined, NaN, infinities, big integers, functions,
 *   symbols, holes in lists, objects of a class, lone surrogates), and for nesting beyond `CANONICAL_MAX_DEPTH`. The
 *   message names where (`$.values[0].type`) and never holds the value.
 */
export function canonicalJson(value: JsonValue): string {
  return write(value, 0, null);
}

/** Where a value stands, built only when an error is told. */
interface Place {
  readonly key: string | number;
  readonly parent: Place | null;
}

function write(value: unknown, depth: number, place: Place | null): string {
  switch (typeof value) {
    case 'string':
      return text(value, place);
    case 'number':
      if (!Number.isFinite(value)) refuse('a number that is not finite', place);
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      if (depth >= CANONICAL_MAX_DEPTH) refuse(`nesting deeper than ${CANONICAL_MAX_DEPTH}`, place);
      return Array.isArray(value) ? list(value, depth, place) : object(value, depth, place);
    default:
      return refuse(typeof value, place);
  }
}

function list(values: readonly unknown[], depth: number, parent: Place | null): string {
  let json = '[';
  // By index: a hole is visited as undefined, and refused.
  for (let index = 0; index < values.length; index++) {
    if (index > 0) json += ',';
    json += write(values[index], depth + 1, { key: index, parent });
  }
  return `${json}]`;
}

function object(value: object, depth: number, parent: Place | null): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) refuse('an object of a class', parent);
  let json = '{';
  // `sort()` without a comparator orders by UTF-16 code units, as RFC 8785 3.2.3 asks.
  for (const key of Object.keys(value).sort()) {
    const place = { key, parent };
    if (json.length > 1) json += ',';
    json += `${text(key, place)}:${write(Reflect.get(value, key), depth + 1, place)}`;
  }
  return `${json}}`;
}

/** `JSON.stringify` escapes exactly what RFC 8785 3.2.2.2 asks for, except that it lets lone surrogates through. */
function text(value: string, place: Place | null): string {
  if (!value.isWellFormed()) refuse('text with a lone surrogate', place);
  return JSON.stringify(value);
}

function refuse(what: string, place: Place | null): never {
  let path = '';
  for (let at = place; at !== null; at = at.parent) {
    path = typeof at.key === 'number' ? `[${at.key}]${path}` : `.${at.key}${path}`;
  }
  throw new TypeError(`Canonical JSON can't hold ${what}, at $${path}`);
}
