/** Signing in and out, the second factor, accounts. */
import { isCancel, password as passwordPrompt, text as textPrompt } from '@clack/prompts';
import { type Client, type groupName, personName, Refusal } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import type { Command } from 'commander';
import pc from 'picocolors';
import type { z } from 'zod';
import { type Context, standardInput } from '../context.ts';
import { fields, safe, table } from '../terminal.ts';
import { when } from '../views/time.ts';
import { action } from './command.ts';

type Group = z.infer<typeof groupName>;
const list = (text: string): Group[] => text.split(',').map((part) => part.trim() as Group);

export function identityCommands(program: Command): void {
  program
    .command('login')
    .description('sign in')
    .option('--url <url>', 'where Tidegate is')
    .option('--user <name>', 'who you are')
    .option('--password-stdin', 'read the password from standard input')
    .option('--mfa-code <code>', 'a code of your second factor, to show it at once')
    .action(
      action<[], { url?: string; user?: string; passwordStdin?: boolean; mfaCode?: string }>(
        async (context, _, given) => {
          const url = context.url(given.url);
          const user = given.user ?? (await ask(context, 'Name', false));
          const password = given.passwordStdin === true ? await standardInput() : await ask(context, 'Password', true);
          const said = await context.anonymous(url).login({ user, password, mfaCode: given.mfaCode });
          context.profiles.save({ url, token: said.token, person: said.person, expiresAt: said.expiresAt });
          context.answer(
            { person: said.person, url, expiresAt: said.expiresAt },
            () => `Signed in as ${pc.bold(safe(said.person))} at ${url}, until ${when(said.expiresAt)}.`,
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
        const me = await context.client().me();
        context.answer(me, () =>
          fields([
            ['name', pc.bold(safe(me.name))],
            ['groups', me.groups.map(safe).join(', ')],
            [
              'may',
              [me.administrator ? 'administer' : '', me.auditor ? 'audit' : '']
                .filter((word) => word !== '')
                .join(', '),
            ],
            [
              'second factor',
              me.mfa.totp
                ? `yes${me.session.mfaAt === null ? '' : `, shown ${when(me.session.mfaAt)}`}`
                : 'none: tidegate mfa enrol',
            ],
            ['signed in until', when(me.session.expiresAt)],
            ['at', context.url()],
          ]),
        );
      }),
    );

  program
    .command('password')
    .description('change your password; your other logins end')
    .option('--stdin', 'read the current and the new password from standard input, a line each')
    .action(
      action<[], { stdin?: boolean }>(async (context, _, given) => {
        const [current = '', password = ''] =
          given.stdin === true
            ? (await standardInput()).split(/\r?\n/)
            : [await ask(context, 'Current password', true), await ask(context, 'New password', true)];
        await context.client().changePassword({ current, password });
        context.answer({ changed: true }, () => 'Changed. Your other logins have ended.');
      }),
    );

  secondFactor(program);
  people(program);
}

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
        const password = given.passwordStdin === true ? await standardInput() : await ask(context, 'Password', true);
        const enrolment = await client.enrolTotp({ password });
        context.answer(enrolment, () =>
          fields([
            ['secret', enrolment.secret],
            ['for apps', enrolment.uri],
          ]),
        );
        if (context.json || !context.terminal.interactive) {
          context.terminal.note('It counts once confirmed: tidegate mfa confirm CODE');
          return;
        }
        await client.confirmTotp({ code: await ask(context, 'A code from the app', false) });
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

function people(program: Command): void {
  const command = program.command('people').description('accounts (administrators)');
  command
    .command('list', { isDefault: true })
    .description('everybody')
    .action(
      action(async (context) => {
        const items = await all((cursor) => context.client().people({ cursor, limit: 500 }));
        context.answer(items, () =>
          table(
            ['NAME', 'GROUPS', 'SINCE', ''],
            items.map((person) => [
              safe(person.name),
              person.groups.map(safe).join(', '),
              when(person.createdAt),
              person.disabled ? pc.red('disabled') : '',
            ]),
            'Nobody.',
          ),
        );
      }),
    );
  command
    .command('add <name>')
    .description('make an account')
    .option('--groups <groups>', 'groups, with commas')
    .option('--password-stdin', 'read the password from standard input')
    .action(
      action<[string], { groups?: string; passwordStdin?: boolean }>(async (context, [name], given) => {
        const password =
          given.passwordStdin === true ? await standardInput() : await ask(context, `Password for ${name}`, true);
        const groups = given.groups === undefined ? [] : list(given.groups);
        const person = await context.client().createPerson({ name, password, groups });
        context.answer(person, () => `Made ${safe(person.name)}.`);
      }),
    );
  command
    .command('change <name>')
    .description('change an account')
    .option('--groups <groups>', 'its own groups, with commas (those of the configuration stay)')
    .option('--disable', 'no sign-in any more; its grants are revoked')
    .option('--enable', 'sign-in again')
    .option('--reset-mfa', 'forget its second factor')
    .option('--password-stdin', 'read a new password from standard input')
    .action(
      action<
        [string],
        { groups?: string; disable?: boolean; enable?: boolean; resetMfa?: boolean; passwordStdin?: boolean }
      >(async (context, [name], given) => {
        const person = await context.client().changePerson({
          name: personName.parse(name),
          groups: given.groups === undefined ? undefined : list(given.groups),
          disabled: given.disable === true ? true : given.enable === true ? false : undefined,
          resetMfa: given.resetMfa === true ? true : undefined,
          password: given.passwordStdin === true ? await standardInput() : undefined,
        });
        context.answer(person, () => `Changed ${safe(person.name)}.`);
      }),
    );
}

/** Asks the person at the terminal; where nobody is there, says how to give it otherwise. */
export async function ask(context: Context, what: string, hidden: boolean): Promise<string> {
  if (!context.terminal.interactive) {
    throw new TidegateError(
      'invalid_input',
      `${what} is needed, and there is no terminal to ask at.`,
      'Give it as an option; see --help.',
    );
  }
  const said = hidden
    ? await passwordPrompt({ message: what, output: process.stderr })
    : await textPrompt({ message: what, output: process.stderr });
  if (isCancel(said) || said === undefined) throw new TidegateError('invalid_input', 'Nothing was done.');
  return said;
}

/**
 * Calls with the second factor when the policy asks for it: first without a code (it may have been shown already),
 * then, where a person is there, with one they are asked for.
 */
export async function withMfa<T>(
  context: Context,
  given: string | undefined,
  call: (client: Client, mfaCode?: string) => Promise<T>,
): Promise<T> {
  const client = context.client();
  try {
    return await call(client, given);
  } catch (error) {
    if (
      !(error instanceof Refusal && error.code === 'mfa_required') ||
      given !== undefined ||
      !context.terminal.interactive
    )
      throw error;
    context.terminal.note(error.message);
    return call(client, await ask(context, 'Code of your second factor', false));
  }
}

/** Follows a list's pages to its end. */
export async function all<T>(
  get: (cursor?: string) => Promise<{ items: T[]; nextCursor: string | null }>,
): Promise<T[]> {
  const items: T[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await get(cursor);
    items.push(...page.items);
    if (page.nextCursor === null) return items;
    cursor = page.nextCursor;
  }
}
