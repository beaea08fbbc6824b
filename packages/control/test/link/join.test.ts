/** How a gateway becomes one of ours, and who is not let in. */
import { X509Certificate } from 'node:crypto';
import { LINK_SERVER_NAME, parseJoinToken } from '@tidegate/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeAuthority } from '../../src/keys/certificates.ts';
import { createJoinToken } from '../../src/link/join-tokens.ts';
import { type Api, codeOf, startApi, withCluster } from '../support/api.ts';
import { type Identity, joinLink, makeCsr, send, startTestLink, TestGateway, type TestLink } from '../support/link.ts';

withCluster();
let api: Api;
let link: TestLink;
beforeAll(async () => {
  api = await startApi();
  link = await startTestLink(api.context);
});
afterAll(async () => {
  await link.stop();
  await api.close();
});

/** What `/join` answers to a token's secret. */
async function tryJoin(token: string, listenerNames: readonly string[] = ['127.0.0.1']) {
  const { csr } = await makeCsr();
  const { status, body } = await send(link, '/join', { body: JSON.stringify({ token, csr, listenerNames }) });
  return { status, code: Reflect.get(body ?? {}, 'code') };
}
const secretOf = (token: string): string => parseJoinToken(token)?.secret ?? '';

describe('a join token', () => {
  test('says where to dial and whom to trust, and the store does not have it', async () => {
    const token = await link.token();
    expect(parseJoinToken(token)).toMatchObject({
      address: `127.0.0.1:${link.port}`,
      fingerprint: link.authority.fingerprint,
    });
    const rows = await api.context.store.db.selectFrom('joinTokens').selectAll().execute();
    expect(JSON.stringify([rows, await api.events()])).not.toContain(secretOf(token));
  });

  test('is good once', async () => {
    const token = secretOf(await link.token());
    expect(await tryJoin(token)).toMatchObject({ status: 200 });
    expect(await tryJoin(token)).toEqual({ status: 403, code: 'token_invalid' });
  });

  test('is good once even when it is used twice at the same moment', async () => {
    const token = secretOf(await link.token());
    const answers = await Promise.all([tryJoin(token), tryJoin(token), tryJoin(token)]);
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 403, 403]);
  });

  test('is worth nothing after its end, nor when it was never made', async () => {
    const validFor = Temporal.Duration.from({ milliseconds: 1 });
    const context = { ...api.context, linkAddress: 'x:1', now: () => Temporal.Now.instant().subtract({ hours: 1 }) };
    const { token } = await createJoinToken(context, { name: 'late', validFor, by: null });
    expect(await tryJoin(secretOf(token))).toEqual({ status: 403, code: 'token_invalid' });
    expect(await tryJoin('0'.repeat(32))).toEqual({ status: 403, code: 'token_invalid' });
  });

  test('stays good after a request that was refused', async () => {
    const token = secretOf(await link.token());
    expect(await tryJoin(token, ['*.example.com'])).toEqual({ status: 400, code: 'invalid_input' });
    expect(await tryJoin(token, [LINK_SERVER_NAME])).toEqual({ status: 400, code: 'invalid_input' });
    const body = JSON.stringify({ token, csr: 'nonsense', listenerNames: ['a'] });
    expect((await send(link, '/join', { body })).status).toBe(400);
    expect(await tryJoin(token, ['db.example.com', '::1'])).toMatchObject({ status: 200 });
  });
});

