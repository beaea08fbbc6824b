/** Signing in as a pipeline does: by the token its platform gives it, or by a client certificate. Nothing is typed. */
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { createClient, type LoggedIn, loggedIn, problem } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { UsageError } from '../usage.ts';
import type { Login } from './at-provider.ts';

export interface AsWorkload {
  readonly workload?: boolean;
  readonly tokenFile?: string;
  readonly audience?: string;
  readonly clientCert?: string;
  readonly clientKey?: string;
}

export const isWorkload = ({ workload, tokenFile, clientCert }: AsWorkload): boolean =>
  workload === true || tokenFile !== undefined || clientCert !== undefined;

/** Throws `UsageError` where nothing says what to show, and what the server answers. */
export async function signInAsWorkload(context: Context, url: string, given: AsWorkload): Promise<Login> {
  if (given.clientCert !== undefined) return withToken(await withCertificate(url, given));
  return withToken(await createClient({ url }).loginWorkload({ token: await tokenOf(context.env, url, given) }));
}

function withToken({ token, ...said }: LoggedIn): Login {
  if (token === null) throw new TidegateError('internal', 'The server answered no token.');
  return { token, ...said };
}

/** The file that was named, that of Azure's workload identity, or what GitHub Actions gives when it is asked. */
async function tokenOf(env: NodeJS.ProcessEnv, url: string, { tokenFile, audience }: AsWorkload): Promise<string> {
  const file = tokenFile ?? env.AZURE_FEDERATED_TOKEN_FILE;
  if (tokenFile !== undefined || (file !== undefined && env.ACTIONS_ID_TOKEN_REQUEST_URL === undefined)) {
    return (await read(file ?? '', 'token')).trim();
  }
  const { ACTIONS_ID_TOKEN_REQUEST_URL: ask, ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer } = env;
  if (ask !== undefined && bearer !== undefined) return fromGitHub(ask, bearer, audience ?? url);
  throw new UsageError(
    'There is no token of a workload here.',
    'Say where it is: --token-file FILE. In GitHub Actions the job needs “permissions: id-token: write”.',
  );
}

const answer = z.object({ value: z.string().min(1) });

/** GitHub's own interface of a job: the token is for the audience that is asked for. */
async function fromGitHub(ask: string, bearer: string, audience: string): Promise<string> {
  const at = new URL(ask);
  at.searchParams.set('audience', audience);
  const response = await fetch(at, {
    headers: { authorization: `Bearer ${bearer}`, accept: 'application/json' },
    redirect: 'error',
    signal: AbortSignal.timeout(30_000),
  });
  if (!response.ok) {
    throw new TidegateError('unavailable', `GitHub gave no token: HTTP ${response.status}.`, 'Try the job again.');
  }
  return answer.parse(await response.json()).value;
}

async function read(file: string, what: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`The ${what} cannot be read: ${file}.`, '', error);
  }
}

/** The certificate goes with this one call: what it answers is a token like any other. */
async function withCertificate(url: string, { clientCert = '', clientKey }: AsWorkload): Promise<LoggedIn> {
  const at = new URL('/v1/login/certificate', url);
  if (at.protocol !== 'https:')
    throw new UsageError('A client certificate is shown over TLS alone: the address must begin with https://.');
  const cert = await read(clientCert, 'certificate');
  // A file may hold both.
  const key = clientKey === undefined ? cert : await read(clientKey, 'key');
  const { status, text } = await post(at, cert, key);
  if (status === 200) return loggedIn.parse(JSON.parse(text));
  const told = problem.safeParse(status >= 400 ? JSON.parse(text) : null);
  if (!told.success) throw new TidegateError('unavailable', `The server answered ${status} without saying why.`);
  throw new TidegateError('login_failed', told.data.detail, told.data.next);
}

const ANSWER_MAX = 64 * 1024;

function post(at: URL, cert: string, key: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const call = request(at, { method: 'POST', cert, key, timeout: 30_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
        if (text.length > ANSWER_MAX) call.destroy(new Error('the server answered with too much'));
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    call.on('timeout', () => call.destroy(new Error('the server did not answer in time')));
    call.on('error', (error) =>
      reject(
        new TidegateError('unavailable', `Tidegate at ${at.origin} cannot be reached: ${error.message}.`, '', error),
      ),
    );
    call.end();
  });
}
