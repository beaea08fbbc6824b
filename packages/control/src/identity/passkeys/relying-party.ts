/** For whom authenticators sign: this Tidegate, at its one public address. */
import { isIP } from 'node:net';
import { TidegateError } from '@tidegate/core';
import type { Context } from '../../context.ts';
import { PasskeyRefused } from './refused.ts';

export interface RelyingParty {
  /** The host's name: what a passkey is kept for. */
  readonly id: string;
  /** The one origin from which it is taken. */
  readonly origin: string;
}

/** Throws `wrong_state` where the public address is a number: browsers keep passkeys for names alone. */
export function relyingParty({ signIn }: Pick<Context, 'signIn'>): RelyingParty {
  const origin = signIn.publicUrl();
  const { hostname } = new URL(origin);
  if (isIP(hostname.replace(/^\[|\]$/g, '')) === 0) return { id: hostname, origin };
  throw new TidegateError(
    'wrong_state',
    'Passkeys are kept for names, and this Tidegate has none but its address.',
    'Set TIDEGATE_PUBLIC_URL to https and its name.',
  );
}

/** Throws `PasskeyRefused` for an answer given on another page, or within another's frame. */
export function assertOrigin({ origin }: RelyingParty, clientDataJSON: string): void {
  const said = clientData(clientDataJSON);
  if (said.origin !== origin || (said.crossOrigin ?? false) !== false) throw new PasskeyRefused('wrong_origin');
}

function clientData(encoded: string): { readonly origin?: unknown; readonly crossOrigin?: unknown } {
  try {
    const value: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'));
    if (typeof value === 'object' && value !== null) return value;
  } catch (error) {
    throw new PasskeyRefused('not_valid', error);
  }
  throw new PasskeyRefused('not_valid');
}

/** The bit of the authenticator's data that says that it has verified its user (WebAuthn 6.1). */
const VERIFIED = 0x04;
const FLAGS_AT = 32;

/** Throws `PasskeyRefused` when the authenticator has not asked for PIN, finger or face: a found key is no person. */
export function assertVerified(authenticatorData: string): void {
  const flags = Buffer.from(authenticatorData, 'base64url').at(FLAGS_AT);
  if (flags === undefined) throw new PasskeyRefused('not_valid');
  if ((flags & VERIFIED) === 0) throw new PasskeyRefused('not_verified');
}
