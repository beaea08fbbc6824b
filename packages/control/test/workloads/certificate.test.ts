/** A control plane that does TLS itself, and workloads that sign in by the client certificates they show in it. */
import { X509Certificate } from 'node:crypto';
import { request } from 'node:https';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildServer } from '../../src/api/server.ts';
import { makeAuthority, makeServer } from '../../src/keys/certificates.ts';
import { optionsFrom } from '../../src/options.ts';
import { type Api, CONFIG, startApi, withCluster } from '../support/api.ts';
import { clientCertificate } from './certificates.ts';

withCluster();
let api: Api;
let close: () => Promise<unknown>;
let port: number;
let serverCa: string;
let clients: Awaited<ReturnType<typeof makeAuthority>>;

const validity = () => ({ from: Temporal.Now.instant(), until: Temporal.Now.instant().add({ hours: 1 }) });

beforeAll(async () => {
  api = await startApi();
  const authority = await makeAuthority('server authority', validity());
  clients = await makeAuthority('client authority', validity());
  const server = await makeServer(authority, ['127.0.0.1', 'localhost'], validity());
  serverCa = authority.certificate;
  const tls = { cert: server.certificate, key: server.key, clientCa: clients.certificate };
  const waitForTicket = () => Promise.reject(new Error('never asked'));
  const app = await buildServer({ context: api.context, waitForTicket, look: api.look }, { webFolder: null, tls });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const address = app.server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
  close = () => app.close();
});
afterAll(async () => {
  await close();
  await api.close();
});

interface Shown {
  readonly key: string;
  readonly certificate: string;
}

/** One call over TLS; `shown` null: without a client certificate. */
async function post(path: string, shown: Shown | null): Promise<{ status: number; body: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const more = shown === null ? {} : { key: shown.key, cert: shown.certificate };
    const call = request(
      { host: '127.0.0.1', port, path, method: 'POST', ca: serverCa, agent: false, ...more },
      (answer) => {
        let text = '';
        answer.on('data', (chunk) => (text += String(chunk)));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) }));
      },
    );
    call.on('error', reject);
    call.end();
  });
}

const login = (shown: Shown | null) => post('/v1/login/certificate', shown);
const apply = async (certificates: string) =>
  (await api.as('carol')).applyConfig({
    yaml: `${CONFIG}\nworkloads: [{ name: deploy, runBy: [bob], certificates: [${certificates}] }]\n`,
  });
const fingerprint = ({ certificate }: Shown): string => new X509Certificate(certificate).fingerprint256;

test('a certificate of the client authority signs in by its fingerprint, however it is written', async () => {
  const shown = await clientCertificate(clients, 'deploy', validity());
  await apply(`{ sha256: "${fingerprint(shown)}" }`);
  expect(await login(shown)).toMatchObject({ status: 200, body: { person: 'deploy' } });
  await apply(`{ sha256: "${fingerprint(shown).replaceAll(':', '').toLowerCase()}" }`);
  const { body } = await login(shown);
  expect(await api.nobody.withToken(String(body.token)).me()).toMatchObject({
    name: 'deploy',
    session: { how: 'certificate' },
  });
});

test('or by its whole subject', async () => {
  await apply('{ subject: "CN=deploy" }');
  expect(await login(await clientCertificate(clients, 'deploy', validity()))).toMatchObject({ status: 200 });
  expect(await login(await clientCertificate(clients, 'deploy2', validity()))).toMatchObject({ status: 401 });
});

test('one of another authority, one that is over, one the configuration does not know, and none: refused', async () => {
  const other = await makeAuthority('client authority', validity());
  const foreign = await clientCertificate(other, 'deploy', validity());
  const past = {
    from: Temporal.Now.instant().subtract({ hours: 2 }),
    until: Temporal.Now.instant().subtract({ hours: 1 }),
  };
  const over = await clientCertificate(clients, 'deploy', past);
  await apply(`{ sha256: "${fingerprint(foreign)}" }, { sha256: "${fingerprint(over)}" }`);
  const unknown = await clientCertificate(clients, 'deploy', validity());
  for (const shown of [foreign, over, unknown, null]) {
    expect(await login(shown)).toMatchObject({ status: 401, body: { code: 'login_failed' } });
  }
  expect((await api.events()).filter(({ kind }) => kind === 'login.failed')).toHaveLength(5);
});

test('ends with the certificate, where that is earlier', async () => {
  const until = Temporal.Now.instant().add({ minutes: 10 });
  const shown = await clientCertificate(clients, 'deploy', { from: Temporal.Now.instant(), until });
  await apply(`{ sha256: "${fingerprint(shown)}" }`);
  const { body } = await login(shown);
  expect(
    until
      .since(Temporal.Instant.from(String(body.expiresAt)))
      .abs()
      .total('seconds'),
  ).toBeLessThan(2);
});

test('without TLS there is no certificate', async () => {
  const answer = await fetch(new URL('/v1/login/certificate', api.url), { method: 'POST' });
  expect(answer.status).toBe(401);
});

test('half of what TLS takes does not start', () => {
  const env = { TIDEGATE_DATABASE_URL: 'postgresql://x', TIDEGATE_HOME: '/x' };
  expect(() => optionsFrom({ ...env, TIDEGATE_TLS_CERT: 'c' })).toThrow('TIDEGATE_TLS_KEY');
  expect(() => optionsFrom({ ...env, TIDEGATE_TLS_CLIENT_CA: 'c' })).toThrow('TIDEGATE_TLS_KEY');
  expect(optionsFrom({ ...env, TIDEGATE_TLS_CERT: 'c', TIDEGATE_TLS_KEY: 'k' }).tls).toEqual({
    cert: 'c',
    key: 'k',
    clientCa: null,
  });
});
