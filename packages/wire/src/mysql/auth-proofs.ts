/**
 * Proofs of a password that don't say it: `caching_sha2_password` (its fast way) and `mysql_native_password`. Both hash
 * the password once (what the client knows), twice (what the server keeps), and cover the first with a hash of the second
 * and the nonce. Pure computation; nonces come from outside.
 */
import { Buffer } from 'node:buffer';
import { createHash, timingSafeEqual } from 'node:crypto';
import { xor } from '../scram/keys.ts';

type Verdict = { readonly accepted: true; readonly index: number } | { readonly accepted: false };

const hash = (name: 'sha256' | 'sha1', ...parts: readonly Uint8Array[]): Buffer => {
  const made = createHash(name);
  for (const part of parts) made.update(part);
  return made.digest();
};

/** What a server keeps for `caching_sha2_password`: SHA256(SHA256(password)). */
export function sha2Verifier(password: string): Buffer {
  return hash('sha256', hash('sha256', Buffer.from(password)));
}

/** What a server keeps for `mysql_native_password`: SHA1(SHA1(password)). */
export function nativeVerifier(password: string): Buffer {
  return hash('sha1', hash('sha1', Buffer.from(password)));
}

/** SHA256(password) xor SHA256(SHA256(SHA256(password)) ‖ nonce). An empty password is proved by nothing at all. */
export function sha2Proof(password: string, nonce: Uint8Array): Buffer {
  if (password === '') return Buffer.alloc(0);
  return xor(hash('sha256', Buffer.from(password)), hash('sha256', sha2Verifier(password), nonce));
}

/** SHA1(password) xor SHA1(nonce ‖ SHA1(SHA1(password))). */
export function nativeProof(password: string, nonce: Uint8Array): Buffer {
  if (password === '') return Buffer.alloc(0);
  return xor(hash('sha1', Buffer.from(password)), hash('sha1', nonce, nativeVerifier(password)));
}

/** A proof is held against so many verifiers at least, so that the number of a grant's tickets doesn't show. */
const LEAST_TRIED = 8;

/** `verifiers`: null stands for a ticket that has none for this method; nothing fits it. */
export function judgeSha2(proof: Uint8Array, nonce: Uint8Array, verifiers: readonly (Uint8Array | null)[]): Verdict {
  return judge(proof, verifiers, 32, (kept) => {
    const once = xor(proof, hash('sha256', kept, nonce));
    return timingSafeEqual(hash('sha256', once), kept);
  });
}

export function judgeNative(proof: Uint8Array, nonce: Uint8Array, verifiers: readonly (Uint8Array | null)[]): Verdict {
  return judge(proof, verifiers, 20, (kept) => {
    const once = xor(proof, hash('sha1', nonce, kept));
    return timingSafeEqual(hash('sha1', once), kept);
  });
}

/** Every verifier is tried, matched or not, in constant time each. A proof of another length fits none. */
function judge(
  proof: Uint8Array,
  verifiers: readonly (Uint8Array | null)[],
  length: number,
  fits: (kept: Uint8Array) => boolean,
): Verdict {
  if (proof.length !== length) return { accepted: false };
  const nobody = Buffer.alloc(length);
  let matched = -1;
  for (let index = 0; index < Math.max(LEAST_TRIED, verifiers.length); index++) {
    const kept = verifiers[index] ?? null;
    const usable = kept !== null && kept.length === length;
    if (fits(usable ? kept : nobody) && usable) matched = index;
  }
  return matched < 0 ? { accepted: false } : { accepted: true, index: matched };
}
