/** What is kept of a ticket: SCRAM-SHA-256's verifier (RFC 5802 section 3), enough to check it, useless to log in with. */
import { createHash, createHmac, pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';

const stretch = promisify(pbkdf2);
const KEY_BYTES = 32;

export interface Verifier {
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** `ticket` is ASCII, which SASLprep leaves as it is. */
export async function verifierOf(ticket: string, salt: Uint8Array, iterations: number): Promise<Verifier> {
  const salted = await stretch(ticket, salt, iterations, KEY_BYTES, 'sha256');
  const key = (name: string): Buffer => createHmac('sha256', salted).update(name).digest();
  return { storedKey: createHash('sha256').update(key('Client Key')).digest(), serverKey: key('Server Key') };
}
