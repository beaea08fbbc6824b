import type { Context } from '../context.ts';
import { appendEvent } from '../record/events.ts';
import { type Caller, loginOf } from './caller.ts';
import { endLogins } from './logins.ts';
import { checkOwnPassword } from './own-password.ts';
import { hashPassword } from './password.ts';

/** Sets a new password and ends the person's other logins. */
export async function changePassword(context: Context, caller: Caller, current: string, next: string): Promise<void> {
  await checkOwnPassword(context, caller, current);
  const password = await hashPassword(next);
  await context.store.transaction(async (tx) => {
    await tx.updateTable('people').set({ password }).where('name', '=', caller.name).execute();
    await endLogins(tx, caller.name, loginOf(caller));
    await appendEvent(tx, {
      kind: 'person.changed',
      at: context.now(),
      data: { person: caller.name, by: caller.name, changed: ['password'] },
    });
  });
}
