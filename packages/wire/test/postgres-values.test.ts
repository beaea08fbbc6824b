import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { postgres } from '../src/index.ts';
import { vectors } from './recorded/values.ts';
import { int16, int32, type Value, values } from './support/craft.ts';

const oids = (...types: readonly number[]) => Buffer.concat(types.map(int32));
const read = (given: readonly Value[], formats: readonly number[], types: readonly number[] | null, options = {}) =>
  postgres.boundValues(values(given, formats), types === null ? null : oids(...types), options);

describe('in binary', () => {
  test.each(vectors)('%s (%i) %s', (type, oid, _literal, hex, value) => {
    expect(read([Buffer.from(hex, 'hex')], [1], [oid])).toEqual([{ type, value }]);
  });

  test.each(vectors)(
    '%s (%i) %s cut short is shown as bytes, or is a shorter value of its type',
    (type, oid, _l, hex) => {
      const whole = Buffer.from(hex, 'hex');
      for (let length = 0; length < whole.length; length++) {
        const [shown] = read([whole.subarray(0, length)], [1], [oid]);
        expect(shown).toMatchObject({ type });
        expect(shown !== undefined && 'value' in shown).not.toBe(shown !== undefined && 'hex' in shown);
      }
    },
  );

  test('UTF-8 is text; anything else is shown as bytes', () => {
    expect(read(['é', Buffer.of(0xff)], [1], [25, 25])).toEqual([
      { type: 'text', value: 'é' },
      { type: 'text', hex: 'ff' },
    ]);
  });

  test('a type that nobody told, or that we can’t read, is shown as bytes', () => {
    expect(read(['a', 'b', 'c'], [1], [0, 600])).toEqual([
      { type: 'unknown', hex: '61' },
      { type: 'oid:600', hex: '62' },
      { type: 'unknown', hex: '63' },
    ]);
  });

  test.each([
    ['a numeric of 131,000 digits from ten bytes', 1700, '00017fff000000000001'],
    ['a numeric with a digit above 9999', 1700, '00010000000000002710'],
    ['a numeric of an unknown sign', 1700, '00010000123400000001'],
    ['a bool of 2', 16, '02'],
    ['a time beyond the day', 1083, '000000141dd76001'],
    ['jsonb of another version', 3802, '027b7d'],
    ['an address with too long a mask', 869, '02210004c0a80001'],
    ['an array of a billion elements', 1007, `0000000100000000000000173b9aca0000000001`],
    ['an array of negative size', 1007, `00000001000000000000001780000000000000010000000400000001`],
    ['an array of seven dimensions', 1007, `000000070000000000000017${'0000000100000001'.repeat(7)}0000000400000001`],
    ['an array that goes on behind its end', 1007, '0000000100000000000000170000000100000001000000040000000100'],
  ])('%s is shown as bytes', (_what, oid, hex) => {
    expect(read([Buffer.from(hex, 'hex')], [1], [oid])).toEqual([{ type: expect.any(String), hex }]);
  });

  test('a numeric within the limit is shown', () => {
    const shown = read([Buffer.from('00010063000000000001', 'hex')], [1], [1700]);
    expect(shown).toEqual([{ type: 'numeric', value: `1${'0'.repeat(396)}` }]);
  });
});

describe('in text', () => {
  test('is shown as sent, whatever the type', () => {
    expect(read(['42', '\\x00', '{1,2}', null], [], [23, 17, 1007, 25])).toEqual([
      { type: 'int4', value: '42' },
      { type: 'bytea', value: '\\x00' },
      { type: 'int4[]', value: '{1,2}' },
      { type: 'text', value: null },
    ]);
  });

  test('formats: none for all text, one for all, or one each', () => {
    const one = Buffer.of(0, 0, 0, 1);
    expect(read([one, one], [1], [23, 23]).map(({ value }) => value)).toEqual([1, 1]);
    expect(read([one, '1'], [1, 0], [23, 23]).map(({ value }) => value)).toEqual([1, '1']);
    expect(read([one, '1'], [1, 7], [23, 23])).toEqual([
      { type: 'int4', value: 1 },
      { type: 'int4', hex: '31' },
    ]);
  });

  test('without any types', () => {
    expect(read(['x'], [], null)).toEqual([{ type: 'unknown', value: 'x' }]);
  });
});

describe('bounds', () => {
  test('a long value is cut, between characters, and says how long it was', () => {
    expect(read(['aé'.repeat(10), Buffer.alloc(9, 1)], [0, 1], [25, 17], { maxBytes: 5 })).toEqual([
      { type: 'text', value: 'aéa', truncated: 30 },
      { type: 'bytea', hex: '0101010101', truncated: 9 },
    ]);
  });

  test('of a message that goes on elsewhere, the last value is cut where the bytes end', () => {
    const body = values(['first', 'second']);
    const cut = body.subarray(0, body.length - 5);
    expect(postgres.boundValues(cut, null, { partial: true })).toEqual([
      { type: 'unknown', value: 'first' },
      { type: 'unknown', value: 'sec', truncated: 6 },
    ]);
    expect(postgres.boundValues(body.subarray(0, 12), null, { partial: true })).toEqual([
      { type: 'unknown', value: 'first'.slice(0, 4), truncated: 5 },
    ]);
    expect(postgres.boundValues(body.subarray(0, 3), null, { partial: true })).toEqual([]);
  });

  test.each([
    ['nothing', Buffer.alloc(0), []],
    ['formats without end', int16(3), []],
    ['no count of values', Buffer.concat([int16(0), Buffer.of(0)]), []],
    ['a value beyond the end', Buffer.concat([int16(0), int16(2), int32(1), Buffer.from('a'), int32(9)]), ['a']],
    ['a negative length', Buffer.concat([int16(0), int16(1), int32(-2)]), []],
    ['fewer values than counted', Buffer.concat([int16(0), int16(2), int32(1), Buffer.from('a')]), ['a']],
  ])('%s ends the list with a marker', (_what, body, before) => {
    const shown = postgres.boundValues(body, null);
    expect(shown.at(-1)).toMatchObject({ type: 'malformed', hex: expect.any(String) });
    expect(shown.slice(0, -1).map(({ value }) => value)).toEqual(before);
  });

  test('any bytes as any types give JSON of bounded size, and throw nothing', () => {
    const anyOid = fc.constantFrom(...vectors.map(([, oid]) => oid), 0, 99_999);
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(anyOid, { maxLength: 5 }),
        fc.boolean(),
        (body, types, partial) => {
          const shown = JSON.stringify(postgres.boundValues(body, oids(...types), { partial, maxBytes: 500 }));
          expect(shown.length).toBeLessThan(100 * 1024);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('a function call', () => {
  test('shows the function’s OID and its arguments', () => {
    const body = Buffer.concat([int32(1299), values(['x', Buffer.of(1)], [0, 1])]);
    expect(postgres.functionCall(body)).toEqual({
      oid: 1299,
      values: [
        { type: 'unknown', value: 'x' },
        { type: 'unknown', hex: '01' },
      ],
    });
    expect(postgres.functionCall(Buffer.alloc(3))).toMatchObject({ oid: 0 });
  });
});
