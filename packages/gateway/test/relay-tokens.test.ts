/** Tokens of a person's own sign-in: which are good, and what they let in. */
import { Buffer } from 'node:buffer';
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import type { EntraTrust } from '@tidegate/contract';
import { exportJWK, type JWTPayload, SignJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { personOf } from '../src/relay/tokens.ts';

const TENANT = randomUUID();
const OBJECT = randomUUID();
const ISSUER = `https://sts.windows.net/${TENANT}/`;
const AUDIENCE = 'https://database.windows.net/';
const NOW = Date.parse('2026-11-22T12:00:00Z');
const ours = generateKeyPairSync('rsa', { modulusLength: 2048 });
const theirs = generateKeyPairSync('rsa', { modulusLength: 2048 });
let trust: EntraTrust;

beforeAll(async () => {
  const { kty = '', n = '', e = '' } = await exportJWK(ours.publicKey);
  trust = { tenant: TENANT, issuers: [ISSUER, `https://login/${TENANT}/v2.0`], keys: [{ kty, n, e, kid: 'one' }] };
});

interface Change {
  readonly claims?: JWTPayload;
  readonly without?: string;
  readonly key?: typeof ours.privateKey;
  readonly kid?: string;
  readonly issuer?: string;
  readonly audience?: string;
  readonly notBefore?: number;
  readonly expires?: number;
}

/** A good token, but for the change. */
function token(change: Change = {}): Promise<string> {
  const claims: JWTPayload = { tid: TENANT, oid: OBJECT, ...change.claims };
  if (change.without !== undefined) delete claims[change.without];
  const jwt = new SignJWT(claims)
    .setProtectedHeader({ alg: 'RS256', kid: change.kid ?? 'one' })
    .setIssuer(change.issuer ?? ISSUER)
    .setAudience(change.audience ?? AUDIENCE)
    .setNotBefore(NOW / 1000 + (change.notBefore ?? -600));
  if (change.without !== 'exp') jwt.setExpirationTime(NOW / 1000 + (change.expires ?? 600));
  return jwt.sign(change.key ?? ours.privateKey);
}

describe('a token', () => {
  it('names the person of its tenant', async () => {
    expect(await personOf(await token(), [trust], NOW)).toEqual({ tenant: TENANT, object: OBJECT });
    const v2 = await token({ issuer: `https://login/${TENANT}/v2.0`, audience: 'https://database.windows.net' });
    expect(await personOf(v2, [trust], NOW)).toEqual({ tenant: TENANT, object: OBJECT });
  });

  it.each<[string, Change]>([
    ['another issuer', { issuer: 'https://sts.windows.net/other/' }],
    ['another service', { audience: 'https://management.azure.com/' }],
    ['another tenant', { claims: { tid: randomUUID() } }],
    ['another key', { key: theirs.privateKey }],
    ['a key nobody publishes', { kid: 'two' }],
    ['one that is over', { expires: -61 }],
    ['one that is not yet', { notBefore: 61 }],
    ['one without an end', { without: 'exp' }],
    ['nobody’s', { without: 'oid' }],
    ['an application’s own', { claims: { idtyp: 'app' } }],
    ['an object that is no id', { claims: { oid: 'alice@example.com' } }],
  ])('of %s is nobody’s', async (_, change) => {
    expect(await personOf(await token(change), [trust], NOW)).toBeNull();
  });

  it('that is none, is unsigned, or is signed with the public key as a secret, is nobody’s', async () => {
    const good = await token();
    const [header = '', claims = '', signature = ''] = good.split('.');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    const secret = new TextEncoder().encode(ours.publicKey.export({ type: 'spki', format: 'pem' }).toString());
    const confused = await new SignJWT({ tid: TENANT, oid: OBJECT })
      .setProtectedHeader({ alg: 'HS256', kid: 'one' })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setExpirationTime(NOW / 1000 + 600)
      .sign(secret);
    const forged = [
      '',
      'x',
      '..',
      randomBytes(80_000).toString('hex'),
      `${none}.${claims}.`,
      `${header}.${claims}.${signature.slice(0, -4)}AAAA`,
      confused,
    ];
    for (const each of forged) expect(await personOf(each, [trust], NOW), each.slice(0, 40)).toBeNull();
    expect(await personOf(good, [], NOW)).toBeNull();
    expect(await personOf(good, [{ ...trust, keys: [{ kid: 'one' }] }], NOW)).toBeNull();
  });
});
