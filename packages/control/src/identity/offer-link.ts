/** Where a second factor is missing, whoever is refused is told where to show it. */
import type { Context } from '../context.ts';
import type { Caller } from './caller.ts';
import { MfaRequired } from './mfa.ts';
import { beginStepUp } from './step-up.ts';

/**
 * Runs `work`; a refusal for want of a second factor gets a link to the page where it can be shown for this very login.
 * A terminal's login is asked for there by name; a browser shows the factor on its own.
 */
export async function offeringLink<T>(context: Context, caller: Caller | null, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof MfaRequired) || caller === null || caller.login === null || caller.kind !== 'person') {
      throw error;
    }
    const own = `${context.signIn.publicUrl()}/mfa`;
    const link = caller.carriedBy === 'cookie' ? own : (await beginStepUp(context, caller)).link;
    throw new MfaRequired(error.message, link);
  }
}
