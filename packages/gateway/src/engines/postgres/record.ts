/** PostgreSQL's bound values and function calls, for the record. */
import type { JsonObject } from '@tidegate/core';
import { postgres } from '@tidegate/wire';
import type { RecordEngine } from '../engine.ts';

export const postgresRecord: RecordEngine = {
  encoding: 'utf8',
  values: (bytes, types, partial) => postgres.boundValues(bytes, types, { partial }).map(plain),
  call: (bytes, partial) => {
    const { oid, values } = postgres.functionCall(bytes, { partial });
    return { text: `function ${oid}`, values: values.map(plain) };
  },
};

/** Without the members that are not there, as the record's JSON wants it. */
function plain({ type, value, hex, truncated }: postgres.BoundValue): JsonObject {
  return {
    type,
    ...(value === undefined ? {} : { value }),
    ...(hex === undefined ? {} : { hex }),
    ...(truncated === undefined ? {} : { truncated }),
  };
}
