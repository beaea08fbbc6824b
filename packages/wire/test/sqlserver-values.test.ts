/** Values for the record: each type as MS-TDS writes it, and what can't be read. */
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sqlserver } from '../src/index.ts';
import { call, hex, parameter, parts, u16, u32, u64, utf16 } from './support/sqlserver-craft.ts';

const COLLATION = '09 04 D0 00 34';
const CZECH = '05 04 D0 00 00';
const UTF8 = '09 04 00 04 00';

/** Of one parameter of this type and value. */
const one = (typeAndValue: Buffer): unknown => {
  const [value, ...more] = sqlserver.parameterValues(parameter.raw(typeAndValue), null);
  expect(more).toEqual([]);
  return value;
};

test.each<[name: string, bytes: string, value: unknown]>([
  ['tinyint', '26 01 01 FF', 255],
  ['smallint', '26 02 02 FF FF', -1],
  ['int', '26 04 04 2A 00 00 00', 42],
  ['int', '38 2A 00 00 00', 42],
  ['int', '26 04 00', null],
  ['bigint', '26 08 08 FF FF FF FF FF FF 1F 00', 9007199254740991],
  ['bigint', '26 08 08 00 00 00 00 00 00 20 00', '9007199254740992'],
  ['bit', '68 01 01 01', true],
  ['bit', '32 00', false],
  ['decimal', '6A 05 0A 02 05 00 39 30 00 00', '-123.45'],
  ['numeric', '6C 05 05 05 05 01 01 00 00 00', '0.00001'],
  [
    'decimal',
    '6A 11 26 00 11 01 FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF',
    '340282366920938463463374607431768211455',
  ],
  ['money', '6E 08 08 FF FF FF FF 18 FC FF FF', '-0.1000'],
  ['smallmoney', '6E 04 04 10 27 00 00', '1.0000'],
  ['real', '6D 04 04 CD CC CC 3D', 0.1],
  ['float', '6D 08 08 00 00 00 00 00 00 F8 3F', 1.5],
  ['datetime', '6F 08 08 01 00 00 00 2B 01 00 00', '1900-01-02T00:00:00.997'],
  ['smalldatetime', '6F 04 04 00 00 3D 00', '1900-01-01T01:01:00'],
  ['date', '28 03 00 00 00', '0001-01-01'],
  ['date', '28 03 DA B9 37', '9999-12-31'],
  ['time', '29 07 05 01 00 00 00 00', '00:00:00.0000001'],
  ['time', '29 00 03 7F 51 01', '23:59:59'],
  ['datetime2', '2A 03 07 7B 00 00 00 00 00 00', '0001-01-01T00:00:00.123'],
  ['datetimeoffset', '2B 00 08 00 00 00 01 00 00 C4 FF', '0001-01-01T23:00:00-01:00'],
  [
    'uniqueidentifier',
    '24 10 10 FF 19 96 6F 86 8B 11 D0 B4 2D 00 C0 4F C9 64 FF',
    '6F9619FF-8B86-D011-B42D-00C04FC964FF',
  ],
  ['nvarchar', `E7 08 00 ${COLLATION} 04 00 E4 00 DF 00`, 'äß'],
  ['nvarchar', `E7 08 00 ${COLLATION} FF FF`, null],
  ['varchar', `A7 08 00 ${COLLATION} 02 00 E4 DF`, 'äß'],
  ['varchar', `A7 08 00 ${CZECH} 01 00 EC`, 'ě'],
  ['varchar', `A7 08 00 ${UTF8} 02 00 C3 A4`, 'ä'],
  ['text', `23 FF FF 00 00 ${COLLATION} 02 00 00 00 61 62`, 'ab'],
  ['binary', 'AD 08 00 02 00 CA FE', '0xCAFE'],
  ['image', '22 FF FF 00 00 FF FF FF FF', null],
  ['sql_variant', '62 49 1F 00 00 06 00 00 00 38 00 2A 00 00 00', 42],
  ['sql_variant', `62 49 1F 00 00 0B 00 00 00 E7 07 ${COLLATION} 08 00 61 00`, 'a'],
  ['sql_variant', '62 49 1F 00 00 00 00 00 00', null],
  ['xml', 'F1 00 FE FF FF FF FF FF FF FF 08 00 00 00 3C 00 61 00 2F 00 3E 00 00 00 00 00', '<a/>'],
])('%s %s', (type, bytes, value) => {
  expect(one(hex(bytes))).toEqual({ type, value });
});

