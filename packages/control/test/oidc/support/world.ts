/** A Tidegate and its identity provider, talking to each other. */
import type { Client } from '@tidegate/contract';
import { vi } from 'vitest';
import { type Api, CONFIG, startApi } from '../../support/api.ts';
import { Browser } from './browser.ts';
import {
  type IdentityProvider,
  type IdentityProviderOptions,
  SECRET,
  startIdentityProvider,
} from './identity-provider.ts';

process.env.TIDEGATE_TEST_OIDC_SECRET = SECRET;

export const CALLBACK = '/v1/sign-in/callback';
export const PLATFORM = '0b1f6f0a-6f5e-4c8e-9a57-000000000001';

export interface World {
  readonly api: Api;
  readonly idp: IdentityProvider;
  /** Where browsers find Tidegate. */
  readonly origin: string;
  /** Signs `account` in with a browser, which then has the session cookie. */
  signIn(account: string, browser?: Browser): Promise<Browser>;
  /** As the person whose browser it is. */
  me(browser: Browser): Promise<Response>;
  /** Another configuration: members of the provider `corp`, beside the defaults. */
  configure(provider: string, more?: (yaml: string) => string): Promise<void>;
  /** Lets the machine's own clock (not Tidegate's) stand so much later: what is kept for a while is old then. */
  forgetTime(ms: number): void;
  close(): Promise<void>;
}

export const configWith = (issuer: string, provider: string): string =>
  CONFIG.replace(
    'groups:\n',
    `identityProviders:
  - name: corp
    issuer: ${issuer}
    clientId: tidegate
    clientSecret: { env: TIDEGATE_TEST_OIDC_SECRET }
${provider}
groups:
  - { name: platform, fromIdp: ${PLATFORM} }
`,
  );

export async function startWorld(provider = '', options: Partial<IdentityProviderOptions> = {}): Promise<World> {
  const api = await startApi();
  const origin = api.context.signIn.publicUrl();
  const idp = await startIdentityProvider({
    redirectUri: `${origin}/v1/sign-in/callback`,
    backChannelUri: `${origin}/v1/sign-in/providers/corp/back-channel-logout`,
    ...options,
  });
  const configure = async (members: string, more = (yaml: string) => yaml): Promise<void> => {
    const carol = await api.as('carol');
    await carol.applyConfig({ yaml: more(configWith(idp.issuer, members)) });
  };
  await configure(provider);
  return {
    api,
    idp,
    origin,
    configure,
    async signIn(account, browser = new Browser()) {
      const landed = await browser.walk(
        await started(browser, origin),
        account,
        ({ pathname }) => pathname === '/home',
      );
      if (landed.url.pathname !== '/home') throw new Error(`landed at ${landed.url.href}: ${landed.text}`);
      return browser;
    },
    me: (browser) => browser.call(origin, '/v1/me', {}, 'GET'),
    forgetTime(ms) {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms });
    },
    async close() {
      vi.useRealTimers();
      await idp.close();
      await api.close();
    },
  };
}

/** Where the browser is sent to sign in. */
export async function started(
  browser: Browser,
  origin: string,
  returnTo = '/home',
  path = '/v1/sign-in/providers/corp/start',
): Promise<string> {
  const answer = await browser.call(origin, path, { destination: { cookie: true, returnTo } });
  const told: unknown = await answer.json();
  const location = Reflect.get(Object(told), 'location');
  if (typeof location !== 'string') throw new Error(JSON.stringify(told));
  return location;
}

/** A client as the person whose bearer token it is. */
export const withToken = (api: Api, token: string): Client => api.nobody.withToken(token);
