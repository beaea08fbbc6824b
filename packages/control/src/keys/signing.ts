/** The key that signs the record's checkpoints: Ed25519, made once, sealed in the store. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import type { Reader } from '../store/schema.ts';
import { keyPairOf } from './made-once.ts';
import type { Sealer } from './seal.ts';

export interface SigningKey {
  /** The first 16 hex characters of SHA-256 over the public key's DER. */
  readonly keyId: string;
  /** SPKI PEM. */
  readonly publicKey: string;
  /** Ed25519 over the bytes: 64 bytes. */
  sign(bytes: Uint8Array): Buffer;
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
  const der = createPublicKey(pair.public).export({ type: 'spki', format: 'der' });
  return {
    keyId: createHash('sha256').update(der).digest('hex').slice(0, 16),
    publicKey: pair.public,
    sign: (bytes) => sign(null, bytes, privateKey),
  };
}