test('a type of the user’s own is told by its name, with its bytes', () => {
  const typed = Buffer.concat([hex('F0 00'), Buffer.of(3), utf16('sys'), Buffer.of(9), utf16('geography')]);
  const value = Buffer.concat([typed, parts(hex('E6 10'), 10)]);
  expect(one(value)).toEqual({ type: 'sys.geography', value: '0xE610' });
});

test('values have names: their own, or the declared', () => {
  const values = Buffer.concat([
    parameter.int(1),
    parameter.nvarchar('x'),
    parameter.int(null, { name: '@own', out: true }),
    parameter.raw(Buffer.concat([hex('26 04 00')])),
  ]);
  const declared = utf16('@a decimal(10, 2), @b nvarchar(10)output,@c int , @d int = null');
  expect(sqlserver.parameterValues(values, declared)).toEqual([
    { type: 'int', value: 1, name: '@a' },
    { type: 'nvarchar', value: 'x', name: '@b' },
    { type: 'int', value: null, name: '@own', output: true },
    { type: 'int', value: null, name: '@d' },
  ]);
});

test('what is left to its default says so', () => {
  const left = Buffer.concat([Buffer.of(0, 2), hex('26 04 00')]);
  expect(sqlserver.parameterValues(left, null)).toEqual([{ type: 'default' }]);
});

describe('a table', () => {
  const head = Buffer.concat([
    hex('F3 00'),
    Buffer.of(3),
    utf16('dbo'),
    Buffer.of(3),
    utf16('Ids'),
    u16(3),
    ...[hex('26 04'), Buffer.concat([hex('E7 FF FF'), hex(COLLATION)])].flatMap((type) => [
      u32(0),
      u16(0),
      type,
      Buffer.of(0),
    ]),
    // A column that its rows have no value for.
    u32(0),
    u16(0x0200),
    hex('26 04'),
    Buffer.of(0),
    hex('10 01 00 01 00 01'),
    hex('11 01 00 01 00'),
    Buffer.of(0),
  ]);
  const row = (id: number, text: string) =>
    Buffer.concat([Buffer.of(1, 4), u32(id), parts(utf16(text), 3), Buffer.alloc(0)]);
  const whole = Buffer.concat([head, row(1, 'eins'), row(2, ''), Buffer.of(0)]);

  test('is told with its columns and rows', () => {
    expect(one(whole)).toEqual({
      type: 'table dbo.Ids',
      value: {
        columns: ['int', 'nvarchar', 'int'],
        rows: [
          [1, 'eins', null],
          [2, '', null],
        ],
        count: 2,
      },
    });
  });

  test('that is long is told with its beginning and its number of rows', () => {
    const long = Buffer.concat([head, ...Array.from({ length: 100 }, (_, i) => row(i, 'x')), Buffer.of(0)]);
    const [value] = sqlserver.parameterValues(parameter.raw(long), null, { maxBytes: head.length + 60 });
    expect(value).toMatchObject({ value: { count: 100 }, truncated: long.length });
    expect(JSON.stringify(value).length).toBeLessThan(300);
  });

  test('may be none', () => {
    const none = Buffer.concat([head.subarray(0, 2), Buffer.of(0, 0), u16(0xffff), Buffer.of(0, 0)]);
    expect(one(none)).toEqual({ type: 'table', value: null });
  });
});

