/**
 * A provider that says whatever a test makes it say: its own documents are in order, its tokens need not be. (A real
 * provider cannot be made to sign such tokens.)
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { CLIENT } from './identity-provider.ts';

type Keys = Awaited<ReturnType<typeof generateKeyPair>>;

/** What the token endpoint answers: status, type, body. */
export interface Said {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Liar {
  readonly issuer: string;
  readonly keys: Keys;
  /** Answers the next token requests; `nonce` is of the last sign-in that was begun. */
  answer: (nonce: string) => Promise<Said> | Said;
  /** As the browser comes back: the code for the state. */
  comeBack(location: string): URL;
  /** An ID token that is in order but for what is given; `undefined` takes a claim away. */
  idToken(nonce: string, claims?: JWTPayload, key?: Keys['privateKey'], alg?: string): Promise<string>;
  close(): Promise<void>;
}

export async function startLiar(): Promise<Liar> {
  const keys = await generateKeyPair('RS256');
  let nonce = '';
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', issuer);
    const send = ({ status = 200, headers = { 'content-type': 'application/json' }, body }: Said): void => {
      response.writeHead(status, headers);
      response.end(body);
    };
    const answers: Readonly<Record<string, () => Promise<Said> | Said>> = {
      '/.well-known/openid-configuration': () => ({ body: JSON.stringify(metadata()) }),
      '/keys': async () => ({
        body: JSON.stringify({
          keys: [{ ...(await exportJWK(keys.publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }],
        }),
      }),
      '/token': () => liar.answer(nonce),
    };
    const none = (): Said => ({ status: 404, body: '{}' });
    Promise.resolve((answers[pathname] ?? none)()).then(send, (error: unknown) =>
      send({ status: 500, body: String(error) }),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const issuer = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  const metadata = () => ({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/keys`,
    id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none'],
  });

  const liar: Liar = {
    issuer,
    keys,
    answer: async (nonce) => ({ body: JSON.stringify(tokens(await liar.idToken(nonce))) }),
    comeBack(location) {
      const { searchParams } = new URL(location);
      nonce = searchParams.get('nonce') ?? '';
      const back = new URL(searchParams.get('redirect_uri') ?? '');
      back.searchParams.set('code', 'a code');
      back.searchParams.set('state', searchParams.get('state') ?? '');
      return back;
    },
    idToken(nonce, claims = {}, key = keys.privateKey, alg = 'RS256') {
      const now = Math.floor(Date.now() / 1000);
      const sound = { iss: issuer, aud: CLIENT, sub: 'sub-lou', nonce, iat: now, exp: now + 300, auth_time: now };
      const payload = { preferred_username: 'lou', groups: [], ...sound, ...claims };
      return new SignJWT(JSON.parse(JSON.stringify(payload))).setProtectedHeader({ alg, kid: 'one' }).sign(key);
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return liar;
}

export const tokens = (idToken: string | undefined): object => ({
  access_token: 'an access token',
  token_type: 'Bearer',
  refresh_token: 'a refresh token',
  ...(idToken === undefined ? {} : { id_token: idToken }),
});
