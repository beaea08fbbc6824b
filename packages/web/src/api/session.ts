/** Signing in and out, as the whole app knows it. */
import { api } from './client.ts';
import { closeStream } from './live-stream.ts';
import { signWithPasskey } from './passkeys.ts';
import { queries } from './queries.ts';

/** Throws the API's refusal: `mfa_required` asks for a code, to be sent along with the next try. */
export async function signInWithPassword(user: string, password: string, mfaCode?: string): Promise<void> {
  await api.login({ user, password, cookie: true, ...(mfaCode === undefined ? {} : { mfaCode }) });
  queries.clear();
}

/** With a passkey alone, which counts as two factors. Rejects when the person would rather not. */
export async function signInWithPasskey(): Promise<void> {
  const { challenge, options } = await api.askPasskeyLogin();
  await api.loginWithPasskey({ challenge, response: await signWithPasskey(options), cookie: true });
  queries.clear();
}

/** Leaves the app for an identity provider's page, which leads back to `returnTo`. */
export async function signInAt(provider: string, returnTo: string): Promise<void> {
  const { location: page } = await api.startSignIn({ provider, destination: { cookie: true, returnTo } });
  location.assign(page);
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
