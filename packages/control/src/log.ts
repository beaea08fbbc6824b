/** The control plane's log: JSON lines, and no secret in any of them. */
import { type DestinationStream, type Logger, pino } from 'pino';

/** PostgreSQL puts whole rows into these, and so whatever the rows hold. */
const OF_ROWS = new Set(['detail', 'where', 'internalQuery', 'hint', 'parameters', 'dataTypeID']);

/** An error as it is logged: what and where, with its cause; no row of the database. */
export function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : typeof error;
  const own = Object.fromEntries(
    Object.entries(error).filter(([key, value]) => !OF_ROWS.has(key) && /^(string|number|boolean)$/.test(typeof value)),
  );
  const cause = error.cause === undefined ? {} : { cause: describeError(error.cause) };
  return { ...own, type: error.name, message: error.message, stack: error.stack, ...cause };
}

const SECRETS = ['password', 'token', 'secret', 'code', 'mfaCode', 'authorization', 'principalPassword'];

/** Writes to standard output unless another destination is given. */
export function createLog(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    name: 'control',
    serializers: { err: describeError },
    redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`]), censor: '(secret)' },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
