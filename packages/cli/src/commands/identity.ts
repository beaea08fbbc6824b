/** Signing in and out, your password, your second factor. */

import { createClient } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import type { Command } from 'commander';
import { ask, askNewPassword, withCode } from '../asking.ts';
import { paint } from '../colour.ts';
import { standardInput } from '../context.ts';
import { fields, safe, wrap } from '../layout.ts';
import { aPassword } from '../usage.ts';
import { when } from '../views/time.ts';
import { action } from './command.ts';

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
            ['second factor', me.mfa.totp ? `yes${shown}` : 'none: tidegate mfa enrol'],
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

  secondFactor(program);
}

const UNCONFIRMED = 'It does not count before it is confirmed: tidegate mfa confirm CODE';

function secondFactor(program: Command): void {
  const mfa = program.command('mfa').description('your second factor (TOTP)');
  mfa
    .command('enrol')
    .alias('enroll')
    .description('begin: prints the secret for your authenticator app, then asks for a first code')
    .option('--password-stdin', 'read your password from standard input; confirm later with `mfa confirm`')
    .action(
      action<[], { passwordStdin?: boolean }>(async (context, _, given) => {
        const client = context.client();
        const password =
          given.passwordStdin === true
            ? await standardInput()
            : await ask(context, 'Password', { hidden: true, otherwise: '--password-stdin' });
        const enrolment = await client.enrolTotp({ password });
        context.answer(enrolment, () =>
          fields([
            // In groups, as apps show it: it is often typed.
            ['secret', enrolment.secret.replace(/.{4}(?=.)/g, '$& ')],
            ['for apps', enrolment.uri],
          ]),
        );
        if (context.json || !context.terminal.interactive) return context.hint(UNCONFIRMED);
        await withCode(context, 'A code from the app', UNCONFIRMED, (code) => client.confirmTotp({ code }));
        context.terminal.note('Your second factor is set.');
      }),
    );
  for (const [name, description, method] of [
    ['confirm', 'confirm the second factor with a first code', 'confirmTotp'],
    ['verify', 'show your second factor on this login', 'verifyTotp'],
  ] as const) {
    mfa
      .command(`${name} <code>`)
      .description(description)
      .action(
        action<[string], object>(async (context, [code]) => {
          const me = await context.client()[method]({ code });
          context.answer(me, () => (name === 'confirm' ? 'Your second factor is set.' : 'Shown.'));
        }),
      );
  }
  mfa
    .command('remove')
    .description('remove it; it must have been shown within the last five minutes')
    .action(
      action(async (context) => {
        await context.client().removeTotp();
        context.answer({ removed: true }, () => 'Removed.');
      }),
    );
}
