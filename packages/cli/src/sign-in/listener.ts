/**
 * Where a browser on this machine brings the answer to a sign-in: a port of the loopback address (RFC 8252, 7.3), open
 * until one answer came. The code in it is worth nothing without the verifier, which never leaves this process.
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { ERROR_CODES, TidegateError } from '@tidegate/core';

/** As long as the server waits for the provider's answer. */
const PATIENCE_MS = 10 * 60_000;
const PATH = '/signed-in';

export interface Listener {
  readonly port: number;
  /** base64url of the verifier's SHA-256. */
  readonly challenge: string;
  readonly verifier: string;
  /** The code. Rejects with what the server said no with, when nobody came in time, and when `close` was called. */
  readonly answered: Promise<string>;
  close(): Promise<void>;
}

export async function listenForAnswer(): Promise<Listener> {
  const verifier = randomBytes(32).toString('base64url');
  const { promise: answered, resolve, reject } = Promise.withResolvers<string>();
  // Whoever waits for `answered` is told. Here nothing is left to do with a refusal that comes when nobody waits any more
  // (`close` after an answer, or in place of one): without this it would end the process.
  answered.catch(() => undefined);
  const server = createServer((request, response) => {
    const url = URL.parse(request.url ?? '/', 'http://127.0.0.1');
    const code = url?.searchParams.get('code');
    const error = url?.searchParams.get('error');
    if (request.method !== 'GET' || url?.pathname !== PATH || (!code && !error)) {
      send(response, 404, 'There is nothing here.');
      return;
    }
    if (code) {
      send(response, 200, 'You are signed in. Go back to your terminal; this window can be closed.');
      resolve(code);
      return;
    }
    send(response, 200, 'You are not signed in. Your terminal says why; this window can be closed.');
    reject(refusal(error ?? '', url.searchParams.get('why') ?? ''));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const timer = setTimeout(() => reject(tooLate()), PATIENCE_MS);
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    challenge: createHash('sha256').update(verifier).digest('base64url'),
    verifier,
    answered,
    async close() {
      clearTimeout(timer);
      reject(tooLate());
      server.close();
      server.closeIdleConnections();
      await once(server, 'close');
    },
  };
}

function send(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    connection: 'close',
  });
  response.end(`${text}\n`);
}

/** Its words come by way of a browser: whoever can call this port could say them. */
function refusal(code: string, why: string): TidegateError {
  const known = ERROR_CODES.find((one) => one === code) ?? 'login_failed';
  return new TidegateError(known, why.slice(0, 300) || 'You were not signed in.', 'Try again: tidegate login.');
}

const tooLate = (): TidegateError => new TidegateError('login_failed', 'Nobody signed in, in time.', 'Try again.');
