/**
 * The principal's password as the server stores it, computed here: the password itself stands in no statement, so in no
 * log of the server's. MySQL 8 has caching_sha2_password; MariaDB has not, and gets mysql_native_password.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Flavour } from './server.ts';

export interface Stored {
  readonly plugin: string;
  /** `authentication_string`. */
  readonly secret: string;
}

const SHA2 = 'caching_sha2_password';
const NATIVE = 'mysql_native_password';

/** @param earlier what is stored now: given back as it is where it is of this password (its salt is the server's). */
export function stored(flavour: Flavour, password: string, earlier: Stored | null): Stored {
  if (flavour === 'mariadb') return { plugin: NATIVE, secret: native(password) };
  if (earlier?.plugin === SHA2 && isSha2Of(earlier.secret, password)) return earlier;
  return { plugin: SHA2, secret: sha2(password, newSalt()) };
}

function native(password: string): string {
  const sha1 = (data: string | Buffer) => createHash('sha1').update(data).digest();
  return `*${sha1(sha1(password)).toString('hex').toUpperCase()}`;
}

const PREFIX = '$A$005$';
const SALT_BYTES = 20;
const ROUNDS = 5_000;
/** crypt's alphabet; the salt is of it too, so that the stored text needs no escapes. */
const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

const letter = (value: number) => ALPHABET[value & 63] ?? '';
const newSalt = () => [...randomBytes(SALT_BYTES)].map(letter).join('');

/** `$A$005$`, 20 bytes of salt, 43 characters of hash. @param salt one character a byte */
export function sha2(password: string, salt: string): string {
  return PREFIX + salt + sha256Crypt(Buffer.from(password), Buffer.from(salt, 'latin1'));
}

function isSha2Of(secret: string, password: string): boolean {
  if (!secret.startsWith(PREFIX) || secret.length !== PREFIX.length + SALT_BYTES + 43) return false;
  const expected = sha2(password, secret.slice(PREFIX.length, PREFIX.length + SALT_BYTES));
  return timingSafeEqual(Buffer.from(expected, 'latin1'), Buffer.from(secret, 'latin1'));
}

/**
 * SHA-256 crypt (https://www.akkadia.org/drepper/SHA-crypt.txt) with a salt of any length, as MySQL uses it. The password
 * is random, so the stretching protects nothing; the format demands it.
 */
function sha256Crypt(key: Buffer, salt: Buffer): string {
  const sha256 = (...parts: readonly Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
  const b = sha256(key, salt, key);
  const mixed: Uint8Array[] = [key, salt, repeated(b, key.length)];
  for (let bits = key.length; bits > 0; bits >>= 1) mixed.push((bits & 1) === 1 ? b : key);
  let digest = sha256(...mixed);
  const p = repeated(sha256(...Array<Buffer>(key.length).fill(key)), key.length);
  const s = repeated(sha256(...Array<Buffer>(16 + (digest[0] ?? 0)).fill(salt)), salt.length);
  for (let round = 0; round < ROUNDS; round += 1) {
    const odd = round % 2 === 1;
    digest = sha256(
      odd ? p : digest,
      ...(round % 3 === 0 ? [] : [s]),
      ...(round % 7 === 0 ? [] : [p]),
      odd ? digest : p,
    );
  }
  return encoded(digest);
}

function repeated(block: Buffer, length: number): Buffer {
  return Buffer.concat(Array<Buffer>(Math.ceil(length / block.length)).fill(block)).subarray(0, length);
}

/** crypt's own order of bytes, four characters for three of them, lowest bits first. */
function encoded(digest: Buffer): string {
  const at = (index: number) => digest[index] ?? 0;
  let text = '';
  for (let group = 0; group < 10; group += 1) {
    const first = [0, 10, 20].map((start) => (start + group * 21) % 30);
    const [x = 0, y = 0, z = 0] = first;
    let value = (at(x) << 16) | (at(y) << 8) | at(z);
    for (let n = 0; n < 4; n += 1, value >>= 6) text += letter(value);
  }
  let value = (at(31) << 8) | at(30);
  for (let n = 0; n < 3; n += 1, value >>= 6) text += letter(value);
  return text;
}
