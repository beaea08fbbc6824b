/** Signing in and out, as the whole app knows it. */
import { api } from './client.ts';
import { closeStream } from './live-stream.ts';
import { queries } from './queries.ts';

/** Throws the API's refusal: `mfa_required` asks for a code, to be sent along with the next try. */
export async function signInWithPassword(user: string, password: string, mfaCode?: string): Promise<void> {
  await api.login({ user, password, cookie: true, ...(mfaCode === undefined ? {} : { mfaCode }) });
  queries.clear();
}

/** Ends the login and forgets all that was read; the page is loaded anew, so that nothing of it stays in memory. */
export async function signOut(): Promise<void> {
  try {
    await api.logout();
  } finally {
    closeStream();
    queries.clear();
    location.assign('/sign-in');
  }
}
