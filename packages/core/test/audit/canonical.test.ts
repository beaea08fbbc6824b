import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CANONICAL_MAX_DEPTH, canonicalJson, type JsonValue, NotCanonicalError } from '../../src/index.ts';

/** As a caller without types would call it. */
const canonicalUntyped = (value: unknown): string => Reflect.apply(canonicalJson, undefined, [value]);
const double = (hex: string): number => Buffer.from(hex, 'hex').readDoubleBE();

describe('canonical JSON (RFC 8785)', () => {
  // Appendix B: numbers by their IEEE 754 bits.
  test.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('the number %s is %s', (bits, text) => {
    expect(canonicalJson(double(bits))).toBe(text);
  });

  test('the sample of section 3.2.2', () => {
    const sample = JSON.parse(
      '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}',
    );
    expect(canonicalJson(sample)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
  });

  test('the keys of section 3.2.3, in the order of their UTF-16 code units', () => {
    const sample = JSON.parse(
      '{"\\u20ac":"Euro Sign","\\r":"Carriage Return","\\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\\ud83d\\ude00":"Emoji: Grinning Face","\\u0080":"Control","\\u00f6":"Latin Small Letter O With Diaeresis"}',
    );
    expect([...canonicalJson(sample).matchAll(/:"([^"]*)"/g)].map((match) => match[1])).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
  });

  test('keys that look like numbers are sorted as text', () => {
    expect(canonicalJson({ 10: 1, 9: 2, '-1': 3 })).toBe('{"-1":3,"10":1,"9":2}');
  });

  test('the same value always has the same text, which is JSON for it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const text = canonicalUntyped(value);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        expect(canonicalUntyped(shuffled(value))).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 1_000 },
    );
  });

  test('every string is written as JSON writes it, or refused where it is not Unicode', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('', '\ud83d', '\ude00', '"', '\\', '\u0000'),
        (a, b) => {
          const value = a + b;
          if (value.isWellFormed()) expect(canonicalJson(value)).toBe(JSON.stringify(value));
          else expect(() => canonicalJson(value)).toThrow(NotCanonicalError);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test.each([
    ['undefined', undefined, '$.a[1]'],
    ['a number that is not finite', Number.NaN, '$.a[1]'],
    ['a number that is not finite', Number.POSITIVE_INFINITY, '$.a[1]'],
    ['bigint', 1n, '$.a[1]'],
    ['function', () => 1, '$.a[1]'],
    ['symbol', Symbol('s'), '$.a[1]'],
    ['an object of a class', new Date(0), '$.a[1]'],
    ['an object of a class', new Map(), '$.a[1]'],
    ['an object of a class', new Uint8Array(2), '$.a[1]'],
    ['an object of a class', { b: Temporal.Instant.fromEpochMilliseconds(0) }, '$.a[1].b'],
    ['undefined', { b: undefined }, '$.a[1].b'],
    ['text with a lone surrogate', '\ud800', '$.a[1]'],
    ['text with a lone surrogate', { '\udc00': 1 }, '$.a[1].\udc00'],
    ['undefined', Object.assign([], { length: 1 }), '$.a[1][0]'],
  ])('%s is refused, and said where', (what, value, place) => {
    const act = () => canonicalUntyped({ a: [0, value] });
    expect(act).toThrow(NotCanonicalError);
    expect(act).toThrow(`Canonical JSON can't hold ${what}, at ${place}`);
  });

  test('no value ends up in the message', () => {
    expect(() => canonicalJson({ password: 'hunter2\ud800' })).toThrow(/^((?!hunter2).)*$/s);
  });

  test('nesting ends somewhere', () => {
    const nested = (depth: number): JsonValue => (depth === 0 ? 1 : [nested(depth - 1)]);
    expect(canonicalJson(nested(CANONICAL_MAX_DEPTH))).toHaveLength(2 * CANONICAL_MAX_DEPTH + 1);
    expect(() => canonicalJson(nested(CANONICAL_MAX_DEPTH + 1))).toThrow(NotCanonicalError);
  });

  test('a member called __proto__ is one like any other', () => {
    expect(canonicalJson(JSON.parse('{"b":1,"__proto__":{"a":2}}'))).toBe('{"__proto__":{"a":2},"b":1}');
  });
});

/** The same value with every object's members put in the other way round. */
function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, each]) => [key, shuffled(each)]),
  );
}
