/** Signing in, and showing a second factor, at an identity provider. Tidegate's server is its client, not this program. */
import { type Client, createClient, Refusal } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import { paint } from '../colour.ts';
import type { Context } from '../context.ts';
import { safe } from '../layout.ts';
import { listenForAnswer } from './listener.ts';
import { openBrowser } from './open-browser.ts';

export interface Login {
  readonly token: string;
  readonly person: string;
  readonly expiresAt: string;
}

/** With a browser on this machine. Throws what the server or the provider said no with. */
export async function signInWithBrowser(context: Context, url: string, provider: string): Promise<Login> {
  const login = await byBrowser(context, createClient({ url }), {
    start: (client, destination) => client.startSignIn({ provider, destination }),
    hint: 'No browser here? tidegate login --device',
  });
  if (login !== null) return login;
  throw new TidegateError(
    'internal',
    'The server answered no login.',
    'Are this client and the server of one version?',
  );
}

/** For a login that came from a provider: proves anew who you are, there. The login of this profile rises with it. */
export async function showAtProvider(context: Context, client: Client): Promise<void> {
  await byBrowser(context, client, { start: (asking, destination) => asking.startStepUp({ destination }), hint: '' });
}

interface Going {
  readonly start: (client: Client, to: { port: number; challenge: string }) => Promise<{ readonly location: string }>;
  /** What else there is, where that is not it. */
  readonly hint: string;
}

async function byBrowser(context: Context, client: Client, { start, hint }: Going): Promise<Login | null> {
  const listener = await listenForAnswer();
  try {
    const { port, challenge, verifier } = listener;
    const { location } = await start(client, { port, challenge });
    const opened = openBrowser(location, context.env);
    context.terminal.note(
      opened
        ? 'Your browser should show this page; if it does not, open it yourself:'
        : 'Open this page in a browser on this machine:',
    );
    context.terminal.note(paint.bold(location));
    if (hint !== '') context.hint(hint);
    const waiting = context.terminal.progress('Waiting for your identity provider…');
    const code = await listener.answered.finally(waiting.end);
    return (await client.redeemSignIn({ code, verifier })).login;
  } finally {
    await listener.close();
  }
}

/** Asks no more often than the server says, also when it was out of reach for a moment. */
export async function signInWithDevice(context: Context, url: string, provider: string): Promise<Login> {
  const client = createClient({ url });
  const device = await client.startDeviceSignIn({ provider });
  context.terminal.note(
    `Open ${paint.bold(safe(device.verificationUri))} on any device, and type ${paint.bold(safe(device.userCode))}.`,
  );
  if (device.verificationUriComplete !== null) context.hint(`Or open ${safe(device.verificationUriComplete)}`);
  context.hint('Type it only if you began this sign-in yourself: whoever asks you to type a code signs in as you.');
  const over = Date.parse(device.expiresAt);
  const waiting = context.terminal.progress('Waiting for the code to be typed…');
  try {
    for (let wait = device.interval; Date.now() < over; ) {
      await pause(wait);
      const { login, wait: next } = await ask(client, device.handle, device.interval);
      if (login !== null) return login;
      wait = next;
    }
  } finally {
    waiting.end();
  }
  throw new TidegateError('login_failed', 'The code was not typed in time.', 'Try again: tidegate login --device.');
}

async function ask(client: Client, handle: string, interval: number) {
  try {
    return await client.pollDeviceSignIn({ handle });
  } catch (error) {
    if (!(error instanceof Refusal && error.code === 'unavailable')) throw error;
    return { login: null, wait: error.retryAfter ?? interval };
  }
}

const pause = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
