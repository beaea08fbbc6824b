/** Passwords that tests sign in with by the hundred, at rest as the product keeps them, at a thirty-second of the cost. */
import { randomBytes, scrypt } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify<string, Buffer, number, { N: number; r: number; p: number }, Buffer>(scrypt);
const COST = { N: 1024, r: 8, p: 1 };

/** A stored password says what it cost, and is checked at that: `identity/password.ts`. */
export async function cheapHash(password: string): Promise<string> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, 32, COST);
  return ['scrypt', COST.N, COST.r, COST.p, salt.toString('base64url'), hash.toString('base64url')].join('$');
}
