/** Whether a second factor was shown freshly enough for what a rule asks (promise 5). */
import { after, formatDuration, type MfaMoment, parseDuration, reached, TidegateError } from '@tidegate/core';
import type { MfaDemand } from '../store/schema-access.ts';
import type { Caller } from './caller.ts';

/**
 * Throws `mfa_required` when the demand is for this moment and the caller has not shown a factor, on this very login,
 * within its time. A code sent along with the call was shown before this is asked.
 */
export function assertFreshMfa(demand: MfaDemand, moment: MfaMoment, caller: Caller, now: Temporal.Instant): void {
  if (!demand.at.includes(moment)) return;
  if (caller.key !== undefined) {
    throw new TidegateError('mfa_required', 'An API key is no second factor.', 'Sign in: tidegate login.');
  }
  const within = parseDuration(demand.within);
  if (caller.mfaAt !== null && !reached(after(caller.mfaAt, within), now)) return;
  throw new MfaRequired(
    caller.mfaAt === null
      ? 'This needs your second factor.'
      : `This needs your second factor, shown in the last ${formatDuration(within)}.`,
  );
}

/** A second factor has to be shown first; `link`, once it is known, is a page where that can be done for this login. */
export class MfaRequired extends TidegateError {
  readonly link: string | null;

  constructor(message: string, link: string | null = null) {
    const code = 'Try again with a code from your authenticator';
    super('mfa_required', message, link === null ? `${code}.` : `${code}, or show your second factor at ${link}.`);
    this.name = 'MfaRequired';
    this.link = link;
  }
}
