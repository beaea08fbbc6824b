/**
 * Secrets at rest. Whatever the store must hold but nobody may read there (administrator credentials, principals'
 * passwords, the authority's private key, second factors) is sealed with AES-256-GCM under the key of this
 * installation, which is never in the store.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { TidegateError } from '@tidegate/core';

export const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 'v1';

/** Seals and opens; made once at start-up from the installation's key (`keys/keyfile.ts`). */
export interface Sealer {
  /** 16 hex characters of the key's digest: enough to tell keys apart, useless to find one. */
  readonly keyId: string;
  /**
   * Seals text for one purpose, such as `credential/orders` or `totp/alice`. The purpose is authenticated: what was
   * sealed for one row cannot be opened in the place of another. The answer is printable and has no line breaks.
   */
  seal(plaintext: string, purpose: string): string;
  /** Opens what `seal` made for the same purpose. Throws `internal` (a wrong key, purpose or byte), never gives garbage. */
  open(envelope: string, purpose: string): string;
}

/** `key` is 32 random bytes. The envelope is `v1.<key id>.<base64url of nonce, ciphertext, tag>`. */
export function createSealer(key: Uint8Array): Sealer {
  if (key.length !== KEY_BYTES) throw new TidegateError('internal', `A sealing key has ${KEY_BYTES} bytes.`);
  const secret = Buffer.from(key);
  const keyId = createHash('sha256').update('tidegate key id\0').update(secret).digest('hex').slice(0, 16);

  return {
    keyId,

    seal(plaintext, purpose) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', secret, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(associated(keyId, purpose));
      const sealed = Buffer.concat([nonce, cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${VERSION}.${keyId}.${sealed.toString('base64url')}`;
    },

    open(envelope, purpose) {
      const [version, id, body, ...rest] = envelope.split('.');
      if (version !== VERSION || id === undefined || body === undefined || rest.length > 0) {
        throw cannotOpen(purpose, 'it is not an envelope of ours');
      }
      if (id !== keyId) throw cannotOpen(purpose, `it was sealed with key ${id}, and this is key ${keyId}`);
      const sealed = Buffer.from(body, 'base64url');
      if (sealed.length < NONCE_BYTES + TAG_BYTES) throw cannotOpen(purpose, 'it is too short');
      const decipher = createDecipheriv('aes-256-gcm', secret, sealed.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(associated(keyId, purpose));
      decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
      try {
        const opened = Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
        return opened.toString('utf8');
      } catch (error) {
        throw cannotOpen(purpose, 'it was changed, or sealed for another purpose', error);
      }
    },
  };
}

const associated = (keyId: string, purpose: string) => Buffer.from(`tidegate ${VERSION}\0${keyId}\0${purpose}`, 'utf8');

function cannotOpen(purpose: string, why: string, cause?: unknown): TidegateError {
  return new TidegateError(
    'internal',
    'A secret in the store could not be opened.',
    'An operator finds the reason in the control plane’s log.',
    { purpose, why, cause },
  );
}
