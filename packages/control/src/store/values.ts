/**
 * How SQL values and ours meet, both ways, for every connection to the store: times are `Temporal`, whole numbers are
 * numbers. The connection's settings (`store/pool.ts`) make PostgreSQL write times in UTC and intervals in ISO 8601.
 */

import pg from 'pg';

const { builtins } = pg.types;

const readers: ReadonlyMap<number, (text: string) => unknown> = new Map([
  [builtins.TIMESTAMPTZ, (text: string): unknown => Temporal.Instant.from(text)],
  [builtins.INTERVAL, (text: string): unknown => Temporal.Duration.from(text)],
  [builtins.INT8, wholeNumber],
]);

/** For `pg`'s `types` option. */
export const types: pg.CustomTypesConfig = {
  getTypeParser(oid, format) {
    const reader = format === 'binary' ? undefined : readers.get(oid);
    return reader ?? pg.types.getTypeParser(oid, format);
  },
};

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is more than a number can hold`);
  return value;
}

/** A parameter as `pg` sends it: alone it would send `Temporal` values as JSON. */
export const asText = (value: unknown): unknown =>
  value instanceof Temporal.Instant || value instanceof Temporal.Duration ? value.toString() : value;
