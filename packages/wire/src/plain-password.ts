/** A password in plain text, held against SCRAM verifiers: for engines whose clients say it inside TLS. */
import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { saslprep } from './scram/saslprep.ts';
import type { ScramCandidates } from './scram/server.ts';

const stretch = promisify(pbkdf2);
const KEY_BYTES = 32;
/** Against so many at least, so that the number of a grant's tickets doesn't show. */
const LEAST_TRIED = 8;

/**
 * `index` of the verifier whose password this is. Stretching it (about a millisecond) is done off this thread. Candidates
 * without verifiers take as long, and fit nothing.
 */
export async function judgePlainPassword(
  password: string,
  { salt, iterations, verifiers }: ScramCandidates,
): Promise<{ readonly accepted: true; readonly index: number } | { readonly accepted: false }> {
  const salted = await stretch(saslprep(password), salt, iterations, KEY_BYTES, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest();
  const nobody = new Uint8Array(KEY_BYTES);
  let matched = -1;
  for (let index = 0; index < Math.max(LEAST_TRIED, verifiers.length); index++) {
    const verifier = verifiers[index]?.storedKey ?? nobody;
    if (verifier.length === KEY_BYTES && timingSafeEqual(storedKey, verifier) && verifier !== nobody) matched = index;
  }
  return matched < 0 ? { accepted: false } : { accepted: true, index: matched };
}
