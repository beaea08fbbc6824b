/** Your second factors: an authenticator app, recovery codes, passkeys (registered in a browser). */
import type { Client } from '@tidegate/contract';
import type { Command } from 'commander';
import { ask, showElsewhere, withCode } from '../asking.ts';
import { type Context, standardInput } from '../context.ts';
import { fields } from '../layout.ts';
import { aPasskey, UsageError } from '../usage.ts';
import { passkeysTable } from '../views/identity.ts';
import { action } from './command.ts';

const UNCONFIRMED = 'It does not count before it is confirmed: tidegate mfa confirm CODE';

export function factorCommands(program: Command): void {
  const mfa = program.command('mfa').description('your second factors');
  enrolCommand(mfa);
  mfa
    .command('confirm <code>')
    .description('confirm the authenticator app with a first code')
    .action(
      action<[string], object>(async (context, [code]) => {
        const me = await context.client().confirmTotp({ code });
        context.answer(me, () => 'Your second factor is set.');
        context.hint('For when you lose it: tidegate mfa recovery-codes');
      }),
    );
  mfa
    .command('verify [code]')
    .description('show your second factor on this login: a code, or without one in a browser')
    .action(
      action<[string | undefined], object>(async (context, [code]) => {
        const client = context.client();
        if (code === undefined) await showElsewhere(context, client, (await client.me()).session.how);
        context.answer(await (code === undefined ? client.me() : verify(client, code)), () => 'Shown.');
      }),
    );
  mfa
    .command('remove')
    .description('remove the authenticator app; a factor must have been shown within the last five minutes')
    .action(
      action(async (context) => {
        await context.client().removeTotp();
        context.answer({ removed: true }, () => 'Removed.');
      }),
    );
  mfa
    .command('recovery-codes')
    .description('ten new codes for when you lose your second factor; those before are void')
    .action(
      action(async (context) => {
        await newRecoveryCodes(context, context.client());
      }),
    );
  passkeyCommands(mfa);
}

/** Six digits are an authenticator's; anything else is a recovery code. */
const verify = (client: Client, code: string) =>
  /^\d{6}$/.test(code.replaceAll(' ', '')) ? client.verifyTotp({ code }) : client.useRecoveryCode({ code });

function enrolCommand(mfa: Command): void {
  mfa
    .command('enrol')
    .alias('enroll')
    .description('add an authenticator app: prints its secret, then asks for a first code')
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
        const me = await withCode(context, 'A code from the app', UNCONFIRMED, (code) => client.confirmTotp({ code }));
        context.terminal.note('Your second factor is set.');
        if (me.mfa.recoveryCodes === 0) await newRecoveryCodes(context, client);
      }),
    );
}

async function newRecoveryCodes(context: Context, client: Client): Promise<void> {
  const made = await client.makeRecoveryCodes();
  context.answer(made, () => made.codes.join('\n'));
  context.hint('Keep them where your second factor is not. They are shown this once, and each counts once.');
}

function passkeyCommands(mfa: Command): void {
  const passkeys = mfa.command('passkeys').description('your passkeys; a browser registers them');
  passkeys
    .command('list', { isDefault: true })
    .description('all of them')
    .action(
      action(async (context) => {
        const { items } = await context.client().passkeys();
        context.answer(items, () => passkeysTable(items));
      }),
    );
  passkeys
    .command('rename <id> <name>')
    .description('name one')
    .action(
      action<[string, string], object>(async (context, [id, name]) => {
        if (name.trim() === '') throw new UsageError('A passkey’s name is not empty.');
        context.answer(await context.client().renamePasskey({ id: aPasskey(id), name }), () => 'Named.');
      }),
    );
  passkeys
    .command('remove <id>')
    .description('remove one; a factor must have been shown within the last five minutes')
    .action(
      action<[string], object>(async (context, [id]) => {
        await context.client().removePasskey({ id: aPasskey(id) });
        context.answer({ removed: true }, () => 'Removed.');
      }),
    );
}
