/** The messages of a login, against the examples of MS-TDS (section 4) and the other way round. */
import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProtocolError, sqlserver } from '../src/index.ts';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

/** MS-TDS 4.1: a client's PRELOGIN. */
const PRELOGIN = hex(`
  12 01 00 2F 00 00 01 00 00 00 1A 00 06 01 00 20 00 01 02 00 21 00 01 03 00 22 00 04 04 00 26 00 01 FF
  09 00 00 00 00 00 01 00 B8 0D 00 00 01`);

/** MS-TDS 4.2: a client's LOGIN7 of version 7.2. */
const LOGIN7 = hex(`
  10 01 00 90 00 00 01 00 88 00 00 00 02 00 09 72 00 10 00 00 00 00 00 07 00 01 00 00 00 00 00 00 E0 03 00 00 E0 01
  00 00 09 04 00 00 5E 00 08 00 6E 00 02 00 72 00 00 00 72 00 07 00 80 00 00 00 80 00 00 00 80 00 04 00 88 00 00 00
  88 00 00 00 00 50 8B E2 B7 8F 88 00 00 00 88 00 00 00 88 00 00 00 00 00 00 00 73 00 6B 00 6F 00 73 00 74 00 6F 00
  76 00 31 00 73 00 61 00 4F 00 53 00 51 00 4C 00 2D 00 33 00 32 00 4F 00 44 00 42 00 43 00`);

function message(bytes: Buffer): sqlserver.RawMessage {
  const reader = new sqlserver.MessageReader('client');
  reader.push(bytes);
  const read = reader.message();
  if (read === null) throw new Error('no message');
  return read;
}

const login: sqlserver.Login7 = {
  version: sqlserver.TdsVersion.v74,
  packetBytes: 4096,
  programVersion: 7,
  processId: 1,
  connectionId: 0,
  flags: [0xe0, 0x03, 0, 0x10],
  timeZone: -120,
  lcid: 0x409,
  hostName: 'här',
  userName: 'alice.g7k2m',
  password: 'pässword 🙂',
  applicationName: 'app',
  serverName: 'server.example',
  libraryName: 'lib',
  language: '',
  database: 'orders',
  clientId: Buffer.from('010203040506', 'hex'),
  features: [
    { id: sqlserver.FeatureId.sessionRecovery, data: Buffer.alloc(0) },
    { id: sqlserver.FeatureId.utf8Support, data: Buffer.of(1) },
    { id: sqlserver.FeatureId.enhancedRouting, data: Buffer.alloc(0) },
  ],
};

describe('packets', () => {
  test('carry any message in any size, and come together again from any chunks', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 3000 }),
        fc.integer({ min: 9, max: 700 }),
        fc.integer({ min: 1, max: 900 }),
        (body, size, step) => {
          const stream = Buffer.concat([sqlserver.packets(3, body, size, 8), sqlserver.packets(1, body)]);
          const reader = new sqlserver.MessageReader('client', 4096);
          const read: sqlserver.RawMessage[] = [];
          if (Math.ceil(body.length / (size - 8)) > 1024) return;
          for (let at = 0; at < stream.length; at += step) {
            reader.push(stream.subarray(at, at + step));
            for (let next = reader.message(); next !== null; next = reader.message()) read.push(next);
          }
          expect(read.map(({ type, status }) => [type, status])).toEqual([
            [3, 9],
            [1, 1],
          ]);
          for (const { body: got } of read) expect(got.equals(Buffer.from(body))).toBe(true);
          expect(reader.waiting).toBe(0);
        },
      ),
    );
  });

  test.each([
    ['a length below its header', '12 01 00 07 00 00 00 00'],
    ['a length above the largest', '12 01 80 00 00 00 00 00'],
    ['another type in the middle of a message', '12 00 00 09 00 00 01 00 00 10 01 00 09 00 00 02 00 00'],
  ])('with %s are refused', (_what, bytes) => {
    expect(() => message(hex(bytes))).toThrow(ProtocolError);
  });

  test('without end are refused', () => {
    const reader = new sqlserver.MessageReader('client', 1000);
    reader.push(hex('12 00 7f ff 00 00 01 00'));
    expect(() => reader.message()).toThrow('too large');
    const endless = new sqlserver.MessageReader('client', 1000);
    endless.push(Buffer.concat(Array.from({ length: 1100 }, () => hex('12 00 00 08 00 00 01 00'))));
    expect(() => endless.message()).toThrow('too large');
  });
});

