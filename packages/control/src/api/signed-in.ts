/** What somebody who has just signed in is answered, however they did. */
import type { LoggedIn } from '@tidegate/contract';
import type { Context } from '../context.ts';
import { endReplaced, type OpenedLogin } from '../identity/logins.ts';
import type { Browser } from './browser.ts';

/**
 * The token; for a browser in its cookie and nowhere else. A login the browser had before ends: nobody who planted it
 * there, or has it still, shares in the new one.
 */
export async function signedIn(context: Context, browser: Browser, opened: OpenedLogin): Promise<LoggedIn> {
  const { person, token, kind, expiresAt } = opened;
  const told = { person, expiresAt: expiresAt.toString() };
  if (kind === 'bearer') return { ...told, token };
  if (browser.token !== null) await endReplaced(context, browser.token, opened);
  browser.keep(token, expiresAt);
  return { ...told, token: null };
}
