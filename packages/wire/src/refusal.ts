import type { Refusal } from './statements.ts';

/** SQLSTATEs that refusals of this package carry. SQL Server and MySQL map them to their own numbers. */
export const SqlState = {
  protocolViolation: '08P01',
  featureNotSupported: '0A000',
  invalidName: '42602',
  invalidAuthorization: '28000',
  invalidPassword: '28P01',
  characterNotInRepertoire: '22021',
  programLimitExceeded: '54000',
} as const;

/** What a decoder throws on bytes that break the protocol, and the only thing it throws. */
export class ProtocolError extends Error implements Refusal {
  override readonly name = 'ProtocolError';
  readonly side: Refusal['side'];
  readonly code: string;

  constructor(side: Refusal['side'], code: string, message: string) {
    super(message);
    this.side = side;
    this.code = code;
  }
}

/** A refusal as a value, for the walkers, which don't throw. */
export function refusal(side: Refusal['side'], code: string, message: string): Refusal {
  return Object.freeze({ side, code, message });
}
