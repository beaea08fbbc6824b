import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProtocolError, postgres } from '../src/index.ts';
import { craft, int32, text } from './support/craft.ts';

const body = (message: Uint8Array) => message.subarray(5);

describe('messages, as the protocol’s page writes them', () => {
  test.each([
    ['authenticationOk', postgres.authenticationOk(), craft('R', int32(0))],
    ['cleartext', postgres.authenticationCleartextPassword(), craft('R', int32(3))],
    ['SASL', postgres.authenticationSasl(['A', 'B']), craft('R', int32(10), text('A'), text('B'), Buffer.of(0))],
    ['SASL continue', postgres.authenticationSaslContinue(Buffer.from('x')), craft('R', int32(11), 'x')],
    ['SASL final', postgres.authenticationSaslFinal(Buffer.from('x')), craft('R', int32(12), 'x')],
    ['password', postgres.passwordMessage('pw'), craft('p', text('pw'))],
    ['SASL initial', postgres.saslInitialResponse('M', Buffer.from('xy')), craft('p', text('M'), int32(2), 'xy')],
    ['SASL response', postgres.saslResponse(Buffer.from('xy')), craft('p', 'xy')],
    ['parameter', postgres.parameterStatus('TimeZone', 'UTC'), craft('S', text('TimeZone'), text('UTC'))],
    ['key', postgres.backendKeyData({ processId: 5, secret: Buffer.from('abcd') }), craft('K', int32(5), 'abcd')],
    ['ready', postgres.readyForQuery('T'), craft('Z', 'T')],
    [
      'negotiate',
      postgres.negotiateProtocolVersion(2, ['_pq_.a']),
      craft('v', int32(0x30002), int32(1), text('_pq_.a')),
    ],
    ['terminate', postgres.terminate(), craft('X')],
    [
      'error',
      postgres.fatal('57P01', 'cut', { detail: 'd', hint: 'h' }),
      craft('E', text('SFATAL'), text('VFATAL'), text('C57P01'), text('Mcut'), text('Dd'), text('Hh'), Buffer.of(0)),
    ],
  ])('%s', (_what, built, expected) => {
    expect(built).toEqual(expected);
  });

  test('read back', () => {
    expect(postgres.readAuthentication(body(postgres.authenticationSasl(['A', 'B'])))).toEqual({
      kind: 'sasl',
      mechanisms: ['A', 'B'],
    });
    expect(postgres.readAuthentication(Buffer.concat([int32(5), Buffer.from('salt')]))).toEqual({
      kind: 'md5Password',
      salt: Buffer.from('salt'),
    });
    expect(postgres.readAuthentication(int32(7))).toEqual({ kind: 'unsupported', code: 7 });
    expect(postgres.readPasswordMessage(body(postgres.passwordMessage('pä')))).toBe('pä');
    expect(postgres.readSaslInitialResponse(Buffer.concat([text('M'), int32(-1)]))).toEqual({
      mechanism: 'M',
      data: null,
    });
    const key = { processId: 9, secret: Buffer.alloc(32, 1) };
    expect(postgres.readBackendKeyData(body(postgres.backendKeyData(key)))).toEqual(key);
    expect(postgres.readReadyForQuery(body(postgres.readyForQuery('E')))).toBe('E');
    expect(postgres.readNegotiateProtocolVersion(body(postgres.negotiateProtocolVersion(2, ['x'])))).toEqual({
      minor: 2,
      unknownOptions: ['x'],
    });
    expect(postgres.readParameterStatus(body(postgres.parameterStatus('a', 'b')))).toEqual({ name: 'a', value: 'b' });
  });

  test('keys of another length can’t be built', () => {
    for (const length of [3, 257]) {
      expect(() => postgres.backendKeyData({ processId: 1, secret: Buffer.alloc(length) })).toThrow(RangeError);
    }
  });
});

