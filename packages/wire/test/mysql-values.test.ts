/** Values as the record shows them. Byte vectors from MySQL's own protocol pages, and what real clients sent. */
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mysql } from '../src/index.ts';
import { client, counted, lenenc, long, type Parameter, parameters, string, uint } from './support/mysql-craft.ts';

/** What the walker tells of a statement with so many parameters. */
const told = (count: number, types: readonly number[] = []) =>
  Buffer.concat([Buffer.of(types.length > 0 ? 4 : 0), uint(count, 2), ...types.map((type) => uint(type, 2))]);
const bodyOf = (packet: Buffer) => packet.subarray(4);
const hex = (digits: string) => Buffer.from(digits.replaceAll(' ', ''), 'hex');
const execution = (given: readonly Parameter[], types: Buffer | null = told(given.length), options = {}) =>
  mysql.boundValues(bodyOf(client.execute(1, given)), types, options);

describe('a value of each type', () => {
  test.each<[string, number, boolean, string, unknown]>([
    ['tinyint', 1, false, 'ff', -1],
    ['tinyint unsigned', 1, true, 'ff', 255],
    ['smallint', 2, false, '00 80', -32_768],
    ['smallint unsigned', 2, true, '00 80', 32_768],
    ['int', 3, false, 'fe ff ff ff', -2],
    ['int unsigned', 3, true, 'fe ff ff ff', 4_294_967_294],
    ['mediumint', 9, false, '01 00 00 00', 1],
    ['bigint', 8, false, 'ff ff ff ff ff ff ff ff', '-1'],
    ['bigint unsigned', 8, true, 'ff ff ff ff ff ff ff ff', '18446744073709551615'],
    ['year unsigned', 13, true, 'ea 07', 2026],
    ['float', 4, false, '33 33 23 41', 10.2],
    ['double', 5, false, '66 66 66 66 66 66 24 40', 10.2],
    ['double', 5, false, '00 00 00 00 00 00 f0 7f', 'Infinity'],
    ['null', 6, false, '', null],
    ['boolean', 244, false, '01', true],
    ['decimal', 246, false, '05 2d 31 2e 35 30', '-1.50'],
    ['decimal', 0, false, '01 37', '7'],
    ['varchar', 253, false, '03 66 6f 6f', 'foo'],
    ['varchar', 15, false, '00', ''],
    ['char', 254, false, 'fc 03 00 66 6f 6f', 'foo'],
    ['blob', 252, false, '02 c3 a9', 'é'],
    ['json', 245, false, '07 7b 22 61 22 3a 31 7d', '{"a":1}'],
    ['datetime', 12, false, '0b da 07 0a 11 13 1b 1e 01 00 00 00', '2010-10-17T19:27:30.000001'],
    ['datetime', 12, false, '07 da 07 0a 11 13 1b 1e', '2010-10-17T19:27:30'],
    ['datetime', 12, false, '04 da 07 0a 11', '2010-10-17T00:00:00'],
    ['datetime', 12, false, '00', '0000-00-00T00:00:00'],
    ['timestamp', 7, false, '0b da 07 0a 11 13 1b 1e 20 a1 07 00', '2010-10-17T19:27:30.5'],
    ['date', 10, false, '04 da 07 0a 11', '2010-10-17'],
    ['date', 10, false, '00', '0000-00-00'],
    ['time', 11, false, '0c 01 78 00 00 00 13 1b 1e 01 00 00 00', '-2899:27:30.000001'],
    ['time', 11, false, '08 00 00 00 00 00 13 1b 1e', '19:27:30'],
    ['time', 11, false, '00', '00:00:00'],
  ])('%s (%i): %s', (type, code, unsigned, bytes, value) => {
    const given = [{ type: code, unsigned, value: hex(bytes) }, long(7)];
    expect(execution(given)).toEqual([
      { type, value },
      { type: 'int', value: 7 },
    ]);
  });

  test.each<[string, number, string, string]>([
    ['text that is not UTF-8', 253, '02 c3 28', 'c328'],
    ['geometry', 255, '02 01 02', '0102'],
    ['bits', 16, '01 05', '05'],
    ['a date of five bytes', 10, '05 01 02 03 04 05', '0102030405'],
    ['a time with two signs', 11, '08 02 00 00 00 00 00 00 00', '0200000000000000'],
    ['a million microseconds', 12, '0b da 07 0a 11 13 1b 1e 40 42 0f 00', 'da070a11131b1e40420f00'],
  ])('%s is shown as bytes', (_what, type, bytes, shown) => {
    expect(execution([{ type, value: hex(bytes) }])).toEqual([{ type: expect.any(String), hex: shown }]);
  });

  test('NULL has no bytes', () => {
    const given = Array.from({ length: 10 }, (_, i) => (i % 3 === 0 ? { type: 253, value: null } : long(i)));
    expect(execution(given).map(({ value }) => value)).toEqual([null, 1, 2, null, 4, 5, null, 7, 8, null]);
  });
});

