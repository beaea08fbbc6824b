/** Asking the person at the terminal: names, passwords, codes of the second factor. */
import { isCancel, password as passwordPrompt, text as textPrompt } from '@clack/prompts';
import { type Client, type Me, Refusal } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import { paint } from './colour.ts';
import type { Context } from './context.ts';
import { showAtProvider } from './sign-in/at-provider.ts';
import { browserCommand } from './sign-in/open-browser.ts';
import { aPassword, Interrupted, UsageError } from './usage.ts';

/** How often a mistyped code may be typed again at one prompt. */
const TRIES = 3;

/** @param otherwise the option that gives it where nobody is there to be asked */
export async function ask(
  context: Context,
  what: string,
  { hidden, otherwise, stands = 'Nothing was done.' }: { hidden: boolean; otherwise: string; stands?: string },
): Promise<string> {
  if (!context.terminal.interactive)
    throw new UsageError(`${what} is needed, and there is no terminal to ask at.`, `Give it with ${otherwise}.`);
  const prompt = { message: what, output: process.stderr };
  const said = hidden ? await passwordPrompt(prompt) : await textPrompt(prompt);
  if (isCancel(said)) throw new Interrupted(stands);
  return said ?? '';
}

/** A password, twice, so that a slip of the finger locks nobody out. */
export async function askNewPassword(context: Context, what: string, otherwise: string): Promise<string> {
  const password = await ask(context, what, { hidden: true, otherwise });
  const again = await ask(context, 'The same again', { hidden: true, otherwise });
  if (password !== again) throw new UsageError('The two are not the same.', 'Nothing was done: try again.');
  return aPassword(password);
}

/** Asks for a code until it is right, at most three times. */
export async function withCode<T>(
  context: Context,
  what: string,
  stands: string,
  call: (code: string) => Promise<T>,
): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    const code = await ask(context, what, { hidden: false, otherwise: '--mfa-code', stands });
    try {
      return await call(code.replaceAll(' ', ''));
    } catch (error) {
      if (!(error instanceof Refusal && error.code === 'mfa_invalid') || tried === TRIES) throw error;
      context.terminal.note(`${error.message} ${error.next}`);
    }
  }
}

/**
 * Calls with the second factor when the policy asks for it: first without a code (it may have been shown already),
 * then, where a person is there, with one they are asked for, or once they have shown it in a browser.
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
    if (!(error instanceof Refusal && error.code === 'mfa_required') || given !== undefined) throw error;
    const { mfa, session } = await client.me();
    const elsewhere = session.how === 'oidc';
    if (!mfa.totp && mfa.passkeys + mfa.recoveryCodes === 0 && !elsewhere) {
      throw new TidegateError(error.code, error.message, 'You have none yet. Add it: tidegate mfa enrol');
    }
    const link = error.problem?.link;
    if (!context.terminal.interactive) {
      const there = link === undefined ? '' : ` Or show it at ${link} and try again.`;
      throw new TidegateError(error.code, error.message, `Add --mfa-code CODE.${there}`);
    }
    context.terminal.note(error.message);
    if (mfa.totp || mfa.recoveryCodes > 0) {
      const what = 'Code of your second factor (nothing: show it in a browser)';
      const answer = await withCode(context, what, NOTHING, async (code) =>
        code === '' ? null : { of: await call(client, code) },
      );
      if (answer !== null) return answer.of;
    }
    await showElsewhere(context, client, session.how);
    return call(client);
  }
}

const NOTHING = 'Nothing was done.';
/** How long one question to the server waits, in seconds. */
const WAIT = 55;

/**
 * Has the second factor shown outside this terminal: at the person's provider, where they signed in at one and a browser
 * is here to go there with; else by a link that any device can open.
 */
export function showElsewhere(context: Context, client: Client, how: Me['session']['how']): Promise<void> {
  return how === 'oidc' && browserCommand(context.env) !== null
    ? showAtProvider(context, client)
    : showInBrowser(context, client);
}

/**
 * Has the second factor shown in a browser, on behalf of the login in this terminal, and waits until it was. Throws
 * `mfa_required` when it was refused there, or took too long.
 */
async function showInBrowser(context: Context, client: Client): Promise<void> {
  const asked = await client.beginStepUp();
  context.terminal.note(`Show your second factor at ${paint.bold(asked.link)}`);
  context.terminal.note(`It is yours if it says ${paint.bold(asked.code)} there. Waiting…`);
  for (;;) {
    const { state } = await client.stepUp({ id: asked.id, wait: WAIT });
    if (state === 'shown') return;
    if (state === 'refused')
      throw new TidegateError(
        'mfa_required',
        'It was refused in the browser, and this login is ended. If it was you: tidegate login.',
        NOTHING,
      );
    if (state === 'over') throw new TidegateError('mfa_required', 'It was not shown in time.', 'Try again.');
  }
}
