/** A person's own password, asked for again before anything that would outlive a stolen login. */
import { TidegateError } from '@tidegate/core';
import type { Context } from '../context.ts';
import { appendEvent } from '../record/events.ts';
import { admitAttempt, forgiveAttempts } from './attempts.ts';
import type { Caller } from './caller.ts';
import { verifyPassword } from './password.ts';
import { findAccount } from './people.ts';

/** Throws `login_failed`, `too_many_attempts`. */
export async function checkOwnPassword(context: Context, caller: Caller, password: string): Promise<void> {
  await admitAttempt(context, 'password', caller.name, caller.address);
  const account = await findAccount(context.store.db, caller.name);
  if (!(await verifyPassword(account?.password ?? null, password))) {
    await context.store.transaction((tx) =>
      appendEvent(tx, {
        kind: 'login.failed',
        at: context.now(),
        data: { person: caller.name, address: caller.address, why: 'password' },
      }),
    );
    throw new TidegateError('login_failed', 'The password is wrong.', 'Try again.');
  }
  await forgiveAttempts(context.store.db, 'password', caller.name, caller.address);
}
