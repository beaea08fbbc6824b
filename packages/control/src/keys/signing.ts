/** The key that signs the record's checkpoints: Ed25519, made once, sealed in the store. */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { auditKeyId } from '@tidegate/core';
import type { Reader } from '../store/schema.ts';
import { keyPairOf } from './made-once.ts';
import type { Sealer } from './seal.ts';

export interface SigningKey {
  /** The first 16 hex characters of SHA-256 over the public key's DER. */
  readonly keyId: string;
  /** SPKI PEM. */
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

/** The store's signing key; the very first call makes it. */
export async function openSigningKey(db: Reader, sealer: Sealer, now: Temporal.Instant): Promise<SigningKey> {
  const pair = await keyPairOf(db, sealer, 'audit', now, async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    return {
      public: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      private: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
  });
  const privateKey = createPrivateKey(pair.private);
  return { keyId: auditKeyId(privateKey), publicKey: pair.public, privateKey };
}
