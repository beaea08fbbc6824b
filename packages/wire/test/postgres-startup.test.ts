import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProtocolError, postgres } from '../src/index.ts';
import { int32, text } from './support/craft.ts';

/** A packet of the start-up phase: its length, then the fields. */
function packet(...fields: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(fields);
  return Buffer.concat([int32(body.length + 4), body]);
}

const startup = (minor: number, ...parameters: readonly string[]) =>
  packet(int32((3 << 16) | minor), ...parameters.map(text), Buffer.of(0));

function read(bytes: Uint8Array): postgres.StartupPacket | null {
  const reader = new postgres.HandshakeReader('client');
  reader.push(bytes);
  return reader.startup();
}

function refused(bytes: Uint8Array): ProtocolError {
  try {
    read(bytes);
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('the first packet', () => {
  test('SSLRequest, GSSENCRequest, direct TLS', () => {
    expect(read(Buffer.from('0000000804d2162f', 'hex'))).toEqual({ kind: 'ssl' });
    expect(read(Buffer.from('0000000804d21630', 'hex'))).toEqual({ kind: 'gssenc' });
    expect(read(Buffer.of(0x16))).toEqual({ kind: 'tls' });
    expect(postgres.sslRequest()).toEqual(Buffer.from('0000000804d2162f', 'hex'));
  });

  test('CancelRequest with keys of 4 to 256 bytes', () => {
    for (const length of [4, 32, 256]) {
      const key = { processId: -7, secret: Buffer.alloc(length, 0xab) };
      expect(read(postgres.cancelRequest(key))).toEqual({ kind: 'cancel', ...key });
    }
    for (const length of [0, 3, 257]) {
      expect(refused(packet(int32(80877102), int32(1), Buffer.alloc(length))).code).toBe('08P01');
    }
  });

  test('StartupMessage 3.0', () => {
    expect(read(startup(0, 'user', 'alice.g7k2m', 'database', 'orders', 'application_name', 'psql'))).toEqual({
      kind: 'startup',
      user: 'alice.g7k2m',
      database: 'orders',
      parameters: new Map([['application_name', 'psql']]),
      replication: false,
      minor: 0,
      negotiate: null,
    });
  });

  test('the database defaults to the user', () => {
    expect(read(startup(0, 'user', 'u'))).toMatchObject({ database: 'u' });
    expect(read(startup(0, 'user', 'u', 'database', ''))).toMatchObject({ database: 'u' });
  });

  test.each([
    [0, 0, null],
    [1, 0, null],
    [2, 2, null],
    [3, 2, { minor: 2, unknownOptions: [] }],
    [9999, 2, { minor: 2, unknownOptions: [] }],
  ])('minor version %i becomes %i', (asked, minor, negotiate) => {
    expect(read(startup(asked, 'user', 'u'))).toMatchObject({ minor, negotiate });
  });

  test('protocol options that we don’t know are negotiated away', () => {
    expect(read(startup(0, 'user', 'u', '_pq_.compression', 'zstd'))).toMatchObject({
      minor: 0,
      negotiate: { minor: 0, unknownOptions: ['_pq_.compression'] },
      parameters: new Map(),
    });
  });

  test.each([
    ['true', true],
    ['database', true],
    ['1', true],
    ['anything', true],
    ['off', false],
    ['FALSE', false],
    ['0', false],
    ['no', false],
  ])('replication=%s', (value, replication) => {
    expect(read(startup(0, 'user', 'u', 'replication', value))).toMatchObject({ replication, parameters: new Map() });
  });

  test.each([
    ['a length below eight', Buffer.from('00000007ffffff', 'hex'), '08P01'],
    ['a length above PostgreSQL’s limit', int32(10_005), '08P01'],
    ['a gigabyte', int32(0x40000000), '08P01'],
    ['a negative length', int32(-1), '08P01'],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n'), '08P01'],
    ['protocol 2', packet(int32(2 << 16)), '0A000'],
    ['protocol 4', packet(int32(4 << 16)), '0A000'],
    ['SSLRequest with more', packet(int32(80877103), Buffer.of(0)), '08P01'],
    ['no user', startup(0, 'database', 'd'), '28000'],
    ['an empty user', startup(0, 'user', ''), '28000'],
    ['no terminator', packet(int32(3 << 16), text('user'), text('u')), '08P01'],
    ['a terminator too early', packet(int32(3 << 16), text('user'), text('u'), Buffer.of(0, 0)), '08P01'],
    ['a name without value', packet(int32(3 << 16), text('user')), '08P01'],
    ['text without end', packet(int32(3 << 16), Buffer.from('user')), '08P01'],
    ['a parameter twice', startup(0, 'user', 'a', 'user', 'b'), '08P01'],
    ['text that is not UTF-8', packet(int32(3 << 16), text('user'), Buffer.of(0xff, 0, 0)), '22021'],
  ])('%s is refused', (_what, bytes, code) => {
    expect(refused(bytes)).toMatchObject({ side: 'client', code });
  });

  test('may come byte by byte; what follows stays', () => {
    const bytes = startup(2, 'user', 'u');
    const reader = new postgres.HandshakeReader('client');
    for (const byte of bytes.subarray(0, -1)) {
      reader.push(Buffer.of(byte));
      expect(reader.startup()).toBeNull();
    }
    reader.push(Buffer.concat([bytes.subarray(-1), Buffer.from('early')]));
    expect(reader.startup()).toMatchObject({ kind: 'startup' });
    expect(reader.waiting).toBe(5);
    expect(reader.rest().toString()).toBe('early');
    expect(reader.waiting).toBe(0);
  });

  test('any bytes are a packet, incomplete, or a ProtocolError', () => {
    const start = fc.constantFrom(
      Buffer.alloc(0),
      startup(0, 'user', 'u'),
      Buffer.from('0000001004d2162e00000001', 'hex'),
    );
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 40 }), (begin, rest) => {
        try {
          read(Buffer.concat([begin, rest]));
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('towards the server', () => {
  const upstream = (...pairs: readonly string[]) =>
    postgres.upstreamParameters(
      new Map(pairs.flatMap((_, i) => (i % 2 === 0 ? [[pairs[i] ?? '', pairs[i + 1] ?? '']] : []))),
    );

  test('a startup message reads back', () => {
    const parameters = new Map([['client_encoding', 'UTF8']]);
    expect(read(postgres.startupMessage('alice', 'orders', parameters))).toMatchObject({
      user: 'alice',
      database: 'orders',
      parameters,
      minor: 0,
    });
  });

  test('a NUL in a name can’t smuggle another parameter', () => {
    expect(() => postgres.startupMessage('a\0database', 'd', new Map())).toThrow(RangeError);
  });

  test('what a SET could do too, passes', () => {
    const pairs = ['application_name', 'x', 'search_path', 'a,b', 'options', '-c statement_timeout=5s --work-mem=64MB'];
    expect([...upstream(...pairs)].flat()).toEqual(pairs);
    expect(upstream('options', '-cgeqo=off -c app.user=a\\ b').size).toBe(1);
  });

  test.each([
    ['role', 'postgres'],
    ['ROLE', 'postgres'],
    ['session_authorization', 'postgres'],
    ['session-authorization', 'postgres'],
    ['local_preload_libraries', 'x'],
    ['options', '-c role=postgres'],
    ['options', '-c Role=none'],
    ['options', '-crole=postgres'],
    ['options', '--role=postgres'],
    ['options', '--session-authorization=postgres'],
    ['options', '-c geqo=off -c r\\ole=postgres'],
    ['Options', '\t-c\nrole=postgres'],
    ['options', '-c'],
    ['options', '-c role'],
    ['options', '-c =x'],
    ['options', '-O'],
    ['options', '-ecrole=postgres'],
    ['options', '--'],
    ['options', 'postgres'],
  ])('%s=%s is refused', (name, value) => {
    expect(() => upstream(name, value)).toThrow(ProtocolError);
  });

  test('options split as PostgreSQL splits them', () => {
    // One word each: the escaped space belongs to the value.
    expect(upstream('options', '-c search_path=a,\\ role=b').size).toBe(1);
    expect(() => upstream('options', '-c search_path=a, --role=b')).toThrow(ProtocolError);
  });
});
