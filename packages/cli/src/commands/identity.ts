/** Signing in and out, your password. */

import { TidegateError } from '@tidegate/core';
import type { Command } from 'commander';
import { ask, askNewPassword } from '../asking.ts';
import { paint } from '../colour.ts';
import { standardInput } from '../context.ts';
import { fields, safe } from '../layout.ts';
import { loginCommand } from '../sign-in/login.ts';
import { aPassword } from '../usage.ts';
import { factorsInWords } from '../views/identity.ts';
import { when } from '../views/time.ts';
import { action } from './command.ts';
import { factorCommands } from './factors.ts';
import { loginCommands } from './logins.ts';

export function identityCommands(program: Command): void {
  loginCommand(program);

  program
    .command('logout')
    .description('sign out')
    .action(
      action(async (context) => {
        try {
          await context.client().logout();
        } catch (error) {
          // A login that is over already is what was wanted.
          if (!(error instanceof TidegateError && error.code === 'unauthenticated')) throw error;
        }
        context.profiles.forget();
        context.answer({ signedOut: true }, () => 'Signed out.');
      }),
    );

  program
    .command('whoami')
    .description('who is signed in')
    .action(
      action(async (context) => {
        const { url } = context.signedIn();
        const me = await context.client().me();
        const may = me.roles.map(
          ({ role, resources }) => `${role}${resources === null ? '' : ` of ${resources.join(', ')}`}`,
        );
        const shown = me.session.mfaAt === null ? '' : `, shown ${when(me.session.mfaAt)}`;
        context.answer(me, () =>
          fields([
            ['name', paint.bold(safe(me.name))],
            ['groups', me.groups.map(safe).join(', ')],
            ['may', may.join(', ')],
            ['second factor', factorsInWords(me.mfa, shown)],
            ['signed in until', when(me.session.expiresAt)],
            ['at', url],
          ]),
        );
      }),
    );

  program
    .command('password')
    .description('change your password')
    .option('--stdin', 'read the current and the new password from standard input, a line each')
    .action(
      action<[], { stdin?: boolean }>(async (context, _, given) => {
        const client = context.client();
        const [current = '', password = ''] =
          given.stdin === true
            ? (await standardInput()).split(/\r?\n/)
            : [
                await ask(context, 'Current password', { hidden: true, otherwise: '--stdin' }),
                await askNewPassword(context, 'New password', '--stdin'),
              ];
        await client.changePassword({ current, password: aPassword(password) });
        context.answer({ changed: true }, () => 'Changed. Your other logins have ended.');
      }),
    );

  factorCommands(program);
  loginCommands(program);
}
