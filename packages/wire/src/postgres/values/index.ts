/**
 * Bound values as the record shows them. Works on the raw part of Bind (and of FunctionCall) that the walker handed
 * over, off the hot path. Never throws, whatever the bytes: what can't be read is shown as hex.
 */
import {
  type BoundValue,
  cutText,
  DEFAULT_MAX_BYTES,
  hex,
  type Scalar,
  text,
  type ValueOptions,
} from '../../values.ts';
import { array, type Nested } from './arrays.ts';
import { isArray, scalarDecoder, typeName } from './types.ts';

const BINARY = 1;

/**
 * The values in Bind's raw part: formats, values, and formats of the result, which are not looked at. `types` are the
 * OIDs of the parameters, four bytes each, as the walker's `types` gave them; null when nobody told.
 */
export function boundValues(bytes: Uint8Array, types: Uint8Array | null, options: ValueOptions = {}): BoundValue[] {
  return new ValueWalk(bytes, types, options).values();
}

/** A FunctionCall's raw body: the function's OID and its arguments, whose types the message doesn't tell. */
export function functionCall(bytes: Uint8Array, options: ValueOptions = {}): { oid: number; values: BoundValue[] } {
  const oid = bytes.length < 4 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  return { oid, values: new ValueWalk(bytes.subarray(4), null, options).values() };
}

class ValueWalk {
  readonly #view: DataView;
  readonly #types: DataView | null;
  readonly #maxBytes: number;
  readonly #partial: boolean;
  #at = 0;

  constructor(bytes: Uint8Array, types: Uint8Array | null, options: ValueOptions) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#types = types === null ? null : new DataView(types.buffer, types.byteOffset, types.byteLength);
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
    this.#partial = options.partial ?? false;
  }

  values(): BoundValue[] {
    const formats = this.#formats();
    if (formats === null || this.#left < 2) return this.#malformed([]);
    const count = this.#view.getUint16(this.#at);
    this.#at += 2;
    const values: BoundValue[] = [];
    for (let index = 0; index < count; index++) {
      if (this.#left < 4) return this.#malformed(values);
      const length = this.#view.getInt32(this.#at);
      if (length < -1 || (length > this.#left - 4 && !this.#partial)) return this.#malformed(values);
      this.#at += 4;
      values.push(this.#value(length, this.#type(index), formats(index)));
    }
    return values;
  }

  get #left(): number {
    return this.#view.byteLength - this.#at;
  }

  /** The format of each value: none given means text, one given is for all. */
  #formats(): ((index: number) => number) | null {
    if (this.#left < 2) return null;
    const count = this.#view.getUint16(this.#at);
    const start = this.#at + 2;
    if (this.#left - 2 < count * 2) return null;
    this.#at = start + count * 2;
    return (index) => {
      const place = count === 1 ? 0 : index;
      return place < count ? this.#view.getUint16(start + place * 2) : 0;
    };
  }

  #type(index: number): number {
    const types = this.#types;
    return types !== null && (index + 1) * 4 <= types.byteLength ? types.getUint32(index * 4) : 0;
  }

  #value(length: number, type: number, format: number): BoundValue {
    const name = typeName(type);
    if (length === -1) return { type: name, value: null };
    const start = this.#at;
    this.#at += Math.min(length, this.#left);
    const shown = Math.min(this.#at - start, this.#maxBytes);
    const view = new DataView(this.#view.buffer, this.#view.byteOffset + start, shown);
    if (shown < length) return { type: name, ...cut(view, format), truncated: length };
    const value = format === BINARY ? decoded(view, type) : format === 0 ? text(view) : undefined;
    return value === undefined ? { type: name, hex: hex(view) } : { type: name, value };
  }

  /** Ends the list with what could not be read; of a message that goes on elsewhere there is nothing to say. */
  #malformed(values: BoundValue[]): BoundValue[] {
    if (this.#partial) return values;
    const shown = Math.min(this.#left, this.#maxBytes);
    const view = new DataView(this.#view.buffer, this.#view.byteOffset + this.#at, shown);
    const rest = { type: 'malformed', hex: hex(view) };
    return [...values, shown < this.#left ? { ...rest, truncated: this.#left } : rest];
  }
}

function decoded(view: DataView, type: number): Scalar | Nested | undefined {
  return isArray(type) ? array(view) : scalarDecoder(type)?.(view);
}

/** The beginning of a value. */
function cut(view: DataView, format: number): { value: string } | { hex: string } {
  return format === BINARY ? { hex: hex(view) } : cutText(view);
}
