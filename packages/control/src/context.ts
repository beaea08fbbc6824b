/** What every operation of the control plane is given; made once by `main.ts`. */
import type { RandomBytes } from '@tidegate/core';
import type { Logger } from 'pino';
import type { ConfigChecker } from './config/checking/checker.ts';
import type { SignIn } from './identity/signing-in.ts';
import type { Sealer } from './keys/seal.ts';
import type { Store } from './store/store.ts';

export interface Context {
  readonly store: Store;
  readonly sealer: Sealer;
  /** To the millisecond, as the API and the record show it. */
  readonly now: () => Temporal.Instant;
  readonly random: RandomBytes;
  readonly log: Logger;
  readonly signIn: SignIn;
  /** Texts of configurations, checked beside the event loop. */
  readonly checker: ConfigChecker;
}

/** The clock of this machine, to the millisecond. */
export const wallClock = (): Temporal.Instant => Temporal.Instant.fromEpochMilliseconds(Date.now());
