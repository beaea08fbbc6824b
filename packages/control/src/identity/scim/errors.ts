/** Refusals as SCIM tells them (RFC 7644 section 3.12). */
import { type ErrorCode, TidegateError } from '@tidegate/core';

export type ScimType =
  | 'invalidFilter'
  | 'uniqueness'
  | 'mutability'
  | 'invalidSyntax'
  | 'invalidPath'
  | 'noTarget'
  | 'invalidValue'
  | 'tooMany';

/** A refusal with the status and the `scimType` that the RFC gives it. */
export class ScimError extends TidegateError {
  readonly status: number;
  readonly scimType: ScimType | null;

  constructor(status: number, scimType: ScimType | null, message: string) {
    super(CODES[status] ?? 'invalid_input', message);
    this.name = 'ScimError';
    this.status = status;
    this.scimType = scimType;
  }
}

const CODES: Readonly<Record<number, ErrorCode>> = {
  404: 'not_found',
  409: 'conflict',
  412: 'conflict',
  413: 'invalid_input',
};

export const invalid = (scimType: ScimType, message: string): ScimError => new ScimError(400, scimType, message);
export const notFound = (what: string, id: string): ScimError => new ScimError(404, null, `There is no ${what} ${id}.`);
export const taken = (message: string): ScimError => new ScimError(409, 'uniqueness', message);
