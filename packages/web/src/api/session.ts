/** Signing in and out, as the whole app knows it. */
import { api } from './client.ts';
import { keepToken } from './login.ts';
import { queries } from './queries.ts';

/** Throws the API's refusal: `mfa_required` asks for a code, to be sent along with the next try. */
export async function signInWithPassword(user: string, password: string, mfaCode?: string): Promise<void> {
  const { token } = await api.login({ user, password, ...(mfaCode === undefined ? {} : { mfaCode }) });
  queries.clear();
  keepToken(token);
}

/** Ends the login and forgets all that was read; the page is loaded anew, so that nothing of it stays in memory. */
export async function signOut(): Promise<void> {
  try {
    await api.logout();
  } finally {
    keepToken(null);
    queries.clear();
    location.assign('/sign-in');
  }
}
