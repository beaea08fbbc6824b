/** How the messages of a client are walked, and what it is refused for. */
import { refusal, SqlState } from '../refusal.ts';
import type { Refusal } from '../statements.ts';
import { Treat } from './frames.ts';
import { Frontend } from './frontend.ts';

export const CLIENT_TREATMENT = new Uint8Array(256);
CLIENT_TREATMENT[Frontend.parse] = Treat.stream;
CLIENT_TREATMENT[Frontend.bind] = Treat.stream;
CLIENT_TREATMENT[Frontend.query] = Treat.stream;
CLIENT_TREATMENT[Frontend.functionCall] = Treat.stream;
CLIENT_TREATMENT[Frontend.execute] = Treat.whole;
CLIENT_TREATMENT[Frontend.describe] = Treat.whole;
CLIENT_TREATMENT[Frontend.close] = Treat.whole;
CLIENT_TREATMENT[Frontend.sync] = Treat.skip;
CLIENT_TREATMENT[Frontend.flush] = Treat.skip;
CLIENT_TREATMENT[Frontend.terminate] = Treat.skip;
CLIENT_TREATMENT[Frontend.copyData] = Treat.skip;
CLIENT_TREATMENT[Frontend.copyDone] = Treat.skip;
CLIENT_TREATMENT[Frontend.copyFail] = Treat.skip;

export function violation(what: string): Refusal {
  return refusal('client', SqlState.protocolViolation, what);
}

export const TOO_MUCH_PENDING = refusal('client', SqlState.programLimitExceeded, 'too many unanswered requests');

export const TOO_MANY_NAMES = refusal(
  'client',
  SqlState.programLimitExceeded,
  'too many prepared statements or portals',
);

export const TOO_AMBIGUOUS = refusal(
  'client',
  SqlState.featureNotSupported,
  'a name was prepared again too often before the server answered',
);

/**
 * The server reads names in the client's encoding, which may change at any time; only ASCII means the same in all of
 * them. So other names can't be told apart here for certain, and the record would name the wrong statement.
 */
export const NOT_ASCII = refusal(
  'client',
  SqlState.invalidName,
  'names of prepared statements and portals must be ASCII and end within the first 4096 bytes of a message',
);
