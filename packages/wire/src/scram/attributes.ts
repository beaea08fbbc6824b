/** The text of SCRAM messages: comma-separated `letter=value` attributes (RFC 5802 section 5.1). */
import { Buffer } from 'node:buffer';
import { ProtocolError, SqlState } from '../refusal.ts';
import type { Refusal } from '../statements.ts';

export const SCRAM_SHA_256 = 'SCRAM-SHA-256';
export const SCRAM_SHA_256_PLUS = 'SCRAM-SHA-256-PLUS';

/** Longer messages are refused unread; real ones have some 200 bytes. */
const MAX_MESSAGE_BYTES = 4096;

/** Nonces are printable ASCII without a comma. */
const NONCE = /^[\x21-\x2b\x2d-\x7e]{1,256}$/;

export function malformed(side: Refusal['side'], why: string): ProtocolError {
  return new ProtocolError(side, SqlState.protocolViolation, `malformed SCRAM message: ${why}`);
}

/**
 * One message as text with a character for every byte, so that what is signed is exactly what was sent: user names are
 * UTF-8 and need not be valid.
 */
export function text(message: Uint8Array, side: Refusal['side']): string {
  if (message.length > MAX_MESSAGE_BYTES) throw malformed(side, 'too long');
  return Buffer.from(message.buffer, message.byteOffset, message.byteLength).toString('latin1');
}

export function bytes(message: string): Buffer {
  return Buffer.from(message, 'latin1');
}

/** Takes the value of `part`, which must be the attribute `letter`. */
export function attribute(part: string | undefined, letter: string, side: Refusal['side']): string {
  if (part === undefined || !part.startsWith(`${letter}=`)) throw malformed(side, `attribute "${letter}" expected`);
  return part.slice(2);
}

export function nonce(value: string, side: Refusal['side']): string {
  if (!NONCE.test(value)) throw malformed(side, 'nonce');
  return value;
}

/** Strict base64: what Node would skip silently is refused. */
export function base64(value: string, side: Refusal['side']): Buffer {
  const decoded = Buffer.from(value, 'base64');
  if (value === '' || decoded.toString('base64') !== value) throw malformed(side, 'base64');
  return decoded;
}