describe('PRELOGIN', () => {
  test('is read as MS-TDS has it, and written the same', () => {
    const { type, body } = message(PRELOGIN);
    expect(type).toBe(sqlserver.PacketType.prelogin);
    const prelogin = sqlserver.readPrelogin(body, 'client');
    expect(prelogin).toMatchObject({
      version: { major: 9, minor: 0, build: 0, sub: 0 },
      encryption: sqlserver.Encryption.on,
      instance: '',
      thread: 0xb80d0000,
      mars: true,
      fedAuthRequired: null,
    });
    expect(sqlserver.writePrelogin(prelogin).equals(body)).toBe(true);
  });

  test('is answered without several result sets at once', () => {
    const version = { major: 16, minor: 0, build: 1000, sub: 0 };
    const answer = sqlserver.preloginAnswer(version, sqlserver.Encryption.required, 1);
    expect(sqlserver.readPrelogin(answer, 'server')).toMatchObject({
      version,
      encryption: sqlserver.Encryption.required,
      mars: false,
      fedAuthRequired: 1,
    });
  });

  test.each([
    ['no end', '00 00 06 00 06'],
    ['a place beyond its end', '00 00 06 00 07 ff 09 00 00 00 00 00'],
    ['no version', '01 00 06 00 01 ff 01'],
    ['an option twice', '01 00 0b 00 01 01 00 0b 00 01 ff 01'],
  ])('with %s is refused', (_what, bytes) => {
    expect(() => sqlserver.readPrelogin(hex(bytes), 'client')).toThrow(ProtocolError);
  });
});

describe('LOGIN7', () => {
  test('is read as MS-TDS has it, and written the same', () => {
    const read = sqlserver.readLogin7(message(LOGIN7).body);
    expect(read).toMatchObject({
      version: sqlserver.TdsVersion.v72,
      packetBytes: 4096,
      hostName: 'skostov1',
      userName: 'sa',
      password: '',
      applicationName: 'OSQL-32',
      serverName: '',
      libraryName: 'ODBC',
      database: '',
      lcid: 0x409,
      timeZone: 0x1e0,
      features: null,
    });
    expect(sqlserver.writeLogin7(read).equals(message(LOGIN7).body)).toBe(true);
  });

  test.each([
    ['7.1', sqlserver.TdsVersion.v71],
    ['7.4', sqlserver.TdsVersion.v74],
    ['8.0', sqlserver.TdsVersion.v80],
  ])('of %s is read as it was written', (_name, version) => {
    const old = version === sqlserver.TdsVersion.v71;
    const written = { ...login, version, features: old ? null : login.features };
    const read = sqlserver.readLogin7(sqlserver.writeLogin7(written));
    expect(read).toEqual({ ...written, flags: [0xe0, 0x03, 0, old ? 0 : 0x10] });
  });

  test('keeps all but what is exchanged', () => {
    const read = sqlserver.readLogin7(sqlserver.writeLogin7(login));
    const upstream = {
      ...read,
      userName: 'p_alice',
      password: 'other',
      database: 'd',
      features: [...(sqlserver.upstreamFeatures(read.features) ?? []), sqlserver.fedAuthFeature('token', true)],
    };
    const sent = sqlserver.readLogin7(sqlserver.writeLogin7(upstream));
    expect(sent).toEqual(upstream);
    expect(sent.features?.map(({ id }) => id)).toEqual([sqlserver.FeatureId.utf8Support, sqlserver.FeatureId.fedAuth]);
    expect(sqlserver.fedAuthOf(sent.features)).toEqual({
      library: 'securityToken',
      echo: true,
      token: 'token',
      nonce: null,
    });
  });

  test('hides the password no better than MS-TDS says', () => {
    // 'a' is 61 00: nibbles swapped 16 00, flipped b3 a5.
    const body = sqlserver.writeLogin7({ ...login, password: 'a' });
    expect(body.includes(Buffer.from('b3a5', 'hex'))).toBe(true);
  });

  const changed = (change: (body: Buffer) => void): Buffer => {
    const body = Buffer.from(sqlserver.writeLogin7(login));
    change(body);
    return body;
  };
  test.each([
    ['Windows authentication', (body: Buffer) => body.writeUInt8(0x83, 25), '0A000'],
    ['a SSPI blob', (body: Buffer) => body.writeUInt16LE(4, 80), '0A000'],
    ['a new password', (body: Buffer) => body.writeUInt8(0x11, 27), '0A000'],
    ['a database file', (body: Buffer) => body.writeUInt16LE(1, 84), '0A000'],
    ['big-endian numbers', (body: Buffer) => body.writeUInt8(0xe1, 24), '0A000'],
    ['TDS 7.0', (body: Buffer) => body.writeUInt32LE(0x70000000, 4), '0A000'],
    ['a length that lies', (body: Buffer) => body.writeUInt32LE(94, 0), '08P01'],
    ['a text beyond the end', (body: Buffer) => body.writeUInt16LE(0xfff0, 36), '08P01'],
    ['a text too long', (body: Buffer) => body.writeUInt16LE(129, 38), '08P01'],
  ])('with %s is refused', (_what, change, code) => {
    expect(() => sqlserver.readLogin7(changed(change))).toThrow(expect.objectContaining({ code, side: 'client' }));
  });

  test('is not written with texts that servers would cut', () => {
    expect(() => sqlserver.writeLogin7({ ...login, password: 'x'.repeat(129) })).toThrow(RangeError);
  });
});