describe('certificates', () => {
  test('are of one authority: for the link with the gateway’s id, for its listener with its names', async () => {
    const identity = await joinLink(link);
    const authority = new X509Certificate(link.authority.certificate);
    const client = new X509Certificate(identity.certificate);
    const listener = new X509Certificate(identity.listenerCertificate);
    expect([client.verify(authority.publicKey), listener.verify(authority.publicKey)]).toEqual([true, true]);
    expect(client.subject).toBe(`CN=${identity.gateway}`);
    expect(client.subjectAltName).toBeUndefined();
    expect(listener.subjectAltName).toBe('IP Address:127.0.0.1');
    // Client authentication only, and server authentication only.
    expect(client.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(listener.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(client.validToDate.getTime() - Date.now()).toBeLessThanOrEqual(30 * 86_400_000);
  });

  test('are renewed for a new key, under the one that is good still', async () => {
    const identity = await joinLink(link);
    const { key, csr } = await makeCsr();
    const body = JSON.stringify({ csr, listenerNames: ['127.0.0.1'] });
    const { status, body: renewed } = await send(link, '/renew', { body, identity });
    expect(status).toBe(200);
    const certificate = String(Reflect.get(renewed ?? {}, 'certificate'));
    for (const good of [identity, { key, certificate }]) {
      expect(await statusOf(identity.gateway, good)).toBe(200);
    }
    expect((await send(link, '/renew', { body })).status).toBe(401);
  });

  test('of a gateway are revoked when another joins under its name, and its link is dropped', async () => {
    const before = await joinLink(link);
    const gateway = await TestGateway.connect(link, before);
    await gateway.until(({ revision }) => revision > 0);
    const after = await joinLink(link);
    expect(after.gateway).toBe(before.gateway);
    expect(await statusOf(before.gateway, before)).toBe(403);
    expect(await statusOf(after.gateway, after)).toBe(200);
    expect(await gateway.closed()).toBe(4001);
  });
});

describe('the link', () => {
  test('lets nobody in without a certificate of ours', async () => {
    const identity = await joinLink(link);
    const { gateway } = identity;
    const stranger = await foreignIdentity();
    // The certificate of a listener is none for the link, though our authority signed it.
    const listener = { key: identity.key, certificate: identity.listenerCertificate };
    for (const [bad, status] of [
      [undefined, 401],
      [stranger, 401],
      [listener, 401],
    ] as const) {
      expect(await statusOf(gateway, bad)).toBe(status);
    }
    await expect(TestGateway.connect(link, { ...identity, ...stranger })).rejects.toThrow('401');
  });

  test('lets nobody in whose certificate is over, or unknown to the store', async () => {
    const { db } = api.context.store;
    const now = api.context.now();
    const { key, csr } = await makeCsr();
    const identity = await joinLink(link);
    const long = Temporal.Duration.from({ hours: 24 * 40 });
    const expired = await link.authority.issue(identity.gateway as never, csr, ['a'], now.subtract(long));
    await db
      .insertInto('gatewayCertificates')
      .values({
        serial: expired.serial,
        gateway: identity.gateway as never,
        issuedAt: now,
        notAfter: now.add({ hours: 1 }),
      })
      .execute();
    // TLS knows by the certificate itself …
    expect(await statusOf(identity.gateway, { key, certificate: expired.certificate })).toBe(401);
    // … the store that it never issued this one …
    const unknown = await link.authority.issue(identity.gateway as never, csr, ['a'], now);
    expect(await statusOf(identity.gateway, { key, certificate: unknown.certificate })).toBe(403);
    // … and that this one is over, whatever TLS says (a session that was resumed).
    await db
      .insertInto('gatewayCertificates')
      .values({ serial: unknown.serial, gateway: identity.gateway as never, issuedAt: now, notAfter: now })
      .execute();
    expect(await statusOf(identity.gateway, { key, certificate: unknown.certificate })).toBe(403);
  });

  test('keeps a gateway from the streams of another', async () => {
    const near = await joinLink(link);
    const far = await joinLink(link, (await (await api.as('carol')).createJoinToken({ name: 'far' })).token);
    expect(await statusOf(near.gateway, far)).toBe(403);
    expect(await statusOf('control', far)).toBe(404);
  });

  test('ends a connection that speaks another language', async () => {
    const identity = await joinLink(link);
    for (const bad of ['{"type":"hello"}', 'not json', '{"type":"ack","revision":1}', Buffer.from([1, 2, 3])]) {
      const gateway = await TestGateway.connect(link, identity);
      await gateway.until(({ revision }) => revision > 0);
      gateway.sendRaw(typeof bad === 'string' && bad.includes('ack') ? '{"type":"acks"}' : bad);
      expect(await gateway.closed()).toBe(1002);
    }
    await expect(
      TestGateway.connect(link, identity, { protocol: 0 }).then((gateway) => gateway.closed()),
    ).resolves.toBe(1002);
  });

  test('is asked for a token by administrators only', async () => {
    for (const name of ['alice', 'audrey']) {
      expect(await codeOf((await api.as(name)).createJoinToken({ name: 'x' }))).toBe('forbidden');
    }
  });
});

async function statusOf(gateway: string, identity: Pick<Identity, 'key' | 'certificate'> | undefined): Promise<number> {
  const path = gateway === 'control' ? '/streams/control' : `/streams/${gateway}.boot.1`;
  return (await send(link, path, { method: 'GET', ...(identity === undefined ? {} : { identity }) })).status;
}

/** A certificate that says all the right things, signed by somebody else. */
async function foreignIdentity() {
  const from = api.context.now();
  return makeAuthority('Tidegate', { from, until: from.add({ hours: 1 }) });
}
