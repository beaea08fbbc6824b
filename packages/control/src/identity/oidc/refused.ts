/** What comes of talking to a provider when it does not go well: each said once, and told apart by what it means for a person. */
import { TidegateError } from '@tidegate/core';
import { errors as jose } from 'jose';
import * as openid from 'openid-client';
import { ClientRefused, ProviderUnavailable } from './fetch.ts';

/** A token that is not to be believed. `why` is for the record and the operator: others would learn what to try next. */
export class RefusedToken extends TidegateError {
  readonly why: string;

  constructor(why: string, cause?: unknown) {
    super(
      'login_failed',
      'What the identity provider answered is not to be believed.',
      'Try again; if it stays so, tell your administrator.',
      cause,
    );
    this.name = 'RefusedToken';
    this.why = why;
  }
}

/** The provider itself said no. `error` is its code (RFC 6749, 5.2 and 4.1.2.1), `said` its words. */
export class DeniedByProvider extends TidegateError {
  readonly error: string;
  readonly said: string;

  constructor(error: string, said: string, cause?: unknown) {
    super('login_failed', 'The identity provider did not let you in.', 'Try again, or ask its administrators.', cause);
    this.name = 'DeniedByProvider';
    this.error = error;
    this.said = said;
  }

  get why(): string {
    return this.said === '' ? this.error : `${this.error}: ${this.said}`;
  }
}

const SAID_MAX = 300;
/** RFC 6749, 5.2: what is wrong is our client, or the provider; nothing is said of the person. */
const NOT_ABOUT_THE_PERSON = new Set([
  'invalid_client',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_request',
  'invalid_scope',
  'server_error',
  'temporarily_unavailable',
]);
/** Of openid-client: the answer was no answer of its kind (a proxy’s page, an error without words). */
const NO_ANSWER = new Set([
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_TIMEOUT',
  'OAUTH_ABORT',
]);

/**
 * What an error of openid-client or jose means: `RefusedToken`, `DeniedByProvider`, or `ProviderUnavailable`, which says
 * nothing about the person. Anything else is thrown on as it is: a fault of ours.
 */
export function meaningOf(error: unknown): RefusedToken | DeniedByProvider | ProviderUnavailable {
  if (error instanceof RefusedToken || error instanceof DeniedByProvider) return error;
  const outage = causeOf(error, ProviderUnavailable);
  if (outage !== null) return outage;
  if (error instanceof openid.ResponseBodyError || error instanceof openid.AuthorizationResponseError) {
    const said = (error.error_description ?? '').slice(0, SAID_MAX);
    if (!NOT_ABOUT_THE_PERSON.has(error.error)) return new DeniedByProvider(error.error, said, error);
    const answered = `it answered ${error.error}${said === '' ? '' : `: ${said}`}`;
    const kind = error.error === 'invalid_client' ? ClientRefused : ProviderUnavailable;
    return new kind(answered, error);
  }
  if (error instanceof openid.WWWAuthenticateChallengeError) {
    return new ProviderUnavailable('it did not take the token it gave', error);
  }
  if (error instanceof openid.ClientError) {
    if (NO_ANSWER.has(error.code ?? '')) return new ProviderUnavailable(error.message, error);
    return new RefusedToken(detailOf(error), error);
  }
  if (error instanceof jose.JWKSTimeout || (error instanceof jose.JOSEError && error.code === 'ERR_JOSE_GENERIC')) {
    return new ProviderUnavailable('its keys could not be read', error);
  }
  if (error instanceof jose.JOSEError) return new RefusedToken(error.message, error);
  throw error;
}

/** openid-client says what kind of thing is wrong; its cause says which. */
function detailOf(error: openid.ClientError): string {
  const { cause } = error;
  return (cause instanceof Error ? `${error.message}: ${cause.message}` : error.message).slice(0, SAID_MAX);
}

function causeOf<T extends Error>(error: unknown, kind: new (...args: never[]) => T): T | null {
  for (let one: unknown = error; one instanceof Error; one = one.cause) if (one instanceof kind) return one;
  return null;
}

/** As it is told to whoever waits; null for what has nothing to do with the provider. */
export function toTell(provider: string, error: unknown): TidegateError | null {
  if (error instanceof TidegateError) return error;
  if (!(error instanceof ProviderUnavailable)) return null;
  return new TidegateError(
    'unavailable',
    `The identity provider ${provider} cannot be used just now.`,
    'Try again in a moment; if it stays so, an operator finds the reason in the control plane’s log.',
    error,
  );
}
