/** Binary arrays: dimensions, then the elements row by row. */
import type { Scalar } from '../../values.ts';
import { scalarDecoder } from './types.ts';

export type Nested = readonly (Scalar | null | Nested)[];

/** PostgreSQL's MAXDIM. */
const MAX_DIMENSIONS = 6;

/** Nested arrays, or undefined when the bytes are no array of a type that can be read. */
export function array(view: DataView): Nested | undefined {
  if (view.byteLength < 12) return undefined;
  const dimensions = view.getInt32(0);
  const decode = scalarDecoder(view.getUint32(8));
  if (dimensions === 0 && view.byteLength === 12) return [];
  if (decode === undefined || dimensions < 1 || dimensions > MAX_DIMENSIONS) return undefined;
  let at = 12 + dimensions * 8;
  if (view.byteLength < at) return undefined;
  const sizes = Array.from({ length: dimensions }, (_, i) => view.getInt32(12 + i * 8));
  const count = sizes.reduce((product, size) => product * size, 1);
  // Each element has four bytes at least: a larger count is a lie, and refused before anything is made for it.
  if (sizes.some((size) => size < 1) || count > (view.byteLength - at) / 4) return undefined;

  const elements: (Scalar | null)[] = [];
  for (let i = 0; i < count; i++) {
    if (view.byteLength - at < 4) return undefined;
    const length = view.getInt32(at);
    at += 4;
    if (length === -1) {
      elements.push(null);
      continue;
    }
    if (length < 0 || length > view.byteLength - at) return undefined;
    const element = decode(new DataView(view.buffer, view.byteOffset + at, length));
    if (element === undefined) return undefined;
    elements.push(element);
    at += length;
  }
  return at === view.byteLength ? folded(elements, sizes) : undefined;
}

function folded(elements: readonly (Scalar | null)[], sizes: readonly number[]): Nested {
  let level: Nested = elements;
  for (const size of sizes.slice(1).reverse()) {
    const rows: Nested[] = [];
    for (let at = 0; at < level.length; at += size) rows.push(level.slice(at, at + size));
    level = rows;
  }
  return level;
}
