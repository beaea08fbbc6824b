/** The built-in types the record can read in binary: their OIDs (pg_type.dat), names and decoders. */
import { type Scalar, text } from '../../values.ts';
import { float4, float8, int8, integer, numeric, oid } from './numbers.ts';
import { bool, bytea, jsonb, network, uuid } from './scalars.ts';
import { date, interval, time, timestamp, timestamptz, timetz } from './times.ts';

/** Reads a value's bytes, whose length it must fit. Undefined: not a value of this type. */
export type Decoder = (view: DataView) => Scalar | undefined;

interface Type {
  readonly name: string;
  readonly decode: Decoder;
}

/** name, OID, OID of its array type, decoder */
const SCALARS: readonly (readonly [string, number, number, Decoder])[] = [
  ['bool', 16, 1000, bool],
  ['bytea', 17, 1001, bytea],
  ['char', 18, 1002, text],
  ['name', 19, 1003, text],
  ['int8', 20, 1016, int8],
  ['int2', 21, 1005, integer(2)],
  ['int4', 23, 1007, integer(4)],
  ['text', 25, 1009, text],
  ['oid', 26, 1028, oid],
  ['json', 114, 199, text],
  ['xml', 142, 143, text],
  ['cidr', 650, 651, network],
  ['float4', 700, 1021, float4],
  ['float8', 701, 1022, float8],
  ['unknown', 705, 0, text],
  ['inet', 869, 1041, network],
  ['bpchar', 1042, 1014, text],
  ['varchar', 1043, 1015, text],
  ['date', 1082, 1182, date],
  ['time', 1083, 1183, time],
  ['timestamp', 1114, 1115, (view) => timestamp(view)],
  ['timestamptz', 1184, 1185, timestamptz],
  ['interval', 1186, 1187, interval],
  ['timetz', 1266, 1270, timetz],
  ['numeric', 1700, 1231, numeric],
  ['uuid', 2950, 2951, uuid],
  ['jsonb', 3802, 3807, jsonb],
];

const BY_OID: ReadonlyMap<number, Type> = new Map(SCALARS.map(([name, id, , decode]) => [id, { name, decode }]));
const ARRAY_NAMES: ReadonlyMap<number, string> = new Map(SCALARS.map(([name, , array]) => [array, `${name}[]`]));

export function scalarDecoder(type: number): Decoder | undefined {
  return BY_OID.get(type)?.decode;
}

export function isArray(type: number): boolean {
  return type !== 0 && ARRAY_NAMES.has(type);
}

/** The type's name; `unknown` where nobody told it, `oid:N` for one that isn't built in or not read here. */
export function typeName(type: number): string {
  if (type === 0) return 'unknown';
  return BY_OID.get(type)?.name ?? ARRAY_NAMES.get(type) ?? `oid:${type}`;
}
