/** Bound values as the record's JSON wants them. */
import type { JsonObject, JsonValue } from '@tidegate/core';
import type { BoundValue } from '@tidegate/wire';

/** Without the members that are not there. */
export function plainValue(bound: BoundValue): JsonObject {
  const plain: Record<string, JsonValue> = { type: bound.type };
  const { name, output, value, hex, truncated } = bound;
  for (const [key, member] of Object.entries({ name, output, value, hex, truncated })) {
    if (member !== undefined) plain[key] = member;
  }
  return plain;
}
