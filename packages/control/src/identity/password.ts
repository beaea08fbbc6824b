/** Passwords at rest: scrypt, memory-hard, with a salt each. A check takes the same time whether or not anybody is called so. */
import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { TidegateError } from '@tidegate/core';

const COST: ScryptOptions = { N: 32_768, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
const HASH_BYTES = 32;
const SALT_BYTES = 16;

/** Each takes 32 MB and tens of milliseconds of one core: more at once, or a long queue, would be a way to stop us. */
const AT_ONCE = 2;
const QUEUE = 64;

/** `scrypt$N$r$p$salt$hash`, base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, COST);
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64url'), hash.toString('base64url')].join('$');
}

/** Checks against `stored`; null (nobody is called so) takes as long and is never right. */
export async function verifyPassword(stored: string | null, password: string): Promise<boolean> {
  const { salt, hash, cost } = stored === null ? NOBODY : parse(stored);
  const derived = await derive(password, salt, cost);
  return timingSafeEqual(derived, hash) && stored !== null;
}

interface Parsed {
  readonly salt: Buffer;
  readonly hash: Buffer;
  readonly cost: ScryptOptions;
}
const NOBODY: Parsed = { salt: randomBytes(SALT_BYTES), hash: randomBytes(HASH_BYTES), cost: COST };

function parse(stored: string): Parsed {
  const [kind, N, r, p, salt, hash] = stored.split('$');
  if (kind !== 'scrypt' || salt === undefined || hash === undefined) {
    throw new TidegateError('internal', 'A stored password is not in a form we know.');
  }
  return {
    salt: Buffer.from(salt, 'base64url'),
    hash: Buffer.from(hash, 'base64url'),
    cost: { ...COST, N: Number(N), r: Number(r), p: Number(p) },
  };
}

let running = 0;
const waiting: (() => void)[] = [];

async function derive(password: string, salt: Buffer, cost: ScryptOptions): Promise<Buffer> {
  if (running >= AT_ONCE) {
    if (waiting.length >= QUEUE) {
      throw new TidegateError('unavailable', 'Too many people are signing in just now.', 'Try again in a moment.');
    }
    await new Promise<void>((turn) => waiting.push(turn));
  }
  running += 1;
  try {
    return await new Promise((resolve, reject) => {
      // The same password may be typed in different normal forms on different machines.
      scrypt(password.normalize('NFKC'), salt, HASH_BYTES, cost, (error, hash) =>
        error === null ? resolve(hash) : reject(error),
      );
    });
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}
