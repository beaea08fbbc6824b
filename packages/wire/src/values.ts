/** Bound values as the record shows them, whatever the engine; and the plain values that engines have in common. */
import { Buffer } from 'node:buffer';

export type Scalar = string | number | boolean;
/** What JSON holds. */
export type Plain = Scalar | null | readonly Plain[] | { readonly [key: string]: Plain };

export interface BoundValue {
  /** The engine's name of the type; `unknown` where nobody told, `malformed` for what is no list of values. */
  readonly type: string;
  /** The value's own name, where the protocol gives it one. */
  readonly name?: string;
  /** An output parameter: the value is what goes in. */
  readonly output?: boolean;
  /**
   * The value; null is SQL NULL. A boolean or number where JSON holds it exactly, else text; a list for what has several
   * in one.
   */
  readonly value?: Plain;
  /** In place of `value`: the bytes as sent, because they can't be read as the type. */
  readonly hex?: string;
  /** The value's whole length in bytes, when less of it is shown. */
  readonly truncated?: number;
}

export interface ValueOptions {
  /** Show at most so many bytes of each value. Default: 64 KiB. */
  readonly maxBytes?: number;
  /** The bytes are only the beginning (the walker's `total` was larger): the last value may be cut. */
  readonly partial?: boolean;
}

export const DEFAULT_MAX_BYTES = 64 * 1024;

/** Text, if it is UTF-8: the record doesn't know other client encodings, and shows those as bytes. */
export function text(view: DataView): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(view);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

export function hex(view: DataView): string {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('hex');
}

/** The beginning of a text: up to the last whole character, else bytes. */
export function cutText(view: DataView): { value: string } | { hex: string } {
  // A character has at most four bytes, so at most three of them stand at the cut.
  for (let less = 0; less < 4 && less <= view.byteLength; less++) {
    const value = text(new DataView(view.buffer, view.byteOffset, view.byteLength - less));
    if (value !== undefined) return { value };
  }
  return { hex: hex(view) };
}

/** JSON has no NaN, no infinities and no negative zero. */
export function finite(value: number): number | string {
  return Number.isFinite(value) && !Object.is(value, -0) ? value : Object.is(value, -0) ? '-0' : String(value);
}

/** The shortest number that is this one of 32 bits: 0.1, not 0.10000000149011612. */
export function shortest(value: number): number | string {
  if (!Number.isFinite(value)) return finite(value);
  for (let digits = 1; digits < 9; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return finite(shorter);
  }
  return Number(value.toPrecision(9));
}
