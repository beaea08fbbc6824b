/** Bytes that should be text, made text without losing what they were. */
import type { JsonValue } from '@tidegate/core';

/** How an engine's statements are encoded. */
export type TextEncoding = 'utf8' | 'utf16le';

const STRICT = {
  utf8: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }),
  utf16le: new TextDecoder('utf-16le', { fatal: true, ignoreBOM: true }),
};
const LENIENT = {
  utf8: new TextDecoder('utf-8', { ignoreBOM: true }),
  utf16le: new TextDecoder('utf-16le', { ignoreBOM: true }),
};

/**
 * The text, and the bytes themselves in base64 where they are not in the encoding (a client with another, or rubbish) or
 * hold NUL, which stores of text (PostgreSQL's among them) cannot keep: U+FFFD then stands in the text.
 */
export function textOf(bytes: Buffer, encoding: TextEncoding = 'utf8'): { text: string; base64?: string } {
  const exact = exactText(bytes, encoding);
  if (exact !== null) return { text: exact };
  return { text: withoutNul(LENIENT[encoding].decode(bytes)), base64: bytes.toString('base64') };
}

/** The text of a piece, which may be cut within a character; null where it is not text. */
export function exactText(bytes: Buffer, encoding: TextEncoding = 'utf8'): string | null {
  try {
    const text = STRICT[encoding].decode(bytes);
    return text.includes('\0') ? null : text;
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** How many bytes at the end belong to a character that is not complete: 0 to 3. */
export function incompleteTail(bytes: Buffer, encoding: TextEncoding = 'utf8'): number {
  return encoding === 'utf8' ? incompleteUtf8(bytes) : incompleteUtf16(bytes);
}

function incompleteUtf8(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const needs = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return needs > back ? back : 0;
  }
  return 0;
}

function incompleteUtf16(bytes: Buffer): number {
  const odd = bytes.length % 2;
  if (bytes.length < 2) return odd;
  // The first half of a pair waits for the second.
  const high = ((bytes[bytes.length - odd - 1] ?? 0) & 0xfc) === 0xd8;
  return odd + (high ? 2 : 0);
}

export const withoutNul = (text: string): string => (text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text);

/** Any JSON value with NUL replaced in its strings and keys. */
export function cleanJson(value: JsonValue): JsonValue {
  if (typeof value === 'string') return withoutNul(value);
  if (typeof value !== 'object' || value === null) return value;
  if (isList(value)) return value.map(cleanJson);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [withoutNul(key), cleanJson(inner)]));
}

/** `Array.isArray` does not tell the compiler of read-only lists. */
const isList = (value: object): value is readonly JsonValue[] => Array.isArray(value);
