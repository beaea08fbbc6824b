/**
 * How SQL values and ours meet, both ways, for every connection to the store: times are `Temporal`, whole numbers are
 * numbers. The connection's settings (`store/pool.ts`) make PostgreSQL write times in UTC and intervals in ISO 8601.
 */

import type { KyselyPlugin, PrimitiveValueListNode as PrimitiveValueList, ValueNode as Value } from 'kysely';
import { OperationNodeTransformer, PrimitiveValueListNode } from 'kysely';
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

const asText = (value: unknown): unknown =>
  value instanceof Temporal.Instant || value instanceof Temporal.Duration ? value.toString() : value;

class TimesAsText extends OperationNodeTransformer {
  protected override transformValue(node: Value): Value {
    const value = asText(node.value);
    return value === node.value ? node : { ...node, value };
  }

  protected override transformPrimitiveValueList(node: PrimitiveValueList): PrimitiveValueList {
    return PrimitiveValueListNode.create(node.values.map(asText));
  }
}

const transformer = new TimesAsText();

/** Lets queries take `Temporal` values as they are: `pg` alone would send them as JSON. */
export const timesAsText: KyselyPlugin = {
  transformQuery: ({ node, queryId }) => transformer.transformNode(node, queryId),
  transformResult: async ({ result }) => result,
};
