/** The types of the binary protocol's values: their names as SQL has them, and their decoders. */
import { finite, type Scalar, shortest, text } from '../values.ts';
import { datetime, time } from './dates.ts';
import { Type } from './parameters.ts';

const NAMES: ReadonlyMap<number, string> = new Map([
  [Type.decimal, 'decimal'],
  [Type.tiny, 'tinyint'],
  [Type.short, 'smallint'],
  [Type.long, 'int'],
  [Type.float, 'float'],
  [Type.double, 'double'],
  [Type.null, 'null'],
  [Type.timestamp, 'timestamp'],
  [Type.longlong, 'bigint'],
  [Type.int24, 'mediumint'],
  [Type.date, 'date'],
  [Type.time, 'time'],
  [Type.datetime, 'datetime'],
  [Type.year, 'year'],
  [Type.varchar, 'varchar'],
  [Type.bit, 'bit'],
  [Type.vector, 'vector'],
  [Type.bool, 'boolean'],
  [Type.json, 'json'],
  [Type.newDecimal, 'decimal'],
  [Type.enum, 'enum'],
  [Type.set, 'set'],
  [Type.tinyBlob, 'tinyblob'],
  [Type.mediumBlob, 'mediumblob'],
  [Type.longBlob, 'longblob'],
  [Type.blob, 'blob'],
  [Type.varString, 'varchar'],
  [Type.string, 'char'],
  [Type.geometry, 'geometry'],
]);

/** `type:N` for one that isn't known. */
export function typeName(type: number, unsigned: boolean): string {
  const name = NAMES.get(type) ?? `type:${type}`;
  return unsigned ? `${name} unsigned` : name;
}

/**
 * A value whose bytes have the length of its type. Whole numbers of 64 bits come as text: JSON readers would round what
 * lies beyond 2^53. Undefined: not decodable, or bytes by nature.
 */
export function decoded(view: DataView, type: number, unsigned: boolean): Scalar | null | undefined {
  switch (type) {
    case Type.null:
      return null;
    case Type.bool:
      return view.getUint8(0) !== 0;
    case Type.tiny:
      return unsigned ? view.getUint8(0) : view.getInt8(0);
    case Type.short:
    case Type.year:
      return unsigned ? view.getUint16(0, true) : view.getInt16(0, true);
    case Type.long:
    case Type.int24:
      return unsigned ? view.getUint32(0, true) : view.getInt32(0, true);
    case Type.longlong:
      return String(unsigned ? view.getBigUint64(0, true) : view.getBigInt64(0, true));
    case Type.float:
      return shortest(view.getFloat32(0, true));
    case Type.double:
      return finite(view.getFloat64(0, true));
    case Type.date:
      return datetime(view, true);
    case Type.datetime:
    case Type.timestamp:
      return datetime(view, false);
    case Type.time:
      return time(view);
    case Type.bit:
    case Type.geometry:
    case Type.vector:
      return undefined;
    default:
      return text(view);
  }
}
