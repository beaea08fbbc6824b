/** A record as it is, or, where it lacks the shape of its kind, as one that is `record.unreadable` and says why. */
import { recordData } from '@tidegate/contract';
import type { z } from 'zod';
import type { DecodedRecord } from '../decode.ts';

const shapes: ReadonlyMap<string, z.ZodType> = new Map(Object.entries(recordData));

export function checked(record: DecodedRecord): DecodedRecord {
  const result = shapes.get(record.kind)?.safeParse(record.data);
  if (result?.success === true) return record;
  const issues = result?.error.issues.map(({ path, code }) => `${path.join('.')}: ${code}`).join(', ');
  const base64 = Buffer.from(JSON.stringify(record.data)).toString('base64');
  const because = `${record.kind} without its shape (${issues ?? 'no such kind'})`.slice(0, 500);
  return { kind: 'record.unreadable', at: record.at, data: { entry: 0, session: 0, base64, because } };
}
