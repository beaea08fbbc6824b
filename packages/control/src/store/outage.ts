/** Tells "the store is out of reach" (503, try again) from a fault of ours (500). */

/** SQLSTATE classes and codes that mean the server went away, is starting, stopping, full or too slow. */
const SQLSTATES = /^(08...|53...|57P0[1-5]|57014|55000|55P03|25006)$/;
const SYSTEM = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
/** `pg` gives these no code. */
const MESSAGES =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Client was closed)/;

/** True when `error` comes from a store that cannot be reached or cannot answer just now. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError) return error.errors.some(isOutage);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const fromSystem = 'syscall' in error || code === 'EPIPE' || code === 'ECONNRESET';
  return SQLSTATES.test(code) || (fromSystem && SYSTEM.has(code)) || MESSAGES.test(error.message);
}

/** The name of the constraint (or trigger) that refused a change, if that is what `error` is. */
export function brokenConstraint(error: unknown): string | null {
  if (!(error instanceof Error) || !('constraint' in error)) return null;
  return typeof error.constraint === 'string' ? error.constraint : null;
}
