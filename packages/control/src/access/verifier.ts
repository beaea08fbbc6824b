/** What is kept of a ticket: enough to check it, useless to log in with. */
import { createHash, createHmac, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import type { Engine } from '@tidegate/core';

const stretch = promisify(pbkdf2);
const KEY_BYTES = 32;

export interface Verifier {
  /** SCRAM-SHA-256's (RFC 5802 section 3): every engine has one, since a password in plain text is held against it too. */
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
  /** What MySQL's caching_sha2_password and mysql_native_password check a proof against; null for other engines. */
  readonly mysqlSha2: Buffer | null;
  readonly mysqlNative: Buffer | null;
}

/** `ticket` is ASCII, which SASLprep leaves as it is. */
export async function verifierOf(
  ticket: string,
  salt: Uint8Array,
  iterations: number,
  engine: Engine,
): Promise<Verifier> {
  const salted = await stretch(ticket, salt, iterations, KEY_BYTES, 'sha256');
  const key = (name: string): Buffer => createHmac('sha256', salted).update(name).digest();
  const mysql = engine === 'mysql';
  return {
    storedKey: createHash('sha256').update(key('Client Key')).digest(),
    serverKey: key('Server Key'),
    mysqlSha2: mysql ? twice('sha256', ticket) : null,
    mysqlNative: mysql ? twice('sha1', ticket) : null,
  };
}

const twice = (hash: 'sha256' | 'sha1', text: string): Buffer =>
  createHash(hash).update(createHash(hash).update(text).digest()).digest();
