/**
 * Every refusal has a stable code that scripts may match, a sentence that says what happened and why,
 * and one that says what to do next. `detail` is for the operator's log only and never leaves the process.
 */
export const ERROR_CODES = [
  'unauthenticated',
  'login_failed',
  'too_many_attempts',
  'forbidden',
  'not_found',
  'conflict',
  'invalid_input',
  'invalid_config',
  'policy_denied',
  'duration_too_long',
  'reason_required',
  'ticket_required',
  'mfa_required',
  'mfa_invalid',
  'own_request',
  'not_a_reviewer',
  'already_reviewed',
  'comment_required',
  'wrong_state',
  'no_active_grant',
  'too_many_tickets',
  'gateway_unavailable',
  'resource_unavailable',
  'setup_done',
  'token_invalid',
  'unavailable',
  'internal',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

export class TidegateError extends Error {
  readonly code: ErrorCode;
  /** What the person can do now; shown to them. */
  readonly next: string;
  /** For the operator's log only. */
  readonly detail: unknown;

  constructor(code: ErrorCode, message: string, next = '', detail?: unknown) {
    super(message);
    this.name = 'TidegateError';
    this.code = code;
    this.next = next;
    this.detail = detail;
  }
}
