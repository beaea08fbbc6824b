/** SQL Server's parameters, and its calls without SQL text, for the record. */
import { sqlserver } from '@tidegate/wire';
import type { RecordEngine } from '../engine.ts';
import { plainValue } from '../plain-value.ts';

export const sqlserverRecord: RecordEngine = {
  encoding: 'utf16le',
  values: (bytes, types, partial) => sqlserver.parameterValues(bytes, types, { partial }).map(plainValue),
  call: (bytes, partial) => {
    const { text, values } = sqlserver.procedureCall(bytes, { partial });
    return { text, values: values.map(plainValue) };
  },
};