describe('errors', () => {
  /** Lone surrogates, NULs and all. */
  const anyText = fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) });

  test('get through whatever their text is', () => {
    fc.assert(
      fc.property(anyText, anyText, (message, detail) => {
        const built = postgres.fatal('57P01', message, { detail });
        expect(built.readUInt32BE(1)).toBe(built.length - 1);
        const read = postgres.readErrorResponse(body(built));
        const sent = (value: string) => value.replaceAll('\0', '').toWellFormed();
        expect(read).toEqual({ severity: 'FATAL', code: '57P01', message: sent(message), detail: sent(detail) });
      }),
    );
  });

  test('are bounded, and never without a SQLSTATE', () => {
    expect(postgres.fatal('57P01', 'x'.repeat(1e6)).length).toBeLessThan(5000);
    expect(postgres.readErrorResponse(body(postgres.fatal('bad', 'x'))).code).toBe('XX000');
  });

  test('of poolers that leave fields out are read too', () => {
    expect(postgres.readErrorResponse(Buffer.from('SERROR\0Mno SQLSTATE'))).toEqual({
      severity: 'ERROR',
      code: 'XX000',
      message: 'no SQLSTATE',
    });
    expect(postgres.readErrorResponse(Buffer.alloc(0))).toEqual({ severity: 'ERROR', code: 'XX000', message: '' });
  });
});

describe('readers', () => {
  const readers: readonly (readonly [string, (bytes: Uint8Array) => unknown, Uint8Array])[] = [
    ['readAuthentication', postgres.readAuthentication, body(postgres.authenticationSasl(['SCRAM-SHA-256']))],
    ['readPasswordMessage', postgres.readPasswordMessage, body(postgres.passwordMessage('secret'))],
    [
      'readSaslInitialResponse',
      postgres.readSaslInitialResponse,
      body(postgres.saslInitialResponse('M', Buffer.from('x'))),
    ],
    ['readErrorResponse', postgres.readErrorResponse, body(postgres.fatal('57P01', 'x'))],
    ['readParameterStatus', postgres.readParameterStatus, body(postgres.parameterStatus('a', 'b'))],
    [
      'readBackendKeyData',
      postgres.readBackendKeyData,
      body(postgres.backendKeyData({ processId: 1, secret: Buffer.alloc(4) })),
    ],
    ['readReadyForQuery', postgres.readReadyForQuery, body(postgres.readyForQuery('I'))],
    [
      'readNegotiateProtocolVersion',
      postgres.readNegotiateProtocolVersion,
      body(postgres.negotiateProtocolVersion(2, ['a'])),
    ],
  ];

  test.each(readers)('%s refuses a message cut short, and throws nothing else on any bytes', (name, read, whole) => {
    const attempt = (bytes: Uint8Array): boolean => {
      try {
        read(bytes);
        return true;
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
        return false;
      }
    };
    expect(attempt(whole)).toBe(true);
    // An error is read leniently: what is there of it counts.
    for (let length = 0; length < whole.length; length++) {
      expect(attempt(whole.subarray(0, length))).toBe(name === 'readErrorResponse');
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => void attempt(bytes)));
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const mutated = Buffer.from(whole);
        mutated[at] = byte;
        attempt(mutated);
      }),
    );
  });

  test('a password’s text is in no error', () => {
    expect(() => postgres.readPasswordMessage(Buffer.from('hunter2'))).toThrow(/^invalid password message: /);
  });
});

describe('the handshake reader', () => {
  test('gathers messages whatever the chunks', () => {
    const messages = [craft('R', int32(0)), craft('S', text('a'), text('b')), craft('Z', 'I')];
    const stream = Buffer.concat([...messages, Buffer.from('rest')]);
    for (let size = 1; size < stream.length; size++) {
      const reader = new postgres.HandshakeReader('server');
      const read: Buffer[] = [];
      for (let at = 0; at < stream.length; at += size) {
        reader.push(stream.subarray(at, at + size));
        if (read.length === 3) continue;
        for (let message = reader.message(); message !== null; message = reader.message()) {
          read.push(craft(String.fromCharCode(message.type), message.body));
          if (read.length === 3) break;
        }
      }
      expect(read).toEqual(messages);
      expect(reader.rest().toString()).toBe('rest');
    }
  });

  test('refuses what is longer than a handshake’s messages are, before it has come', () => {
    const reader = new postgres.HandshakeReader('client', 100);
    reader.push(Buffer.concat([Buffer.from('p'), int32(105)]));
    expect(() => reader.message()).toThrow(ProtocolError);
    const short = new postgres.HandshakeReader('client');
    short.push(Buffer.concat([Buffer.from('p'), int32(3)]));
    expect(() => short.message()).toThrow(ProtocolError);
  });

  test('refuses a peer that sends on and on', () => {
    const reader = new postgres.HandshakeReader('client');
    expect(() => {
      for (let i = 0; i < 100; i++) reader.push(Buffer.alloc(65_536));
    }).toThrow(ProtocolError);
  });
});
