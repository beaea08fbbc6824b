/** Who is calling. What they may, `permissions/` says. */
import type { KeyScope } from '@tidegate/contract';
import { type ApiKeyId, type GroupName, type LoginId, type PersonName, TidegateError } from '@tidegate/core';
import type { LoginHow, LoginKind } from '../store/schema-logins.ts';
import type { Powered } from './permissions/powers.ts';

/** One signed-in call. */
export interface Caller extends Powered {
  readonly name: PersonName;
  readonly groups: readonly GroupName[];
  /** Which login this is; null for who proves themselves anew with each call (an API key). */
  readonly login: LoginId | null;
  /** What carries it. */
  readonly carriedBy: LoginKind;
  /** By what it came about. */
  readonly how: LoginHow;
  readonly loginExpiresAt: Temporal.Instant;
  /** When the person last proved who they are. */
  readonly authTime: Temporal.Instant;
  /** When a second factor was last shown on this login. */
  readonly mfaAt: Temporal.Instant | null;
  /** Where the call comes from. */
  readonly address: string;
  /** Set for who came with an API key: what the key is for, and no more. */
  readonly key?: { readonly id: ApiKeyId; readonly scopes: readonly KeyScope[] };
  /** Gives the caller's browser a token in place of the one it has, whatever else the call is answered. */
  readonly handToken: HandToken;
}

export type HandToken = (token: string, expiresAt: Temporal.Instant) => void;

/** The caller's login. Throws `forbidden` for who has none. */
export function loginOf({ login }: Caller): LoginId {
  if (login !== null) return login;
  throw new TidegateError('forbidden', 'This takes a login, and an API key is none.', 'Sign in: tidegate login.');
}