describe('limits', () => {
  test('long values are cut at a whole character', () => {
    const options = { maxBytes: 5 };
    expect(sqlserver.parameterValues(parameter.nvarchar('abcdef'), null, options)).toEqual([
      { type: 'nvarchar', value: 'ab', truncated: 12 },
    ]);
    expect(sqlserver.parameterValues(parameter.nvarchar('a🎉🎉'), null, { maxBytes: 8 })).toEqual([
      { type: 'nvarchar', value: 'a🎉', truncated: 10 },
    ]);
    expect(sqlserver.parameterValues(parameter.nvarcharMax('abcdef', { part: 2 }), null, options)).toMatchObject([
      { type: 'nvarchar', value: 'ab', truncated: 12 },
    ]);
    const binary = parameter.raw(Buffer.concat([hex('A5 40 1F'), u16(6), hex('00 01 02 03 04 05')]));
    expect(sqlserver.parameterValues(binary, null, options)).toEqual([
      { type: 'varbinary', hex: '0001020304', truncated: 6 },
    ]);
  });

  test('the beginning of what goes on elsewhere is shown as far as it goes', () => {
    const all = Buffer.concat([parameter.int(1), parameter.nvarcharMax('x'.repeat(100), { part: 150 })]);
    const shown = sqlserver.parameterValues(all.subarray(0, -60), null, { partial: true });
    expect(shown).toMatchObject([{ value: 1 }, { type: 'nvarchar', truncated: expect.any(Number) }]);
  });

  test('what is no list of parameters is shown in hex', () => {
    expect(sqlserver.parameterValues(Buffer.concat([parameter.int(1), hex('00 00 26')]), null)).toEqual([
      { type: 'int', value: 1 },
      { type: 'malformed', hex: '000026' },
    ]);
    expect(sqlserver.parameterValues(hex('00 00 99 01'), null)).toEqual([{ type: 'malformed', hex: '00009901' }]);
  });

  test('texts that are none are shown in hex', () => {
    expect(one(hex(`E7 08 00 ${COLLATION} 02 00 00 D8`))).toEqual({ type: 'nvarchar', hex: '00d8' });
    expect(one(hex(`A7 08 00 ${UTF8} 01 00 FF`))).toEqual({ type: 'varchar', hex: 'ff' });
  });

  test('nothing is thrown, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.boolean(),
        fc.integer({ min: 0, max: 20 }),
        (bytes, partial, max) => {
          sqlserver.parameterValues(bytes, bytes, { partial, maxBytes: max });
          sqlserver.procedureCall(bytes, { partial, maxBytes: max });
        },
      ),
    );
  });
});

describe('a call', () => {
  test('is told by name and by number', () => {
    expect(sqlserver.procedureCall(call('dbo.Foo', parameter.int(7, { name: '@x' })))).toEqual({
      text: 'dbo.Foo',
      values: [{ type: 'int', value: 7, name: '@x' }],
    });
    expect(sqlserver.procedureCall(call(7, parameter.int(7)))).toMatchObject({ text: 'sp_cursorfetch' });
    expect(sqlserver.procedureCall(call(99))).toEqual({ text: 'procedure 99', values: [] });
    expect(sqlserver.procedureCall(hex('05 00 41')).text).toBe('malformed call');
  });

  test.each([
    ['05 00 02 00', 'BEGIN TRANSACTION', [{ type: 'isolation level', value: 'read committed' }]],
    ['05 00 00 02 61 00', 'BEGIN TRANSACTION', [{ type: 'name', value: 'a' }]],
    ['07 00 00 00', 'COMMIT TRANSACTION', []],
    ['08 00 02 61 00 00', 'ROLLBACK TRANSACTION', [{ type: 'name', value: 'a' }]],
    [
      '07 00 00 01 04 00',
      'COMMIT TRANSACTION, BEGIN TRANSACTION',
      [{ type: 'isolation level', value: 'serializable' }],
    ],
    ['09 00 02 73 00', 'SAVE TRANSACTION', [{ type: 'name', value: 's' }]],
    ['63 00', 'transaction request 99', []],
  ])('of the transaction manager (%s)', (bytes, text, values) => {
    expect(sqlserver.procedureCall(Buffer.concat([hex('FF FF 0E FF'), hex(bytes)]))).toEqual({ text, values });
  });
});

test('numbers of 64 bits are read whole', () => {
  expect(one(Buffer.concat([hex('7F'), u64(1n << 40n)]))).toEqual({ type: 'bigint', value: 2 ** 40 });
});
