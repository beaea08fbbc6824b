/** Every refusal as RFC 9457 problem+json: a status, a stable code, a sentence, what to do next. Never a secret. */

import { InvalidConfig } from '@tidegate/config';
import { namedSentence, type Problem } from '@tidegate/contract';
import { type ErrorCode, TidegateError } from '@tidegate/core';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { TooManyAttempts } from '../identity/attempts.ts';
import { MfaRequired } from '../identity/mfa.ts';
import { isOutage } from '../store/outage.ts';
import { InvalidInput } from './validate.ts';

/** Exhaustive: a new code does not compile without its status. */
export const STATUS: Readonly<Record<ErrorCode, number>> = {
  unauthenticated: 401,
  login_failed: 401,
  too_many_attempts: 429,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  invalid_input: 400,
  invalid_config: 422,
  policy_denied: 403,
  duration_too_long: 422,
  reason_required: 422,
  ticket_required: 422,
  mfa_required: 403,
  mfa_invalid: 403,
  own_request: 403,
  not_a_reviewer: 403,
  already_reviewed: 409,
  comment_required: 422,
  wrong_state: 409,
  no_active_grant: 409,
  too_many_tickets: 409,
  gateway_unavailable: 503,
  resource_unavailable: 503,
  setup_done: 409,
  token_invalid: 403,
  unavailable: 503,
  internal: 500,
};

const TITLES: Readonly<Record<number, string>> = {
  400: 'Not understood',
  401: 'Not signed in',
  403: 'Not allowed',
  404: 'Not found',
  409: 'Not as things stand',
  413: 'Too large',
  415: 'Not understood',
  422: 'Not acceptable as it is',
  429: 'Too many attempts',
  500: 'A fault of ours',
  503: 'Out of reach just now',
};

/** What is told of an error. Anything not made to be shown becomes `internal`, and its cause stays in the log. */
export function problemOf(error: unknown, traceId: string): Problem {
  if (error instanceof TidegateError) {
    const errors = error instanceof InvalidConfig ? error.problems : undefined;
    const told = problem(error.code, STATUS[error.code], error.message, error.next, traceId, errors);
    return error instanceof MfaRequired && error.link !== null ? { ...told, link: error.link } : told;
  }
  if (error instanceof InvalidInput) {
    const errors = error.problems.map(({ path, message }) => ({
      path: [error.validationContext, ...path].join('.'),
      message,
    }));
    const [first] = error.problems;
    const detail = first === undefined ? 'The request is not valid.' : namedSentence(first);
    return problem('invalid_input', 400, detail, 'Correct it and try again.', traceId, errors);
  }
  if (isOutage(error)) {
    return problem('unavailable', 503, 'The store is out of reach just now.', 'Try again in a moment.', traceId);
  }
  const status = statusOf(error);
  if (status !== null) {
    const said = error instanceof Error ? error.message : 'The request is not valid.';
    const detail = /[.!?]$/.test(said) ? said : `${said}.`;
    return problem('invalid_input', status, detail, 'Correct it and try again.', traceId);
  }
  return problem('internal', 500, 'Something went wrong on our side.', `Tell your administrator: ${traceId}.`, traceId);
}

export function sendProblem(reply: FastifyReply, told: Problem): FastifyReply {
  return reply.code(told.status).type('application/problem+json').send(JSON.stringify(told));
}

/** Fastify's error handler: answers, and logs what an operator has to know. */
export function handleError(error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const told = problemOf(error, request.id);
  // The client went away while we waited for something on its behalf: nobody reads this, and nothing is wrong.
  if (reply.raw.destroyed) return sendProblem(reply, told);
  if (error instanceof TooManyAttempts) void reply.header('retry-after', error.retryAfterSeconds);
  else if (told.status === 503) void reply.header('retry-after', 1);
  if (told.status === 401) void reply.header('www-authenticate', 'Bearer realm="tidegate"');
  if (told.status === 500) request.log.error({ err: error, detail: detailOf(error) }, 'a fault of ours');
  else if (told.status === 503) request.log.warn({ err: error }, 'out of reach');
  return sendProblem(reply, told);
}

function problem(
  code: ErrorCode,
  status: number,
  detail: string,
  next: string,
  traceId: string,
  errors?: Problem['errors'] | readonly NonNullable<Problem['errors']>[number][],
): Problem {
  const type = `https://tidegate.dev/problems/${code.replaceAll('_', '-')}`;
  const title = TITLES[status] ?? 'Not acceptable';
  const told = { type, title, status, code, detail, next, traceId };
  return errors === undefined ? told : { ...told, errors: [...errors] };
}

/** A client's error that fastify itself found: a body too large, JSON that is none. */
function statusOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('statusCode' in error) || typeof error.statusCode !== 'number') return null;
  return error.statusCode >= 400 && error.statusCode < 500 ? error.statusCode : null;
}

function detailOf(error: unknown): unknown {
  return error instanceof TidegateError ? error.detail : undefined;
}
