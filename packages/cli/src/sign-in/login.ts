/** `tidegate login`, at an identity provider or with a password. */
import { createClient } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import type { Command } from 'commander';
import { ask } from '../asking.ts';
import { paint } from '../colour.ts';
import { action } from '../commands/command.ts';
import { type Context, standardInput } from '../context.ts';
import { safe, wrap } from '../layout.ts';
import { when } from '../views/time.ts';
import { type AsWorkload, isWorkload, signInAsWorkload } from './as-workload.ts';
import { type Login, signInWithBrowser, signInWithDevice } from './at-provider.ts';
import { chooseWay, type Said } from './ways.ts';

interface Given extends Said, AsWorkload {
  readonly url?: string;
}

export function loginCommand(program: Command): void {
  program
    .command('login')
    .description('sign in')
    .option('--url <url>', 'where Tidegate is (or TIDEGATE_URL)')
    .option('--provider <name>', 'at this identity provider, in a browser')
    .option('--device', 'at an identity provider, with a code typed on any device')
    .option('--user <name>', 'who you are, with a password')
    .option('--password-stdin', 'read the password from standard input')
    .option('--mfa-code <code>', 'a code of your second factor, to show it at once')
    .option('--workload', 'as a workload, by the token its platform gives it (GitHub Actions, Azure)')
    .option('--token-file <file>', 'as a workload, by the token in this file')
    .option('--audience <audience>', 'whom the platform’s token is to be for; the address where left out')
    .option('--client-cert <file>', 'as a workload, by this client certificate (PEM)')
    .option('--client-key <file>', 'its key, where it is not in the same file')
    .action(
      action<[], Given>(async (context, _, given) => {
        const url = context.url(given.url);
        const signIn = isWorkload(given) ? signInAsWorkload : signInAsPerson;
        const { token, person, expiresAt } = await signIn(context, url, given);
        context.profiles.save({ url, token, person, expiresAt });
        context.answer({ person, url, expiresAt }, () =>
          wrap(`Signed in as ${paint.bold(safe(person))} at ${url}, until ${when(expiresAt)}.`),
        );
      }),
    );
}

async function signInAsPerson(context: Context, url: string, given: Given): Promise<Login> {
  const provider = await chooseWay(context, given, () => createClient({ url }).signInWays());
  if (provider === null) return withPassword(context, url, given);
  return (given.device === true ? signInWithDevice : signInWithBrowser)(context, url, provider);
}

async function withPassword(context: Context, url: string, given: Given): Promise<Login> {
  const user = given.user ?? (await ask(context, 'Name', { hidden: false, otherwise: '--user' }));
  const password =
    given.passwordStdin === true
      ? await standardInput()
      : await ask(context, 'Password', { hidden: true, otherwise: '--password-stdin' });
  const { token, ...said } = await createClient({ url }).login({ user, password, mfaCode: given.mfaCode });
  if (token === null) throw new TidegateError('internal', 'The server answered no token.');
  return { token, ...said };
}
