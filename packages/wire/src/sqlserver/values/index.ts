/**
 * Parameters and calls as the record shows them. Works on the raw parts of calls that the walker handed over, off the hot
 * path. Never throws, whatever the bytes: what can't be read is shown as hex.
 */
import { type BoundValue, DEFAULT_MAX_BYTES, type ValueOptions } from '../../values.ts';
import { PROCEDURE_NAMES } from '../procedures.ts';
import { TRANSACTION_CALL } from '../requests.ts';
import { Cursor, Unreadable } from './cursor.ts';
import { type Limits, readParameter } from './parameters.ts';
import { type Call, transactionCall } from './transactions.ts';

export type { Call } from './transactions.ts';

const BY_NUMBER = 0xffff;

/**
 * The parameters in a call's raw part. `declarations` is what the walker told as the statement's types: they name what
 * has no name of its own.
 */
export function parameterValues(
  bytes: Uint8Array,
  declarations: Uint8Array | null,
  options: ValueOptions = {},
): BoundValue[] {
  return parameters(new Cursor(bytes), declarations === null ? [] : declaredNames(declarations), options);
}

/** A call's raw bytes: what is called, and its parameters. */
export function procedureCall(bytes: Uint8Array, options: ValueOptions = {}): Call {
  const cursor = new Cursor(bytes);
  try {
    const length = cursor.uint16();
    if (length !== BY_NUMBER) {
      const text = cursor.take(length * 2).toString('utf16le');
      cursor.uint16();
      return { text, values: parameters(cursor, [], options) };
    }
    const number = cursor.uint16();
    if (number === TRANSACTION_CALL) return transactionCall(cursor, options.partial ?? false);
    cursor.uint16();
    return { text: PROCEDURE_NAMES[number] ?? `procedure ${number}`, values: parameters(cursor, [], options) };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { text: 'malformed call', values: malformed(new Cursor(bytes), options.maxBytes ?? DEFAULT_MAX_BYTES) };
  }
}

function parameters(cursor: Cursor, names: readonly string[], options: ValueOptions): BoundValue[] {
  const limits: Limits = { maxBytes: options.maxBytes ?? DEFAULT_MAX_BYTES, partial: options.partial ?? false };
  const values: BoundValue[] = [];
  while (cursor.left > 0) {
    const start = cursor.at;
    try {
      values.push(readParameter(cursor, names[values.length] ?? '', limits));
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      // Of a message that goes on elsewhere there is nothing to say.
      if (limits.partial) return values;
      cursor.back(start);
      return [...values, ...malformed(cursor, limits.maxBytes)];
    }
  }
  return values;
}

function malformed(cursor: Cursor, maxBytes: number): BoundValue[] {
  const rest = cursor.rest();
  const shown = rest.subarray(0, maxBytes);
  const value = { type: 'malformed', hex: shown.toString('hex') };
  return [shown.length < rest.length ? { ...value, truncated: rest.length } : value];
}

/** The names in `@p1 int, @p2 decimal(10, 2) output`, in order. Commas within parentheses belong to types. */
function declaredNames(declarations: Uint8Array): string[] {
  const text = new TextDecoder('utf-16le').decode(declarations);
  const names: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at <= text.length; at++) {
    const character = text[at];
    if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
    else if (at === text.length || (character === ',' && depth <= 0)) {
      names.push(/^@\S*/.exec(text.slice(start, at).trimStart())?.[0] ?? '');
      start = at + 1;
    }
  }
  return names;
}
