/** A grant's states as types of their own, and the one refusal that all of its transitions share. */
import { TidegateError } from '../errors.ts';
import type { Grant } from '../model.ts';

export type GrantState = Grant['state'];
export type ScheduledGrant = Extract<Grant, { state: 'scheduled' }>;
export type ActiveGrant = Extract<Grant, { state: 'active' }>;
export type ClosingGrant = Extract<Grant, { state: 'closing' }>;
export type ClosedGrant = Extract<Grant, { state: 'closed' }>;

/** `did`: what could not be done to it, as a participle. */
export function wrongState(grant: Grant, did: string): TidegateError {
  const because = 'because' in grant ? ` (${grant.because.reason})` : '';
  return new TidegateError(
    'wrong_state',
    `Grant ${grant.id} is ${grant.state}${because} and can't be ${did}.`,
    grant.state === 'closed' || grant.state === 'closing' ? 'Make a new request if needed.' : '',
  );
}
