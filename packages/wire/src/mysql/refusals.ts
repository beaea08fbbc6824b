/** What a session is ended for, and what is refused without ending it. */
import { refusal, SqlState } from '../refusal.ts';
import type { Refusal } from '../statements.ts';
import { Command, commandName } from './commands.ts';

export const clientViolation = (what: string): Refusal => refusal('client', SqlState.protocolViolation, what);
export const serverViolation = (what: string): Refusal => refusal('server', SqlState.protocolViolation, what);

export const NUMBERED_WRONG = clientViolation('a command whose packet is not numbered 0');
export const CUT_SHORT = clientViolation('a command that is cut short');

export const TOO_MUCH_PENDING = refusal('client', SqlState.programLimitExceeded, 'too many unanswered commands');
export const TOO_MANY_STATEMENTS = refusal('client', SqlState.programLimitExceeded, 'too many prepared statements');
export const TOO_MANY_ATTRIBUTES = refusal(
  'client',
  SqlState.programLimitExceeded,
  'the query attributes of a large statement must end within its first 4096 bytes',
);
export const TOO_LARGE_REFUSED = refusal(
  'client',
  SqlState.featureNotSupported,
  'a command that is not let through, and too large to be answered',
);

export const OUT_OF_STEP = serverViolation('the server sent an answer that fits no command');
export const FILE_NOT_ALLOWED = refusal(
  'server',
  SqlState.featureNotSupported,
  "the server asked for a file of the client's, which this resource does not allow",
);
/** What follows would be data to the server, and commands to the record. */
export const PIPELINED_PAST_FILE = clientViolation('a command was sent behind one that asks for a local file');

const WHY: ReadonlyMap<number, string> = new Map([
  [Command.changeUser, 'this session belongs to one grant, so its user cannot be changed: connect again'],
  [Command.shutdown, 'the server is not shut down through here'],
]);

/** Why a command isn't let through. */
export function refusedCommand(command: number): Refusal {
  const why = WHY.get(command) ?? 'it is not let through';
  return refusal('client', SqlState.featureNotSupported, `${commandName(command)}: ${why}`);
}
