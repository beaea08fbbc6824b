/** `tidegate login` as a pipeline does it: where the token is taken from. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { run } from '../src/program.ts';

const seen: { url: string; authorization: string | undefined; body: string }[] = [];
let home: string;
let url: string;
const server = createServer((request, response) => {
  textOf(request).then(
    (body) => {
      seen.push({ url: request.url ?? '', authorization: request.headers.authorization, body });
      response.setHeader('content-type', 'application/json');
      const loggedIn = { token: 'tdg_x', expiresAt: '2099-01-01T00:00:00Z', person: 'deploy' };
      response.end(JSON.stringify(request.url?.startsWith('/oidc') ? { value: 'from GitHub' } : loggedIn));
    },
    (error: unknown) => response.destroy(error instanceof Error ? error : undefined),
  );
});

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'tidegate-login-'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  await writeFile(join(home, 'token'), 'from a file\n');
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
const UNSET = ['AZURE_FEDERATED_TOKEN_FILE', 'ACTIONS_ID_TOKEN_REQUEST_URL', 'ACTIONS_ID_TOKEN_REQUEST_TOKEN'];
beforeEach(() => {
  seen.length = 0;
  for (const name of ['HOME', 'XDG_CONFIG_HOME']) vi.stubEnv(name, home);
  for (const name of UNSET) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const login = (args: string[], env: Record<string, string> = {}) => {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  return run(['node', 'tidegate', 'login', '--url', url, '--json', ...args]);
};
const sent = () => seen.find((call) => call.url === '/v1/login/workload')?.body;

test('the file that is named', async () => {
  expect(await login(['--workload', '--token-file', join(home, 'token')])).toBe(0);
  expect(sent()).toBe('{"token":"from a file"}');
});

test('the file of Azure’s workload identity', async () => {
  expect(await login(['--workload'], { AZURE_FEDERATED_TOKEN_FILE: join(home, 'token') })).toBe(0);
  expect(sent()).toBe('{"token":"from a file"}');
});

test('GitHub Actions, asked for a token for this address, or for the audience given', async () => {
  const github = { ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/oidc?api=1`, ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'of the job' };
  expect(await login(['--workload'], github)).toBe(0);
  expect(seen[0]).toMatchObject({
    url: `/oidc?api=1&audience=${encodeURIComponent(url)}`,
    authorization: 'Bearer of the job',
  });
  expect(sent()).toBe('{"token":"from GitHub"}');
  expect(await login(['--workload', '--audience', 'x y'], github)).toBe(0);
  expect(seen.at(-2)?.url).toBe('/oidc?api=1&audience=x+y');
});

test.each([
  ['nothing there', ['--workload']],
  ['a file that is not there', ['--token-file', '/nowhere/token']],
  ['a certificate without TLS', ['--client-cert', '/nowhere/cert']],
])('%s is a usage error, and nothing is sent', async (_, args) => {
  expect(await login(args)).toBe(2);
  expect(seen).toEqual([]);
});
