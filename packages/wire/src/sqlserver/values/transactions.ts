/** Transaction manager requests (MS-TDS 2.2.6.9), told as calls: see `TRANSACTION_CALL`. */
import type { BoundValue } from '../../values.ts';
import type { Cursor } from './cursor.ts';

const BEGIN = 5;
const COMMIT = 7;
const ROLLBACK = 8;
const SAVE = 9;

const REQUESTS: Readonly<Record<number, string>> = {
  0: 'GET DTC ADDRESS',
  1: 'PROPAGATE TRANSACTION',
  [BEGIN]: 'BEGIN TRANSACTION',
  6: 'PROMOTE TRANSACTION',
  [COMMIT]: 'COMMIT TRANSACTION',
  [ROLLBACK]: 'ROLLBACK TRANSACTION',
  [SAVE]: 'SAVE TRANSACTION',
};

const ISOLATION: readonly string[] = [
  '',
  'read uncommitted',
  'read committed',
  'repeatable read',
  'serializable',
  'snapshot',
];
const BEGINS_NEXT = 1;

export interface Call {
  readonly text: string;
  readonly values: readonly BoundValue[];
}

/** `partial`: what is asked for is there, but not with what. */
export function transactionCall(cursor: Cursor, partial: boolean): Call {
  const request = cursor.uint16();
  const text = REQUESTS[request] ?? `transaction request ${request}`;
  if (partial) return { text, values: [] };
  if (request === BEGIN) return { text, values: begin(cursor) };
  if (request === SAVE) return { text, values: named(cursor) };
  if (request !== COMMIT && request !== ROLLBACK) {
    const rest = cursor.take(cursor.left);
    return { text, values: rest.length === 0 ? [] : [{ type: 'varbinary', value: `0x${rest.toString('hex')}` }] };
  }
  const name = named(cursor);
  const again = cursor.left > 0 && (cursor.uint8() & BEGINS_NEXT) !== 0;
  return again ? { text: `${text}, BEGIN TRANSACTION`, values: [...name, ...begin(cursor)] } : { text, values: name };
}

function begin(cursor: Cursor): BoundValue[] {
  const level = ISOLATION[cursor.uint8()] ?? '';
  return [...(level === '' ? [] : [{ type: 'isolation level', value: level }]), ...named(cursor)];
}

/** A name behind its length in bytes. */
function named(cursor: Cursor): BoundValue[] {
  const name = cursor.take(cursor.uint8()).toString('utf16le');
  return name === '' ? [] : [{ type: 'name', value: name }];
}
