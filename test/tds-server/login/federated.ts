/** Federated tokens: JWTs signed by a key that the test holds. */
import { Buffer } from 'node:buffer';
import { verify } from 'node:crypto';
import type { Federation } from '../options.ts';

interface Claims {
  readonly iss?: unknown;
  readonly aud?: unknown;
  readonly exp?: unknown;
  readonly upn?: unknown;
  readonly sub?: unknown;
}

/** Who the token is for, or null where it isn't good. */
export function readToken(token: string, federation: Federation): string | null {
  const [head, body, signature] = token.split('.');
  if (head === undefined || body === undefined || signature === undefined) return null;
  const { alg } = json(head);
  if (alg !== 'ES256' && alg !== 'RS256') return null;
  const key = { key: federation.publicKey, ...(alg === 'ES256' ? { dsaEncoding: 'ieee-p1363' as const } : {}) };
  if (!verify('sha256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url'))) return null;
  const claims: Claims = json(body);
  const inTime = typeof claims.exp === 'number' && claims.exp * 1000 > Date.now();
  if (!inTime || claims.iss !== federation.issuer || claims.aud !== federation.audience) return null;
  const name = claims.upn ?? claims.sub;
  return typeof name === 'string' ? name : null;
}

function json(part: string): Record<string, unknown> {
  const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
