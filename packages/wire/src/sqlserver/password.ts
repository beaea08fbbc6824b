/**
 * Passwords in LOGIN7 are made unreadable at a glance, no more (MS-TDS 2.2.6.4): each byte's halves are swapped, and then
 * its bits flipped by 0xA5. Only inside TLS is it a secret.
 */
import { Buffer } from 'node:buffer';

const FLIP = 0xa5;

export function obfuscate(password: string): Buffer {
  const bytes = Buffer.from(password, 'utf16le');
  for (const [at, byte] of bytes.entries()) bytes[at] = (((byte & 0x0f) << 4) | (byte >> 4)) ^ FLIP;
  return bytes;
}

export function reveal(obfuscated: Uint8Array): string {
  const bytes = Buffer.from(obfuscated);
  for (const [at, byte] of bytes.entries()) {
    const flipped = byte ^ FLIP;
    bytes[at] = ((flipped & 0x0f) << 4) | (flipped >> 4);
  }
  return bytes.toString('utf16le');
}
