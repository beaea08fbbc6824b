/** Whether one value of an attribute is what a filter asks for: which values a PATCH means. */
import { invalid } from './errors.ts';
import type { AttributePath, Filter, Value } from './filter.ts';
import type { Values } from './values.ts';

/** Throws `invalidFilter` for what cannot be asked of a single value. */
export function matches(filter: Filter, value: Values): boolean {
  switch (filter.is) {
    case 'and':
      return matches(filter.left, value) && matches(filter.right, value);
    case 'or':
      return matches(filter.left, value) || matches(filter.right, value);
    case 'not':
      return !matches(filter.filter, value);
    case 'present':
      return at(value, filter.path) !== undefined;
    case 'compared':
      return compared(at(value, filter.path), filter.by, filter.value);
    case 'has':
      throw invalid('invalidFilter', 'A filter within a filter is not understood.');
  }
}

function at(value: Values, { attribute, sub }: AttributePath): unknown {
  if (sub !== null) throw invalid('invalidFilter', 'Values have no values of their own.');
  const key = Object.keys(value).find((each) => each.toLowerCase() === attribute.toLowerCase());
  return key === undefined ? undefined : value[key];
}

function compared(left: unknown, by: Extract<Filter, { is: 'compared' }>['by'], right: Value): boolean {
  const [a, b] = [plain(left), plain(right)];
  switch (by) {
    case 'eq':
      return a === b;
    case 'ne':
      return a !== b;
    case 'co':
      return a !== null && b !== null && a.includes(b);
    case 'sw':
      return a !== null && b !== null && a.startsWith(b);
    case 'ew':
      return a !== null && b !== null && a.endsWith(b);
    case 'gt':
      return a !== null && b !== null && a > b;
    case 'ge':
      return a !== null && b !== null && a >= b;
    case 'lt':
      return a !== null && b !== null && a < b;
    case 'le':
      return a !== null && b !== null && a <= b;
  }
}

/** Texts are compared whatever their case, and `true` is the same as `"True"`. */
const plain = (value: unknown): string | null =>
  value === undefined || value === null
    ? null
    : (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).toLowerCase();
