/** MySQL's bound values, and its commands without SQL text, for the record. */
import { mysql } from '@tidegate/wire';
import type { RecordEngine } from '../engine.ts';
import { plainValue } from '../plain-value.ts';

export const mysqlRecord: RecordEngine = {
  encoding: 'utf8',
  values: (bytes, types, partial) => mysql.boundValues(bytes, types, { partial }).map(plainValue),
  call: (bytes, partial) => {
    const { text, values } = mysql.commandCall(bytes, { partial });
    return { text, values: values.map(plainValue) };
  },
};
