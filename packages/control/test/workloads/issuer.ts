/** An issuer of workload tokens on loopback, as a build platform is one: it publishes its keys and signs what it is told. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

export interface Issuer {
  readonly url: string;
  /** How often its keys were read. */
  readonly reads: { keys: number; metadata: number };
  /** A token about `subject` for `audience`, of now, for five minutes; `with` changes that, `undefined` takes away. */
  sign(
    subject: string,
    audience: string,
    change?: JWTPayload,
    options?: { alg?: 'ES256' | 'RS256'; kid?: string },
  ): Promise<string>;
  /** Another key from now on. */
  rotate(): Promise<void>;
  /** What it says of itself. */
  said: { issuer: string | null; down: boolean };
  close(): Promise<void>;
}

export async function startIssuer(): Promise<Issuer> {
  let pair = await generateKeyPair('ES256', { extractable: true });
  let kid = randomUUID();
  const reads = { keys: 0, metadata: 0 };
  const said: Issuer['said'] = { issuer: null, down: false };
  const server = createServer((request, response) => {
    const answer = async (): Promise<object> => {
      if (request.url === '/keys') {
        reads.keys += 1;
        return { keys: [{ ...(await exportJWK(pair.publicKey)), kid, use: 'sig', alg: 'ES256' }] };
      }
      reads.metadata += 1;
      return { issuer: said.issuer ?? url, jwks_uri: `${url}/keys` };
    };
    if (said.down) return void response.writeHead(503).end();
    answer().then(
      (body) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body)),
      (error: unknown) => response.destroy(error instanceof Error ? error : new Error(String(error))),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  return {
    url,
    reads,
    said,
    async sign(sub, aud, change = {}, options = {}) {
      const now = Math.floor(Date.now() / 1000);
      const claims = { iss: url, sub, aud, iat: now, nbf: now, exp: now + 300, jti: randomUUID(), ...change };
      return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: options.kid ?? kid }).sign(pair.privateKey);
    },
    async rotate() {
      pair = await generateKeyPair('ES256', { extractable: true });
      kid = randomUUID();
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
