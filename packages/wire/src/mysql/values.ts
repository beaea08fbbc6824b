/**
 * Bound values as the record shows them. Works on the raw commands that the walker handed over, off the hot path. Never
 * throws, whatever the bytes: what can't be read is shown as hex.
 */
import { type BoundValue, cutText, DEFAULT_MAX_BYTES, hex, type Plain, text, type ValueOptions } from '../values.ts';
import { BULK_TYPES, Command, commandName, EXECUTE_COUNT } from './commands.ts';
import { lenencAt, lenencSize, uint16At } from './integers.ts';
import { NO_SUCH_TYPE, SIZED_BY_BYTE, SIZED_BY_LENENC, sizeOf, Type } from './parameters.ts';
import { TypesHave } from './prepared.ts';
import { decoded, typeName } from './value-types.ts';

/** In a bulk execution, what stands before each value; 0: the value follows. */
const INDICATORS: ReadonlyMap<number, string> = new Map([
  [1, 'null'],
  [2, 'default'],
  [3, 'ignore'],
]);
const MAX_PARAMETERS = 0xffff;

/**
 * The values in a command that carries some, from its first byte: an execution, a bulk execution (a value of type `row`
 * for each, with the values in it), a piece of a value sent ahead (the parameter's place, then the piece), or a text
 * statement's attributes. `types`: what the walker told last of the statement; null when it told nothing.
 */
export function boundValues(bytes: Uint8Array, types: Uint8Array | null, options: ValueOptions = {}): BoundValue[] {
  const walk = new ValueWalk(bytes, types, options);
  switch (bytes[0]) {
    case Command.execute:
      return walk.execution();
    case Command.bulkExecute:
      return walk.bulk();
    case Command.sendLongData:
      return walk.longData();
    case Command.query:
      return walk.attributes();
    default:
      return walk.malformed([]);
  }
}

/** A command without SQL text, from its first byte: its name and what it says. */
export function commandCall(
  bytes: Uint8Array,
  options: ValueOptions = {},
): { readonly text: string; readonly values: BoundValue[] } {
  const command = bytes[0] ?? 0;
  const name = commandName(command);
  const walk = new ValueWalk(bytes, null, options);
  switch (command) {
    case Command.initDb:
      return { text: name, values: [walk.rest('schema')] };
    case Command.fieldList:
      return { text: name, values: walk.fieldList() };
    case Command.setOption:
      return { text: name, values: walk.fixed('smallint unsigned', 2) };
    case Command.processKill:
      return { text: name, values: walk.fixed('int unsigned', 4) };
    case Command.refresh:
      return { text: name, values: walk.fixed('tinyint unsigned', 1) };
    default:
      return { text: name, values: [] };
  }
}

interface Parameter {
  readonly type: number;
  readonly unsigned: boolean;
  readonly name: string;
}

/** What the walker told of a statement's parameters: see `Statement.tell`. */
class Told {
  readonly attributes: boolean = false;
  readonly count: number = 0;
  readonly #ahead: Uint8Array | null = null;
  readonly #types: Uint8Array | null = null;

  constructor(told: Uint8Array | null) {
    if (told === null || told.length < 3) return;
    const has = told[0] as number;
    this.attributes = (has & TypesHave.attributes) !== 0;
    this.count = uint16At(told, 1);
    let at = 3;
    if ((has & TypesHave.longData) !== 0) {
      this.#ahead = told.subarray(at, at + ((this.count + 7) >> 3));
      at += (this.count + 7) >> 3;
    }
    if ((has & TypesHave.types) !== 0) this.#types = told.subarray(at);
  }

