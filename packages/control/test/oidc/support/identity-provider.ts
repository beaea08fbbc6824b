/**
 * A real identity provider (oidc-provider) on a free port, with accounts that tests set: their claims, how they signed
 * in and when. Its sign-in page has a form; a person at a browser (`browser.ts`) fills it in.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import Provider from 'oidc-provider';

export const CLIENT = 'tidegate';
export const SECRET = 'what only the provider and Tidegate know';

export interface TestAccount {
  /** What ID token and UserInfo say beside `sub`. */
  claims: Record<string, unknown>;
  amr?: string[];
  acr?: string;
  /** When they proved who they are; now where left out. */
  authTime?: number;
}

export interface IdentityProvider {
  readonly issuer: string;
  readonly provider: Provider;
  /** By `sub`. One that is deleted is gone, its refresh tokens with it. */
  readonly accounts: Map<string, TestAccount>;
  /** What came to the token endpoint. */
  readonly tokenRequests: URLSearchParams[];
  /** Nobody gets an answer from then on, until `false`. */
  down(is: boolean): void;
  /** Other keys from now on, published at once. */
  rotate(): Promise<void>;
  close(): Promise<void>;
}

export interface IdentityProviderOptions {
  readonly redirectUri: string;
  readonly backChannelUri?: string;
  /** Into the ID token, not UserInfo alone. */
  readonly claimsInIdToken?: boolean;
  readonly scopes?: readonly string[];
  /** Refresh tokens without `prompt=consent`, as Entra ID gives them. */
  readonly consentAlways?: boolean;
}

const CLAIMS = [
  'preferred_username',
  'name',
  'email',
  'groups',
  'roles',
  'tid',
  'oid',
  'acrs',
  '_claim_names',
  'hasgroups',
];

async function newKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  return { ...(await exportJWK(privateKey)), kid: crypto.randomUUID(), alg: 'RS256', use: 'sig' };
}

export async function startIdentityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  const accounts = new Map<string, TestAccount>();
  const tokenRequests: URLSearchParams[] = [];
  let isDown = false;
  let provider: Provider;
  let handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>;

  const server: Server = createServer((request, response) => {
    if (isDown) {
      request.socket.destroy();
      return;
    }
    const path = new URL(request.url ?? '/', 'http://x').pathname;
    const done = path.startsWith('/interaction/')
      ? interact(provider, accounts, request, response)
      : handle(request, response);
    done.catch((error: unknown) => {
      response.statusCode = 500;
      response.end(String(error));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const issuer = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;

  const make = (keys: readonly JWK[]): void => {
    provider = new Provider(issuer, configurationOf(options, accounts, keys));
    handle = provider.callback();
    provider.on('grant.success', (ctx) => tokenRequests.push(paramsOf(ctx)));
    provider.on('grant.error', (ctx) => tokenRequests.push(paramsOf(ctx)));
  };
  make([await newKey()]);

  return {
    issuer,
    get provider() {
      return provider;
    },
    accounts,
    tokenRequests,
    down: (is) => {
      isDown = is;
    },
    rotate: async () => make([await newKey()]),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function paramsOf(ctx: unknown): URLSearchParams {
  const oidc: unknown = Reflect.get(Object(ctx), 'oidc');
  const params: unknown = Reflect.get(Object(oidc), 'params');
  const told = Object.entries(Object(params)).filter(([, value]) => typeof value === 'string');
  return new URLSearchParams(told.map(([key, value]) => [key, String(value)]));
}

function configurationOf(
  { redirectUri, backChannelUri, claimsInIdToken = true, scopes = [], consentAlways = false }: IdentityProviderOptions,
  accounts: Map<string, TestAccount>,
  keys: readonly JWK[],
): Record<string, unknown> {
  return {
    clients: [
      {
        client_id: CLIENT,
        client_secret: SECRET,
        redirect_uris: [redirectUri],
        response_types: ['code'],
        grant_types: [
          'authorization_code',
          'refresh_token',
          'client_credentials',
          'urn:ietf:params:oauth:grant-type:device_code',
        ],
        require_auth_time: true,
        ...(backChannelUri === undefined
          ? {}
          : { backchannel_logout_uri: backChannelUri, backchannel_logout_session_required: true }),
      },
    ],
    jwks: { keys },
    cookies: { keys: ['a key of the tests'] },
    scopes: ['openid', 'offline_access', ...scopes],
    acrValues: ['urn:two', 'urn:one'],
    claims: { openid: ['sub', 'acr', 'amr', 'auth_time', 'sid'], profile: CLAIMS },
    conformIdTokenClaims: !claimsInIdToken,
    features: {
      devInteractions: { enabled: false },
      deviceFlow: { enabled: true },
      backchannelLogout: { enabled: true },
      clientCredentials: { enabled: true },
    },
    ...(consentAlways ? { issueRefreshToken: async () => true } : {}),
    rotateRefreshToken: true,
    // Its own way to send logout tokens refuses addresses of this machine, where we are.
    fetch: (url: string, { method, headers, body, signal }: RequestInit) =>
      fetch(url, { method, headers, body, signal, redirect: 'manual' }),
    findAccount: async (_: unknown, accountId: string) => {
      const account = accounts.get(accountId);
      return account === undefined
        ? undefined
        : { accountId, claims: async () => ({ sub: accountId, ...account.claims }) };
    },
    interactions: { url: (_: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    ttl: {
      AccessToken: 300,
      AuthorizationCode: 60,
      IdToken: 300,
      RefreshToken: 86_400,
      Grant: 86_400,
      Session: 86_400,
      Interaction: 600,
      DeviceCode: 600,
    },
  };
}

/** The provider's own page: who are you, then may this application. A form either way. */
async function interact(
  provider: Provider,
  accounts: Map<string, TestAccount>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (request.method !== 'POST') {
    response.setHeader('content-type', 'text/html');
    const asked =
      prompt.name === 'login'
        ? '<label>Account <input name="account"></label><button>Go on</button>'
        : '<button>Allow</button>';
    response.end(
      `<form method="post" action="${request.url}"><input type="hidden" name="prompt" value="${prompt.name}">${asked}</form>`,
    );
    return;
  }
  let text = '';
  for await (const chunk of request) text += String(chunk);
  const form = new URLSearchParams(text);
  if (form.get('account') === '') {
    const result = { error: 'access_denied', error_description: 'the person gave up' };
    await provider.interactionFinished(request, response, result);
    return;
  }
  if (prompt.name === 'login') {
    const accountId = form.get('account') ?? '';
    const { amr, acr, authTime: ts } = accounts.get(accountId) ?? {};
    const how = { ...(amr && { amr }), ...(acr && { acr }), ...(ts && { ts }) };
    await provider.interactionFinished(request, response, { login: { accountId, ...how } });
    return;
  }
  const known = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  const grant = known ?? new provider.Grant({ accountId: session?.accountId ?? '', clientId: CLIENT });
  grant.addOIDCScope(String(params.scope));
  await provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
}
