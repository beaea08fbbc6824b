/** The keys of SCRAM-SHA-256 (RFC 5802 section 3, RFC 7677). Pure computation; salts and nonces come from outside. */
import { Buffer } from 'node:buffer';
import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import { saslprep } from './saslprep.ts';

export const KEY_BYTES = 32;

/** What a server keeps: enough to check a password, not enough to log in with it. */
export interface ScramVerifier {
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** What a client needs in place of the password, for one salt and iteration count. As secret as the password. */
export interface ScramKeys {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly clientKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

export function hmac(key: Uint8Array, data: Uint8Array | string): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

export function sha256(data: Uint8Array): Buffer {
  return createHash('sha256').update(data).digest();
}

export function xor(a: Uint8Array, b: Uint8Array): Buffer {
  const out = Buffer.alloc(a.length);
  for (let i = 0; i < out.length; i++) out[i] = (a[i] ?? 0) ^ (b[i] ?? 0);
  return out;
}

/** Constant-time comparison; buffers of unequal length are unequal. */
export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Stretches a password (PBKDF2; takes about 1 ms for 4096 iterations: keep the result, don't pay per connection). */
export function scramKeys(password: string, salt: Uint8Array, iterations: number): ScramKeys {
  const salted = pbkdf2Sync(saslprep(password), salt, iterations, KEY_BYTES, 'sha256');
  return { salt, iterations, clientKey: hmac(salted, 'Client Key'), serverKey: hmac(salted, 'Server Key') };
}

export function verifierOf(keys: ScramKeys): ScramVerifier {
  return { storedKey: sha256(keys.clientKey), serverKey: keys.serverKey };
}

/** A verifier in PostgreSQL's form, as `CREATE ROLE … PASSWORD` takes it. */
export function formatVerifier(keys: ScramKeys): string {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  const { storedKey, serverKey } = verifierOf(keys);
  return `SCRAM-SHA-256$${keys.iterations}:${base64(keys.salt)}$${base64(storedKey)}:${base64(serverKey)}`;
}

/** The verifier of a password in PostgreSQL's form: `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`. */
export function scramVerifier(password: string, salt: Uint8Array, iterations: number): string {
  return formatVerifier(scramKeys(password, salt, iterations));
}

/** Reads PostgreSQL's form; null when the text is no SCRAM-SHA-256 verifier. */
export function parseVerifier(text: string): (ScramVerifier & { salt: Uint8Array; iterations: number }) | null {
  const parts = /^SCRAM-SHA-256\$([1-9][0-9]{0,8}):([A-Za-z0-9+/]+={0,2})\$([A-Za-z0-9+/]+=*):([A-Za-z0-9+/]+=*)$/.exec(
    text,
  );
  if (parts === null) return null;
  const [, iterations = '', salt = '', stored = '', server = ''] = parts;
  const storedKey = Buffer.from(stored, 'base64');
  const serverKey = Buffer.from(server, 'base64');
  if (storedKey.length !== KEY_BYTES || serverKey.length !== KEY_BYTES) return null;
  return { salt: Buffer.from(salt, 'base64'), iterations: Number(iterations), storedKey, serverKey };
}
