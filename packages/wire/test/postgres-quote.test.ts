import fc from 'fast-check';
import { expect, test } from 'vitest';
import { postgres } from '../src/index.ts';

test('identifiers keep quotes, dots, case and spaces', () => {
  expect(postgres.quoteIdent('alice.g7k2m')).toBe('"alice.g7k2m"');
  expect(postgres.quoteIdent('O"Brien; DROP')).toBe('"O""Brien; DROP"');
});

test('literals double quotes, and backslashes in an E literal', () => {
  expect(postgres.quoteLiteral("it's")).toBe("'it''s'");
  expect(postgres.quoteLiteral("a\\'b")).toBe(" E'a\\\\''b'");
});

test.each(['a\0b', '\ud800'])('text that PostgreSQL would not take as it is, is refused', (text) => {
  expect(() => postgres.quoteIdent(text)).toThrow(RangeError);
  expect(() => postgres.quoteLiteral(text)).toThrow(RangeError);
});

test('an empty identifier is refused', () => {
  expect(() => postgres.quoteIdent('')).toThrow(RangeError);
});

test('whatever the text, it reads back, and nothing of it stands outside of the quotes', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('"', "'", '\\', '.', ' ', 'a', 'é', '\n', ';', '-') }), (text) => {
      const literal = postgres.quoteLiteral(text);
      const escaped = literal.startsWith(" E'");
      const body = literal.slice(escaped ? 3 : 1, -1);
      expect(body).toMatch(escaped ? /^(?:[^'\\]|''|\\\\)*$/ : /^(?:[^'\\]|'')*$/);
      const read = body.replaceAll("''", "'");
      expect(escaped ? read.replaceAll('\\\\', '\\') : read).toBe(text);
      if (text === '') return;
      const ident = postgres.quoteIdent(text).slice(1, -1);
      expect(ident).toMatch(/^(?:[^"]|"")*$/);
      expect(ident.replaceAll('""', '"')).toBe(text);
    }),
  );
});
