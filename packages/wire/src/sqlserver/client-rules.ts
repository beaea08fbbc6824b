/** What a client is refused for. */
import { refusal, SqlState } from '../refusal.ts';
import type { Refusal } from '../statements.ts';

export function violation(what: string): Refusal {
  return refusal('client', SqlState.protocolViolation, what);
}

export const TOO_MUCH_PENDING = refusal('client', SqlState.programLimitExceeded, 'too many unanswered requests');

export const TOO_MANY_HANDLES = refusal(
  'client',
  SqlState.programLimitExceeded,
  'too many prepared statements or cursors',
);

export const BAD_PACKET = violation('invalid length of a packet');
export const BAD_HEADERS = violation('invalid headers of a request');
export const BAD_CALL = violation('invalid procedure call');
export const BAD_TRANSACTION = violation('invalid transaction manager request');
export const MIXED_MESSAGE = violation('a message of two types');
export const UNKNOWN_MESSAGE = violation('unknown message type');
export const BULK_WITHOUT_STATEMENT = violation('bulk data without a statement that asks for it');