describe('federated authentication', () => {
  test('by a library: the server says whose token, the client sends it', () => {
    const info = { stsUrl: 'https://login.example/tenant', spn: 'https://database.example/' };
    const [token] = sqlserver.readLoginResponse(sqlserver.fedAuthInfo(info), sqlserver.TdsVersion.v74);
    expect(token).toMatchObject({ kind: 'fedAuthInfo', info });
    const sent = { token: 'ey.J0', nonce: Buffer.alloc(32, 7) };
    expect(sqlserver.readFedAuthToken(sqlserver.writeFedAuthToken(sent))).toEqual(sent);
    const workflow = { id: sqlserver.FeatureId.fedAuth, data: Buffer.of(0x05, 0x01) };
    expect(sqlserver.fedAuthOf([workflow])).toEqual({ library: 'adal', echo: true, workflow: 1 });
    expect(() => sqlserver.fedAuthOf([{ ...workflow, data: Buffer.of(0) }])).toThrow(ProtocolError);
    expect(sqlserver.fedAuthOf(null)).toBeNull();
  });
});

describe('a login’s response', () => {
  /** As MS-TDS 4.3 shapes it: database, message, LOGINACK, packet size, DONE. */
  const ack = Buffer.from('Microsoft SQL Server\0\0', 'utf16le');
  const loginAck = Buffer.concat([hex('AD 36 00 01 74 00 00 04 16'), ack, hex('10 00 03 E8')]);
  const routing = hex('E3 13 00 14 0C 00 00 39 30 03 00 61 00 2E 00 62 00 00 00');

  test('is read token by token', () => {
    const { v74 } = sqlserver.TdsVersion;
    loginAck.writeUInt16LE(loginAck.length - 3, 1);
    routing.writeUInt16LE(routing.length - 3, 1);
    routing.writeUInt16LE(routing.length - 8, 4);
    const response = Buffer.concat([
      sqlserver.changeToken(sqlserver.EnvChange.database, 'orders', 'master'),
      sqlserver.infoToken(v74, { number: 5701, state: 2, severity: 0, message: 'Changed', server: 'S' }),
      hex('E3 08 00 07 05 09 04 D0 00 34 00'),
      loginAck,
      sqlserver.changeToken(sqlserver.EnvChange.packetSize, '8000', '4096'),
      sqlserver.featureAckToken([{ id: sqlserver.FeatureId.utf8Support, data: Buffer.of(1) }]),
      routing,
      sqlserver.errorResponse(v74, { number: 18456, state: 1, severity: 14, message: 'Login failed' }),
    ]);
    const tokens = sqlserver.readLoginResponse(response, v74);
    expect(Buffer.concat(tokens.map(({ bytes }) => bytes)).equals(response)).toBe(true);
    expect(tokens.map(({ bytes: _bytes, ...rest }) => rest)).toMatchObject([
      { kind: 'change', type: 1, value: 'orders', old: 'master' },
      { kind: 'info', message: { number: 5701, message: 'Changed', server: 'S' } },
      { kind: 'change', type: 7 },
      { kind: 'loginAck', version: v74, program: 'Microsoft SQL Server' },
      { kind: 'change', type: 4, value: '8000', old: '4096' },
      { kind: 'features', features: [{ id: 0x0a }] },
      { kind: 'routing', routing: { server: 'a.b', port: 12345, database: null } },
      { kind: 'error', message: { number: 18456, severity: 14, message: 'Login failed', line: 0 } },
      { kind: 'done', status: sqlserver.DoneStatus.error },
    ]);
  });

  test('in 7.1 has shorter tokens', () => {
    const { v71 } = sqlserver.TdsVersion;
    const response = sqlserver.errorResponse(v71, { number: 1, state: 1, severity: 14, message: 'm' });
    expect(sqlserver.readLoginResponse(response, v71).map(({ kind }) => kind)).toEqual(['error', 'done']);
    expect(response.at(-9)).toBe(sqlserver.Token.done);
  });

  test.each([
    ['cut short', hex('E3 1B 00 01')],
    ['with an unknown token', hex('01')],
    ['that routes to no port', hex('E3 0B 00 14 08 00 00 00 00 00 00 00 00 00')],
  ])('%s is refused', (_what, bytes) => {
    expect(() => sqlserver.readLoginResponse(bytes, sqlserver.TdsVersion.v74)).toThrow(
      expect.objectContaining({ side: 'server' }),
    );
  });
});
