/** Why a passkey does not count: a closed list, told to whoever showed it and kept on the record. */
import { TidegateError } from '@tidegate/core';

const WHYS = {
  challenge_unknown: ['This was not asked for here.', 'Begin again.'],
  challenge_used: ['This was answered already.', 'Begin again: each answer counts once.'],
  challenge_over: ['This was asked for too long ago.', 'Begin again, and answer within five minutes.'],
  credential_unknown: ['This passkey is not known here.', 'Use another, or sign in with your password.'],
  not_theirs: ['This passkey is somebody else’s.', 'Use one of your own.'],
  locked: [
    'This passkey is locked: there is a copy of it somewhere.',
    'Use another factor, remove this one and register a new one, or ask an administrator.',
  ],
  counter_back: [
    'This passkey has counted backwards: there is a copy of it somewhere. It is locked from now on.',
    'Use another factor, remove this one and register a new one. Tell your administrator.',
  ],
  wrong_origin: ['This passkey was used on a page that is not this Tidegate’s.', 'Open Tidegate at its own address.'],
  not_verified: ['This passkey was used without verifying who you are.', 'Unlock it with its PIN, finger or face.'],
  not_valid: ['What the authenticator answered is not valid.', 'Try again.'],
} as const satisfies Readonly<Record<string, readonly [what: string, next: string]>>;

export type Why = keyof typeof WHYS;

export class PasskeyRefused extends TidegateError {
  readonly why: Why;

  /** @param detail for the operator's log only */
  constructor(why: Why, detail?: unknown) {
    const [what, next] = WHYS[why];
    super('mfa_invalid', what, next, detail);
    this.name = 'PasskeyRefused';
    this.why = why;
  }
}
