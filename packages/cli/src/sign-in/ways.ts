/** How to sign in: what was said on the command line, else what there is, else what is chosen. */
import { isCancel, select } from '@clack/prompts';
import type { SignInWays } from '@tidegate/contract';
import type { Context } from '../context.ts';
import { Interrupted, UsageError } from '../usage.ts';

export interface Said {
  readonly provider?: string | undefined;
  readonly device?: boolean | undefined;
  readonly user?: string | undefined;
  readonly passwordStdin?: boolean | undefined;
  readonly mfaCode?: string | undefined;
}

/** A provider's name; null: an account of Tidegate's own, with a password. Throws `UsageError`. */
export async function chooseWay(context: Context, said: Said, ask: () => Promise<SignInWays>): Promise<string | null> {
  const byPassword = said.user !== undefined || said.passwordStdin === true || said.mfaCode !== undefined;
  const byProvider = said.provider !== undefined || said.device === true;
  if (byPassword && byProvider) {
    throw new UsageError('--provider and --device sign in without a password.', 'Leave the one or the other out.');
  }
  if (byPassword) return null;
  if (!byProvider && !context.terminal.interactive) {
    throw new UsageError(
      'Say how to sign in: there is no terminal to ask at.',
      'With --provider NAME, --device, or --user NAME.',
    );
  }
  const ways = await ask();
  const names = ways.providers.map(({ name }) => name);
  if (said.provider !== undefined) {
    if (names.includes(said.provider)) return said.provider;
    const there = names.length === 0 ? 'There are none here.' : `There are ${names.join(', ')}.`;
    throw new UsageError(`There is no identity provider “${said.provider}”.`, there);
  }
  const [only, another] = names;
  if (only === undefined) {
    if (said.device !== true) return null;
    throw new UsageError('There is no identity provider here to type a code at.', 'Sign in with --user.');
  }
  if (another === undefined && (said.device === true || !ways.local)) return only;
  return choose(context, names, ways.local && said.device !== true);
}

async function choose(context: Context, names: readonly string[], local: boolean): Promise<string | null> {
  if (!context.terminal.interactive) {
    const ways = [...names.map((name) => `--provider ${name}`), ...(local ? ['--user NAME'] : [])];
    throw new UsageError('Say how to sign in: there is no terminal to ask at.', `One of ${ways.join(', ')}.`);
  }
  const said = await select({
    message: 'Sign in with',
    output: process.stderr,
    options: [
      ...names.map((name) => ({ value: name, label: name, hint: 'identity provider' })),
      ...(local ? [{ value: '', label: 'a password', hint: 'an account of Tidegate’s own' }] : []),
    ],
  });
  if (isCancel(said)) throw new Interrupted('Nothing was done.');
  return said === '' ? null : said;
}