describe('an execution', () => {
  test('may rely on types that an earlier one declared', () => {
    const bytes = bodyOf(client.execute(1, [long(5), string('x')], { types: false }));
    expect(mysql.boundValues(bytes, told(2, [0x8003, 253]))).toEqual([
      { type: 'int unsigned', value: 5 },
      { type: 'varchar', value: 'x' },
    ]);
    expect(mysql.boundValues(bytes, told(2))).toEqual([{ type: 'malformed', hex: '050000000178' }]);
  });

  test('has no bytes for what was sent ahead', () => {
    const given = [string('ahead'), long(1)];
    const bytes = bodyOf(client.execute(1, given, { ahead: [0] }));
    const types = Buffer.concat([Buffer.of(2), uint(2, 2), Buffer.of(1)]);
    expect(mysql.boundValues(bytes, types)).toEqual([
      { type: 'varchar', value: 'sent ahead' },
      { type: 'int', value: 1 },
    ]);
    expect(mysql.boundValues(bodyOf(client.longData(1, 3, 'piece')), types)).toEqual([
      { type: 'parameter', value: 3 },
      { type: 'long data', value: 'piece' },
    ]);
  });

  test('with attributes has names, and more values than parameters', () => {
    const types = Buffer.concat([Buffer.of(1), uint(1, 2)]);
    const bytes = bodyOf(client.execute(1, [long(5), string('v', 'trace')], { named: true }, 8));
    expect(mysql.boundValues(bytes, types)).toEqual([
      { type: 'int', value: 5 },
      { type: 'varchar', name: 'trace', value: 'v' },
    ]);
    const none = Buffer.concat([Buffer.of(1), uint(0, 2)]);
    expect(mysql.boundValues(bodyOf(client.execute(1, [], { named: true }, 8)), none)).toEqual([]);
    expect(mysql.boundValues(bodyOf(client.execute(1, [])), none)).toEqual([]);
  });

  test('of a statement that nobody knows is shown as bytes', () => {
    expect(execution([long(5)], null)).toEqual([{ type: 'malformed', hex: '0001030005000000' }]);
    expect(execution([], null)).toEqual([]);
  });

  test('of many shows each row', () => {
    const bytes = bodyOf(
      client.bulk(
        1,
        [3, 253],
        [
          [uint(2, 4), counted('y')],
          [1, 2],
          [uint(3, 4), 3],
        ],
      ),
    );
    expect(mysql.boundValues(bytes, told(2))).toEqual([
      {
        type: 'row',
        value: [
          { type: 'int', value: 2 },
          { type: 'varchar', value: 'y' },
        ],
      },
      { type: 'row', value: [{ type: 'int', value: null }, { type: 'default' }] },
      { type: 'row', value: [{ type: 'int', value: 3 }, { type: 'ignore' }] },
    ]);
    const kept = bodyOf(client.bulk(1, [], [[uint(2, 4)]], false));
    expect(mysql.boundValues(kept, told(1, [3]))).toEqual([{ type: 'row', value: [{ type: 'int', value: 2 }] }]);
    expect(mysql.boundValues(kept, told(1))).toEqual([{ type: 'malformed', hex: '0002000000' }]);
  });

  test('too long a value is cut at a whole character', () => {
    expect(execution([string('ééé')], told(1), { maxBytes: 3 })).toEqual([
      { type: 'varchar', value: 'é', truncated: 6 },
    ]);
  });

  test('of which only the beginning is there shows what is there', () => {
    const bytes = bodyOf(client.execute(1, [long(5), string('x'.repeat(100)), long(6)])).subarray(0, 40);
    const [first, second, ...more] = mysql.boundValues(bytes, told(3), { partial: true });
    expect(first).toEqual({ type: 'int', value: 5 });
    expect(second).toEqual({ type: 'varchar', value: 'x'.repeat(17), truncated: 100 });
    expect(more).toEqual([]);
  });

  test('that goes on behind its end says so', () => {
    const bytes = Buffer.concat([bodyOf(client.execute(1, [long(5)])), Buffer.of(9)]);
    expect(mysql.boundValues(bytes, told(1))).toEqual([
      { type: 'int', value: 5 },
      { type: 'malformed', hex: '09' },
    ]);
  });
});

test('query attributes', () => {
  const given = [string('abc', 'trace'), { ...long(5), name: 'n' }];
  const bytes = Buffer.concat([Buffer.of(0x03), lenenc(2), Buffer.of(1), parameters(given, { named: true })]);
  expect(mysql.boundValues(bytes, null)).toEqual([
    { type: 'varchar', name: 'trace', value: 'abc' },
    { type: 'int', name: 'n', value: 5 },
  ]);
});

test.each([
  ['COM_INIT_DB', client.initDb('shop'), [{ type: 'schema', value: 'shop' }]],
  [
    'COM_FIELD_LIST',
    client.fieldList('t', 'a%'),
    [
      { type: 'table', value: 't' },
      { type: 'wildcard', value: 'a%' },
    ],
  ],
  ['COM_SET_OPTION', client.setOption(1), [{ type: 'smallint unsigned', value: 1 }]],
  ['COM_PROCESS_KILL', client.processKill(70_000), [{ type: 'int unsigned', value: 70_000 }]],
  ['COM_RESET_CONNECTION', client.resetConnection(), []],
  ['COM_CHANGE_USER', client.changeUser('root'), []],
])('a call is its name and what it says: %s', (text, packet, values) => {
  expect(mysql.commandCall(bodyOf(packet))).toEqual({ text, values });
});

test('whatever the bytes, values are shown and nothing is thrown', () => {
  const command = fc.constantFrom(0x03, 0x17, 0x18, 0xfa, 0x02, 0x04, 0x00);
  fc.assert(
    fc.property(
      command,
      fc.uint8Array({ maxLength: 80 }),
      fc.uint8Array({ maxLength: 20 }),
      fc.boolean(),
      (...given) => {
        const [first, rest, types, partial] = given;
        const bytes = Buffer.concat([Buffer.of(first), rest]);
        for (const shown of [
          mysql.boundValues(bytes, types, { partial }),
          mysql.commandCall(bytes, { partial }).values,
        ]) {
          for (const value of shown) expect('value' in value && 'hex' in value).toBe(false);
          JSON.stringify(shown);
        }
      },
    ),
    { numRuns: 3000 },
  );
});
