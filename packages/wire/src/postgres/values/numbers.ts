/** PostgreSQL's binary numbers. What JSON numbers can't hold exactly becomes text. Undefined: not decodable. */
import { finite, shortest } from '../../values.ts';

export function integer(bytes: 2 | 4): (view: DataView) => number | undefined {
  return (view) => {
    if (view.byteLength !== bytes) return undefined;
    return bytes === 2 ? view.getInt16(0) : view.getInt32(0);
  };
}

export function oid(view: DataView): number | undefined {
  return view.byteLength === 4 ? view.getUint32(0) : undefined;
}

/** As text: JSON readers would round what lies beyond 2^53. */
export function int8(view: DataView): string | undefined {
  return view.byteLength === 8 ? String(view.getBigInt64(0)) : undefined;
}

export function float8(view: DataView): number | string | undefined {
  if (view.byteLength !== 8) return undefined;
  return finite(view.getFloat64(0));
}

export function float4(view: DataView): number | string | undefined {
  return view.byteLength === 4 ? shortest(view.getFloat32(0)) : undefined;
}

const NUMERIC_SIGNS = new Map([
  [0x0000, ''],
  [0x4000, '-'],
]);
const NUMERIC_SPECIALS = new Map([
  [0xc000, 'NaN'],
  [0xd000, 'Infinity'],
  [0xf000, '-Infinity'],
]);

/** A few bytes may ask for 130,000 zeros; so many are written, and beyond it the bytes are shown. */
const MAX_ZEROS = 400;

/** Base-10000 digits, the first standing for 10000^weight, shown with `scale` decimals. */
export function numeric(view: DataView): string | undefined {
  if (view.byteLength < 8) return undefined;
  const count = view.getUint16(0);
  const weight = view.getInt16(2);
  const special = NUMERIC_SPECIALS.get(view.getUint16(4));
  if (special !== undefined) return special;
  const sign = NUMERIC_SIGNS.get(view.getUint16(4));
  const scale = view.getUint16(6);
  if (sign === undefined || view.byteLength !== 8 + count * 2) return undefined;
  if ((Math.max(0, weight) + 1) * 4 + scale > count * 4 + MAX_ZEROS) return undefined;
  const digit = (place: number): string | undefined => {
    const index = weight - place;
    const value = index >= 0 && index < count ? view.getUint16(8 + index * 2) : 0;
    return value < 10_000 ? String(value).padStart(4, '0') : undefined;
  };
  let whole = '';
  for (let place = Math.max(0, weight); place >= 0; place--) {
    const four = digit(place);
    if (four === undefined) return undefined;
    whole += four;
  }
  let decimals = '';
  for (let place = -1; decimals.length < scale; place--) {
    const four = digit(place);
    if (four === undefined) return undefined;
    decimals += four;
  }
  const shown = whole.replace(/^0+(?=\d)/, '');
  return scale === 0 ? `${sign}${shown}` : `${sign}${shown}.${decimals.slice(0, scale)}`;
}
