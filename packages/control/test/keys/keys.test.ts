/** Secrets at rest: the key, what it seals, and how a wrong one shows. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TidegateError } from '@tidegate/core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAuthority } from '../../src/keys/authority.ts';
import { KEY_FILE, loadKey } from '../../src/keys/keyfile.ts';
import { checkKey } from '../../src/keys/made-once.ts';
import { createSealer } from '../../src/keys/seal.ts';
import { openSigningKey } from '../../src/keys/signing.ts';
import { type Api, startApi, withCluster } from '../support/api.ts';

describe('a sealed text', () => {
  const sealer = createSealer(randomBytes(32));

  test('is opened by the same key for the same purpose, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, purpose) => {
        const sealed = sealer.seal(text, purpose);
        expect(sealed).toMatch(/^v1\.[0-9a-f]{16}\.[A-Za-z0-9_-]+$/);
        expect(sealer.open(sealed, purpose)).toBe(text);
      }),
    );
  });

  test('is another each time', () => {
    expect(sealer.seal('x', 'a')).not.toBe(sealer.seal('x', 'a'));
  });

  test('is not opened for another purpose, by another key, or once it was changed', () => {
    const sealed = sealer.seal('secret', 'credential/orders');
    const body = sealed.split('.')[2] ?? '';
    const other = createSealer(randomBytes(32));
    const attempts = [
      () => sealer.open(sealed, 'credential/shop'),
      () => other.open(sealed, 'credential/orders'),
      () => other.open(sealed.replace(sealer.keyId, other.keyId), 'credential/orders'),
      () => sealer.open(`${sealed}.x`, 'credential/orders'),
      () => sealer.open(sealed.replace('v1', 'v2'), 'credential/orders'),
      () => sealer.open(`v1.${sealer.keyId}.${body.slice(0, 8)}`, 'credential/orders'),
      () => sealer.open('', 'credential/orders'),
      ...Array.from({ length: body.length }, (_, index) => () => {
        const changed = body.slice(0, index) + (body[index] === 'A' ? 'B' : 'A') + body.slice(index + 1);
        // The last character of base64url may have bits that stand for nothing.
        if (Buffer.from(changed, 'base64url').equals(Buffer.from(body, 'base64url')))
          throw new TidegateError('internal', '');
        return sealer.open(`v1.${sealer.keyId}.${changed}`, 'credential/orders');
      }),
    ];
    for (const attempt of attempts) expect(attempt).toThrow(TidegateError);
  });

  test('tells nothing of the secret when it cannot be opened', () => {
    try {
      createSealer(randomBytes(32)).open(sealer.seal('hunter2', 'p'), 'p');
      expect.unreachable();
    } catch (error) {
      expect(JSON.stringify([error, String(error), Reflect.get(Object(error), 'detail')])).not.toContain('hunter2');
    }
  });
});

describe('the key', () => {
  let home: string;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'tidegate-key-'));
  });
  afterAll(() => rm(home, { recursive: true }));

  test('is made once for its owner alone, however many start at once', async () => {
    const keys = await Promise.all(Array.from({ length: 8 }, () => loadKey({ env: undefined, home })));
    expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(1);
    expect((await stat(join(home, KEY_FILE))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(home, KEY_FILE), 'utf8')).toBe(`${Buffer.from(keys[0] ?? []).toString('base64')}\n`);
  });

  test('comes from the environment where it is set', async () => {
    const key = randomBytes(32);
    expect(Buffer.from(await loadKey({ env: key.toString('base64'), home }))).toEqual(key);
  });

  test('is refused when it is not 32 bytes of base64, or others can read it', async () => {
    for (const env of ['x', randomBytes(16).toString('base64'), `${randomBytes(32).toString('base64')}!`]) {
      await expect(loadKey({ env, home })).rejects.toMatchObject({ code: 'invalid_config' });
      await expect(loadKey({ env, home })).rejects.not.toThrow(env);
    }
    await chmod(join(home, KEY_FILE), 0o640);
    await expect(loadKey({ env: undefined, home })).rejects.toThrow('can be read by other users');
    await chmod(join(home, KEY_FILE), 0o600);
    await writeFile(join(home, KEY_FILE), 'short');
    await expect(loadKey({ env: undefined, home })).rejects.toMatchObject({ code: 'invalid_config' });
  });
});

describe('a store', () => {
  withCluster();
  let api: Api;
  beforeAll(async () => {
    api = await startApi({ empty: true });
  });
  afterAll(() => api.close());

  test('says at start that the key is not its own', async () => {
    const { store, sealer, now } = api.context;
    await checkKey(store.db, sealer, now());
    await checkKey(store.db, sealer, now());
    const wrong = createSealer(randomBytes(32));
    await expect(checkKey(store.db, wrong, now())).rejects.toMatchObject({
      code: 'invalid_config',
      next: expect.stringContaining('TIDEGATE_KEY'),
    });
  });

  test('gives the same authority and signing key at every start, and keeps their private halves sealed', async () => {
    const { store, sealer, now } = api.context;
    const first = [
      await openAuthority(store.db, sealer, now()),
      await openSigningKey(store.db, sealer, now()),
    ] as const;
    const again = [
      await openAuthority(store.db, sealer, now()),
      await openSigningKey(store.db, sealer, now()),
    ] as const;
    expect(again[0].certificate).toBe(first[0].certificate);
    expect(again[0].link).toEqual(first[0].link);
    expect(again[1].keyId).toBe(first[1].keyId);
    const rows = await store.db.selectFrom('keys').selectAll().execute();
    expect(rows.map(({ name }) => name).sort()).toEqual(['audit', 'authority', 'check', 'link']);
    expect(JSON.stringify(rows)).not.toContain('PRIVATE');
  });
});
