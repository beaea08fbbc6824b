/** Rows of every type and requests of every kind, in any packets and any chunks; and what is refused for good. */
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sqlserver } from '../src/index.ts';
import {
  call,
  client,
  hex,
  parameter,
  parts,
  server,
  token,
  type,
  u16,
  u32,
  u64,
  utf16,
  value,
} from './support/sqlserver-craft.ts';
import { done, Play } from './support/sqlserver-play.ts';

const { DoneStatus, PacketType } = sqlserver;

describe('rows', () => {
  const COLLATION = hex('09 04 D0 00 34');
  const named = (...names: readonly string[]) =>
    Buffer.concat(names.flatMap((name) => [Buffer.of(name.length), utf16(name)]));
  const assembly = Buffer.concat([u16(3), utf16('asm')]);
  const table = Buffer.concat([Buffer.of(2), u16(3), utf16('dbo'), u16(1), utf16('t')]);
  const pointer = Buffer.concat([Buffer.of(16), Buffer.alloc(24)]);
  /** Each type, its values with and without content. */
  const kinds: readonly (readonly [string, Buffer, readonly Buffer[]])[] = [
    ['bigint', hex('7F'), [u64(1)]],
    ['bit', hex('68 01'), [hex('01 01'), hex('00')]],
    ['decimal', hex('6A 11 26 02'), [hex('05 01 01 00 00 00'), hex('00')]],
    ['date', hex('28'), [hex('03 01 02 03'), hex('00')]],
    ['datetime2', hex('2A 07'), [hex('08 01 02 03 04 05 06 07 08'), hex('00')]],
    ['varbinary', hex('A5 40 1F'), [hex('02 00 CA FE'), hex('FF FF')]],
    ['varchar', Buffer.concat([hex('A7 40 1F'), COLLATION]), [hex('01 00 61'), hex('FF FF'), hex('00 00')]],
    ['varchar(max)', Buffer.concat([hex('A7 FF FF'), COLLATION]), [parts(Buffer.from('text'), 3), u64(2n ** 64n - 1n)]],
    [
      'text',
      Buffer.concat([hex('23 FF FF FF 7F'), COLLATION, table]),
      [Buffer.concat([pointer, u32(2), hex('61 62')]), hex('00')],
    ],
    ['image', Buffer.concat([hex('22 FF FF FF 7F'), table]), [Buffer.concat([pointer, u32(0)]), hex('00')]],
    ['sql_variant', hex('62 49 1F 00 00'), [hex('06 00 00 00 38 00 01 00 00 00'), u32(0)]],
    ['xml', hex('F1 00'), [parts(utf16('<a/>'), 4, true), u64(2n ** 64n - 1n)]],
    [
      'xml with a schema',
      Buffer.concat([hex('F1 01'), named('d', 'o'), u16(1), utf16('c')]),
      [parts(utf16('<a/>'), 4)],
    ],
    [
      'a type of the user’s own',
      Buffer.concat([hex('F0'), u16(0xffff), named('d', 's', 't'), assembly]),
      [parts(hex('01'), 1)],
    ],
  ];

  test.each(kinds)('of %s are passed over', (_name, described, samples) => {
    const play = new Play();
    play.client(client.batch('x'));
    const rows = samples.map((sample) => token.row(sample, value.int(1)));
    const response = [token.columns(described, type.int), ...rows, token.nullableRow(null, value.int(2))];
    expect(play.server(server.response([...response, token.done(DoneStatus.count, { rows: 9 })]))).toEqual([
      `outcome 1.0 done rows 9 in 0 out ${Buffer.concat(rows).length + 6} 'SELECT'`,
    ]);
  });

  test('of all types tell the same in any packets and any chunks', () => {
    const described = token.columns(...kinds.map(([, one]) => one));
    const row = (index: number) =>
      token.row(...kinds.map(([, , samples]) => samples[index % samples.length] ?? hex('00')));
    const tokens = [
      described,
      ...Array.from({ length: 6 }, (_, index) => row(index)),
      token.nullableRow(...kinds.map(([, , samples], index) => (index % 3 === 0 ? null : (samples[0] ?? null)))),
      token.nullableRow(...kinds.map(() => null)),
      token.error(50_000),
      token.info(),
      token.done(DoneStatus.count | DoneStatus.error, { rows: 8 }),
    ];
    const told = (packetBytes: number, sizes: readonly number[]): string[] => {
      const play = new Play();
      play.client(client.batch('x'));
      const response = server.response(tokens, packetBytes);
      for (let at = 0, i = 0; at < response.length; i++) {
        const size = sizes[i % sizes.length] ?? 1;
        expect(play.session.fromServer(response.subarray(at, at + size))).toBeNull();
        at += size;
      }
      expect(play.session.idle).toBe(true);
      return play.events.lines;
    };
    const whole = told(32_000, [100_000]);
    expect(whole.at(-1)).toMatch(/^outcome 1.0 error rows 8 in 0 out \d+ '50000'$/);
    fc.assert(
      fc.property(
        fc.integer({ min: 9, max: 600 }),
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 20 }),
        (packetBytes, sizes) => {
          expect(told(packetBytes, sizes)).toEqual(whole);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('come from one server: a session that is sent elsewhere is refused', () => {
    for (const change of [sqlserver.EnvChange.routing, sqlserver.EnvChange.enhancedRouting]) {
      const play = new Play();
      play.client(client.batch('x'));
      expect(play.session.fromServer(server.response([token.transaction(change)]))).toMatchObject({ side: 'server' });
    }
  });

  test('nobody asked for are refused', () => {
    const play = new Play();
    const rows = server.response([token.columns(type.int), token.row(value.int(1)), token.done(0)]);
    expect(play.session.fromServer(rows)).toMatchObject({ side: 'server' });
    // But the server may say that it shuts down.
    const shutdown = server.response([token.error(6005), token.done(DoneStatus.error)]);
    expect(new Play().server(shutdown)).toEqual([]);
  });
});

describe('requests', () => {
  const table = Buffer.concat([
    hex('F3 00 00 03'),
    utf16('Ids'),
    u16(2),
    ...[hex('26 04'), Buffer.concat([hex('E7 FF FF'), hex('09 04 D0 00 34')])].flatMap((one) => [
      u32(0),
      u16(0),
      one,
      hex('00'),
    ]),
    hex('10 01 00 01 00 01 11 01 00 01 00 00'),
    ...[1, 2, 3].flatMap((id) => [hex('01 04'), u32(id), parts(utf16('abc'), 4)]),
    hex('00'),
  ]);
  const messages = (packetBytes: number) =>
    Buffer.concat([
      client.batch('select N’1’', { packetBytes }),
      client.rpc(
        [
          call(
            10,
            parameter.nvarcharMax('select @t', { part: 5 }),
            parameter.nvarchar('@t dbo.Ids readonly'),
            parameter.raw(table),
          ),
          call(
            'dbo.other',
            parameter.ntext('text'),
            parameter.varchar('x'),
            parameter.raw(hex('62 49 1F 00 00 00 00 00 00')),
          ),
          call(
            13,
            parameter.int(null, { out: true }),
            parameter.nvarchar('@p int'),
            parameter.nvarchar('s'),
            parameter.int(1),
          ),
        ],
        { packetBytes },
      ),
      client.transaction(hex('07 00 00 00'), { packetBytes }),
      client.attention(),
    ]);

  test('tell the same in any packets and any chunks', () => {
    const told = (packetBytes: number, sizes: readonly number[]): string[] => {
      const play = new Play();
      const all = messages(packetBytes);
      for (let at = 0, i = 0; at < all.length; i++) {
        const size = sizes[i % sizes.length] ?? 1;
        expect(play.session.fromClient(all.subarray(at, at + size))).toBeNull();
        at += size;
      }
      return play.events.lines;
    };
    const whole = told(4096, [100_000]);
    expect(whole).toHaveLength(10);
    fc.assert(
      fc.property(
        fc.integer({ min: 9, max: 600 }),
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 20 }),
        (packetBytes, sizes) => {
          expect(told(packetBytes, sizes)).toEqual(whole);
        },
      ),
      { numRuns: 300 },
    );
  });

  test.each<[string, Buffer]>([
    ['another login', client.raw(PacketType.login7, Buffer.alloc(94))],
    ['a federated token', client.raw(PacketType.fedAuthToken, Buffer.alloc(8))],
    ['an unknown type', client.raw(0x55, Buffer.alloc(8))],
    ['a message within another', Buffer.concat([hex('01 00 00 08 00 00 01 00'), client.attention()])],
    ['an attention with content', client.raw(PacketType.attention, Buffer.alloc(1))],
    ['a packet shorter than its header', hex('01 01 00 07 00 00 01 00')],
    ['headers longer than they say', client.raw(PacketType.batch, hex('0A 00 00 00 12 00 00 00 02 00 41 00'))],
    ['headers that do not end', client.raw(PacketType.batch, hex('16 00 00 00'))],
    ['headers of no type', client.raw(PacketType.batch, hex('0A 00 00 00 06 00 00 00 09 00 41 00'))],
    ['a procedure without a name', client.rpc([hex('00 00 00 00')])],
    ['a parameter of no type', client.rpc([call('a', hex('00 00 99'))])],
    ['a parameter cut short', client.rpc([call('a', hex('00 00 26 04 04 01'))])],
    ['an empty transaction request', client.transaction(Buffer.alloc(0))],
  ])('with %s are refused for good', (_what, bytes) => {
    const { session } = new Play();
    const refused = session.fromClient(bytes);
    expect(refused).toMatchObject({ side: 'client', code: '08P01' });
    expect(session.fromClient(client.batch('select 1'))).toBe(refused);
    expect(session.fromServer(done)).toBe(refused);
  });
});