  /** The value was sent ahead. */
  ahead(index: number): boolean {
    return index < this.count && ((this.#ahead?.[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
  }

  /** The type declared by an earlier execution. */
  kept(index: number): Parameter | null {
    if (this.#types === null || index * 2 + 2 > this.#types.length) return null;
    return parameter(this.#types, index * 2, '');
  }
}

const parameter = (bytes: Uint8Array, at: number, name: string): Parameter => ({
  type: bytes[at] as number,
  unsigned: ((bytes[at + 1] as number) & 0x80) !== 0,
  name,
});

class ValueWalk {
  readonly #bytes: Uint8Array;
  readonly #told: Told;
  readonly #maxBytes: number;
  readonly #partial: boolean;
  /** Behind the command's own byte. */
  #at = 1;

  constructor(bytes: Uint8Array, types: Uint8Array | null, options: ValueOptions) {
    this.#bytes = bytes;
    this.#told = new Told(types);
    this.#maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
    this.#partial = options.partial ?? false;
  }

  execution(): BoundValue[] {
    const flags = this.#bytes[5] ?? 0;
    this.#at = 10;
    const told = this.#told;
    if (told.count === 0 && !(told.attributes && (flags & EXECUTE_COUNT) !== 0)) return this.#end([]);
    const count = told.attributes ? this.#lenenc() : told.count;
    return count === null ? this.malformed([]) : this.#parameters(count, told.attributes);
  }

  /** What stands between a text statement's command byte and its text. */
  attributes(): BoundValue[] {
    const count = this.#lenenc();
    // A number of sets, which is always 1.
    return count === null || this.#lenenc() === null ? this.malformed([]) : this.#parameters(count, true);
  }

  longData(): BoundValue[] {
    this.#at = 7;
    if (this.#bytes.length < 7) return this.malformed([]);
    return [{ type: 'parameter', value: uint16At(this.#bytes, 5) }, this.rest('long data')];
  }

  bulk(): BoundValue[] {
    const flags = this.#bytes[5] ?? 0;
    const { count } = this.#told;
    this.#at = 7;
    if (count === 0) return this.malformed([]);
    const declared = (flags & BULK_TYPES) === 0 ? [] : this.#types(count, false);
    if (declared === null) return this.malformed([]);
    const rows: BoundValue[] = [];
    while (this.#left > 0) {
      const cells: Plain[] = [];
      for (let index = 0; index < count; index++) {
        const cell = this.#cell(declared[index] ?? this.#told.kept(index));
        if (cell === null) return this.malformed(cells.length === 0 ? rows : [...rows, { type: 'row', value: cells }]);
        cells.push({ ...cell });
      }
      rows.push({ type: 'row', value: cells });
    }
    return rows;
  }

  fieldList(): BoundValue[] {
    const found = this.#bytes.indexOf(0, 1);
    if (found < 0) return this.malformed([]);
    const table = this.#text('table', found - 1);
    this.#at = found + 1;
    return [table, this.rest('wildcard')];
  }

  /** One number that fills the rest. */
  fixed(type: string, size: 1 | 2 | 4): BoundValue[] {
    if (this.#left < size) return this.malformed([]);
    const view = this.#view(size);
    const value = size === 1 ? view.getUint8(0) : size === 2 ? view.getUint16(0, true) : view.getUint32(0, true);
    return [{ type, value }];
  }

  /** Text, or bytes, up to the end. */
  rest(type: string): BoundValue {
    return this.#text(type, this.#left);
  }

  /** Ends the list with what could not be read; of a command that goes on elsewhere there is nothing to say. */
  malformed(values: readonly BoundValue[]): BoundValue[] {
    if (this.#partial) return [...values];
    const left = Math.max(0, this.#left);
    const shown = Math.min(left, this.#maxBytes);
    const rest = { type: 'malformed', hex: hex(this.#view(shown)) };
    return [...values, shown < left ? { ...rest, truncated: left } : rest];
  }

  get #left(): number {
    return this.#bytes.length - this.#at;
  }

  #parameters(count: number, named: boolean): BoundValue[] {
    if (count > MAX_PARAMETERS) return this.malformed([]);
    if (count === 0) return this.#end([]);
    const bitmap = this.#at;
    const flag = bitmap + ((count + 7) >> 3);
    if (flag >= this.#bytes.length) return this.malformed([]);
    this.#at = flag + 1;
    const declared = this.#bytes[flag] === 0 ? [] : this.#types(count, named);
    if (declared === null) return this.malformed([]);
    const values: BoundValue[] = [];
    for (let index = 0; index < count; index++) {
      const kind = declared[index] ?? this.#told.kept(index);
      const isNull = ((this.#bytes[bitmap + (index >> 3)] as number) & (1 << (index & 7))) !== 0;
      const value = this.#one(kind, index, isNull);
      if (value === null) return this.malformed(values);
      values.push(value);
    }
    return this.#end(values);
  }

  #one(kind: Parameter | null, index: number, isNull: boolean): BoundValue | null {
    if (this.#told.ahead(index)) return { ...label(kind), value: 'sent ahead' };
    if (isNull) return { ...label(kind), value: null };
    return kind === null ? null : this.#value(kind);
  }

  /** In a bulk execution: a value, or what stands for one. */
  #cell(kind: Parameter | null): BoundValue | null {
    if (this.#left < 1) return null;
    const indicator = this.#bytes[this.#at] as number;
    if (indicator !== 0) {
      const meant = INDICATORS.get(indicator);
      if (meant === undefined) return null;
      this.#at += 1;
      return meant === 'null' ? { ...label(kind), value: null } : { type: meant };
    }
    if (kind === null) return null;
    this.#at += 1;
    const value = this.#value(kind);
    if (value === null) this.#at -= 1;
    return value;
  }

  /** The value at hand; null when its bytes are no such value. */
  #value(kind: Parameter): BoundValue | null {
    const head = this.#head(kind.type);
    if (head === null) return null;
    this.#at += head.bytes;
    const shown = Math.min(head.size, this.#left, this.#maxBytes);
    const view = this.#view(shown);
    this.#at += Math.min(head.size, this.#left);
    const label = named(kind);
    if (shown < head.size) {
      const beginning = kind.type === Type.geometry ? { hex: hex(view) } : cutText(view);
      return { ...label, ...beginning, truncated: head.size };
    }
    const value = decoded(view, kind.type, kind.unsigned);
    return value === undefined ? { ...label, hex: hex(view) } : { ...label, value };
  }

  /** How long the value at hand is, and how many bytes before it say so; null when that can't be. */
  #head(type: number): { bytes: number; size: number } | null {
    const fixed = sizeOf(type);
    if (fixed === NO_SUCH_TYPE) return null;
    let bytes = 0;
    let size = fixed;
    if (fixed === SIZED_BY_BYTE || fixed === SIZED_BY_LENENC) {
      if (this.#left < 1) return null;
      const first = this.#bytes[this.#at] as number;
      bytes = fixed === SIZED_BY_BYTE ? 1 : lenencSize(first);
      if (bytes === 0 || bytes > this.#left) return null;
      size = fixed === SIZED_BY_BYTE ? first : lenencAt(this.#bytes, this.#at);
    }
    // Only text and bytes are worth showing in part.
    const cut = size > this.#left - bytes;
    return cut && !(this.#partial && fixed === SIZED_BY_LENENC) ? null : { bytes, size };
  }

  /** The types that the command declares; null when they are cut short. */
  #types(count: number, withNames: boolean): Parameter[] | null {
    const types: Parameter[] = [];
    for (let index = 0; index < count; index++) {
      if (this.#left < 2) return null;
      const at = this.#at;
      this.#at += 2;
      let name = '';
      if (withNames) {
        const length = this.#lenenc();
        if (length === null || length > this.#left) return null;
        name = text(this.#view(length)) ?? hex(this.#view(length));
        this.#at += length;
      }
      types.push(parameter(this.#bytes, at, name));
    }
    return types;
  }

  #lenenc(): number | null {
    const size = this.#left < 1 ? 0 : lenencSize(this.#bytes[this.#at] as number);
    if (size === 0 || size > this.#left) return null;
    const value = lenencAt(this.#bytes, this.#at);
    this.#at += size;
    return value;
  }

  #text(type: string, length: number): BoundValue {
    const shown = Math.min(length, this.#maxBytes);
    const view = this.#view(shown);
    this.#at += length;
    if (shown < length) return { type, ...cutText(view), truncated: length };
    if (this.#partial) return { type, ...cutText(view) };
    const value = text(view);
    return value === undefined ? { type, hex: hex(view) } : { type, value };
  }

  /** Nothing may follow. */
  #end(values: BoundValue[]): BoundValue[] {
    return this.#left > 0 ? this.malformed(values) : values;
  }

  #view(length: number): DataView {
    return new DataView(this.#bytes.buffer, this.#bytes.byteOffset + Math.min(this.#at, this.#bytes.length), length);
  }
}

function label(kind: Parameter | null): { type: string; name?: string } {
  return kind === null ? { type: 'unknown' } : named(kind);
}

function named({ type, unsigned, name }: Parameter): { type: string; name?: string } {
  const shown = typeName(type, unsigned);
  return name === '' ? { type: shown } : { type: shown, name };
}
