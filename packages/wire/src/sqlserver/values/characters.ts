/** Text in one byte a character (CHAR, VARCHAR): the collation says in which code page (MS-TDS 2.2.5.1.2). */
import type { Buffer } from 'node:buffer';

/** Bit of the collation: the text is UTF-8. */
const UTF8 = 0x0400_0000;
const LOCALE = 0x000f_ffff;

const UTF_8 = 'utf-8';
const WESTERN = 'windows-1252';

/** Locales whose code page is not the western one. */
const CODE_PAGES: readonly (readonly [string, readonly number[]])[] = [
  ['windows-1250', [0x405, 0x40e, 0x415, 0x418, 0x41a, 0x41b, 0x41c, 0x424, 0x81a, 0x101a, 0x442]],
  ['windows-1251', [0x402, 0x419, 0x422, 0x423, 0x42f, 0x43f, 0x440, 0x444, 0x450, 0xc1a, 0x201a, 0x46d, 0x82c, 0x843]],
  ['windows-1253', [0x408]],
  ['windows-1254', [0x41f, 0x42c, 0x443]],
  ['windows-1255', [0x40d]],
  ['windows-1256', [0x401, 0x420, 0x429, 0x480, 0x48c]],
  ['windows-1257', [0x425, 0x426, 0x427, 0x827]],
  ['windows-1258', [0x42a]],
  ['windows-874', [0x41e]],
  ['shift_jis', [0x411]],
  ['gbk', [0x804, 0x1004]],
  ['euc-kr', [0x412]],
  ['big5', [0x404, 0xc04, 0x1404]],
];

const BY_LOCALE: ReadonlyMap<number, string> = new Map(
  CODE_PAGES.flatMap(([page, locales]) => locales.map((locale): [number, string] => [locale, page])),
);

const decoders = new Map<string, TextDecoder>();

function decoder(page: string): TextDecoder {
  const known = decoders.get(page);
  if (known !== undefined) return known;
  const made = new TextDecoder(page, { fatal: true, ignoreBOM: true });
  decoders.set(page, made);
  return made;
}

/** The text, or undefined when it isn't any in the collation's code page. `collation`: five bytes. */
export function characters(bytes: Buffer, collation: Buffer): string | undefined {
  const info = collation.length >= 4 ? collation.readUInt32LE(0) : 0;
  const page = (info & UTF8) !== 0 ? UTF_8 : (BY_LOCALE.get(info & LOCALE) ?? WESTERN);
  return decoded(bytes, page);
}

/** Text in UTF-16; undefined when it has half a pair. */
export function wideCharacters(bytes: Buffer): string | undefined {
  return decoded(bytes, 'utf-16le');
}

function decoded(bytes: Buffer, page: string): string | undefined {
  try {
    return decoder(page).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
