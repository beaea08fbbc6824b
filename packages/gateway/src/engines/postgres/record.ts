/** PostgreSQL's bound values and function calls, for the record. */
import { postgres } from '@tidegate/wire';
import type { RecordEngine } from '../engine.ts';
import { plainValue } from '../plain-value.ts';

export const postgresRecord: RecordEngine = {
  encoding: 'utf8',
  values: (bytes, types, partial) => postgres.boundValues(bytes, types, { partial }).map(plainValue),
  call: (bytes, partial) => {
    const { oid, values } = postgres.functionCall(bytes, { partial });
    return { text: `function ${oid}`, values: values.map(plainValue) };
  },
};
