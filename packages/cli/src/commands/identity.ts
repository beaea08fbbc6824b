/** Signing in and out, your password. */

import { createClient } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import type { Command } from 'commander';
import { ask, askNewPassword } from '../asking.ts';
import { paint } from '../colour.ts';
import { standardInput } from '../context.ts';
import { fields, safe, wrap } from '../layout.ts';
import { aPassword } from '../usage.ts';
import { factorsInWords } from '../views/identity.ts';
import { when } from '../views/time.ts';
import { action } from './command.ts';
import { factorCommands } from './factors.ts';
import { loginCommands } from './logins.ts';

export function identityCommands(program: Command): void {
  program
    .command('login')
    .description('sign in')
    .option('--url <url>', 'where Tidegate is (or TIDEGATE_URL)')
    .option('--user <name>', 'who you are')
    .option('--password-stdin', 'read the password from standard input')
    .option('--mfa-code <code>', 'a code of your second factor, to show it at once')
    .action(
      action<[], { url?: string; user?: string; passwordStdin?: boolean; mfaCode?: string }>(
        async (context, _, given) => {
          const url = context.url(given.url);
          const user = given.user ?? (await ask(context, 'Name', { hidden: false, otherwise: '--user' }));
          const password =
            given.passwordStdin === true
              ? await standardInput()
              : await ask(context, 'Password', { hidden: true, otherwise: '--password-stdin' });
          const said = await createClient({ url }).login({ user, password, mfaCode: given.mfaCode });
          if (said.token === null) throw new TidegateError('internal', 'The server answered no token.');
          context.profiles.save({ url, token: said.token, person: said.person, expiresAt: said.expiresAt });
          context.answer({ person: said.person, url, expiresAt: said.expiresAt }, () =>
            wrap(`Signed in as ${paint.bold(safe(said.person))} at ${url}, until ${when(said.expiresAt)}.`),
          );
        },
      ),
    );

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
        const may = [...(me.administrator ? ['administer'] : []), ...(me.auditor ? ['audit'] : [])];
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
