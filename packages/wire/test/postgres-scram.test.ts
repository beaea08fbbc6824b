import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProtocolError, postgres } from '../src/index.ts';

const SALT = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
const ITERATIONS = 4096;
const END_POINT = Buffer.alloc(32, 7);
const PLUS = postgres.SCRAM_SHA_256_PLUS;
const PLAIN = postgres.SCRAM_SHA_256;

const keys = postgres.scramKeys('pencil', SALT, ITERATIONS);
const others = ['a', 'b'].map((password) => postgres.verifierOf(postgres.scramKeys(password, SALT, ITERATIONS)));

function server(over: Partial<postgres.ScramServerOptions> = {}): postgres.ScramServer {
  const candidates = { salt: SALT, iterations: ITERATIONS, verifiers: [...others, postgres.verifierOf(keys)] };
  return new postgres.ScramServer({ candidates, nonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0', endPoint: null, ...over });
}

function client(over: Partial<postgres.ScramClientOptions> = {}): postgres.ScramClient {
  return new postgres.ScramClient({ nonce: 'rOprNGfwEbeRWgbNEkqO', offered: [PLAIN], endPoint: null, keys, ...over });
}

/** Plays a whole exchange; the verdict, with the client's check done when it was accepted. */
function play(us: postgres.ScramServer, them: postgres.ScramClient): postgres.ScramVerdict {
  const verdict = us.final(them.final(us.first(them.mechanism, them.first())));
  if (verdict.accepted) them.verify(verdict.message);
  return verdict;
}

const latin = (value: string) => Buffer.from(value, 'latin1');

describe('RFC 7677', () => {
  test('its example, on both sides', () => {
    const them = client({ user: 'user', keys: null, password: 'pencil' });
    const us = server();
    const clientFirst = them.first();
    expect(clientFirst.toString()).toBe('n,,n=user,r=rOprNGfwEbeRWgbNEkqO');
    const serverFirst = us.first(PLAIN, clientFirst);
    expect(serverFirst.toString()).toBe(
      'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    );
    const clientFinal = them.final(serverFirst);
    expect(clientFinal.toString()).toBe(
      'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    );
    const verdict = us.final(clientFinal);
    expect(verdict).toEqual({
      accepted: true,
      index: 2,
      message: Buffer.from('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='),
    });
    if (verdict.accepted) them.verify(verdict.message);
  });
});

describe('verifiers', () => {
  test('in PostgreSQL’s form', () => {
    expect(postgres.scramVerifier('pencil', SALT, ITERATIONS)).toBe(
      'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=',
    );
  });

  test('read back; what is none is null', () => {
    const text = postgres.formatVerifier(keys);
    expect(postgres.parseVerifier(text)).toEqual({ salt: SALT, iterations: ITERATIONS, ...postgres.verifierOf(keys) });
    for (const bad of ['', 'md5abc', text.replace('4096', '0'), text.slice(0, -8), `${text}x y`]) {
      expect(postgres.parseVerifier(bad)).toBeNull();
    }
  });

  test.each([
    ['I\u00adX', 'IX'],
    ['\u00aa', 'a'],
    ['\u2168', 'IX'],
    ['a\u00a0b', 'a b'],
    ['\u0627\u0031', '\u0627\u0031'],
    ['\u0007', '\u0007'],
  ])('SASLprep: %j is %j', (password, same) => {
    expect(postgres.scramVerifier(password, SALT, 1)).toBe(postgres.scramVerifier(same, SALT, 1));
  });
});

describe('both sides against each other', () => {
  test.each([
    ['without TLS', null, [PLAIN], PLAIN],
    ['with -PLUS', END_POINT, [PLUS, PLAIN], PLUS],
  ])('%s', (_what, endPoint, mechanisms, chosen) => {
    const us = server({ endPoint });
    expect(us.mechanisms).toEqual(mechanisms);
    const them = client({ endPoint, offered: us.mechanisms });
    expect(them.mechanism).toBe(chosen);
    expect(play(us, them)).toMatchObject({ accepted: true, index: 2 });
    expect(them.keys).toBe(keys);
  });

  test('the index tells which of several tickets it was', () => {
    for (const [index, password] of ['a', 'b', 'pencil'].entries()) {
      expect(play(server(), client({ keys: null, password }))).toMatchObject({ accepted: true, index });
    }
  });

  test('a wrong password, no tickets, and nobody’s login name look the same until the end', () => {
    const mock = postgres.mockCandidates(Buffer.from('secret of the gateway'), 'nobody', ITERATIONS);
    expect(mock).toEqual(postgres.mockCandidates(Buffer.from('secret of the gateway'), 'nobody', ITERATIONS));
    expect(mock.salt).not.toEqual(
      postgres.mockCandidates(Buffer.from('secret of the gateway'), 'else', ITERATIONS).salt,
    );
    expect(mock.salt).toHaveLength(SALT.length);
    expect(play(server(), client({ keys: null, password: 'wrong' }))).toEqual({ accepted: false });
    const none = { salt: SALT, iterations: ITERATIONS, verifiers: [] };
    expect(play(server({ candidates: none }), client())).toEqual({ accepted: false });
    expect(play(server({ candidates: mock }), client({ keys: null, password: 'pencil' }))).toEqual({ accepted: false });
  });

  test('a client without channel binding may log in over TLS', () => {
    expect(play(server({ endPoint: END_POINT }), client())).toMatchObject({ accepted: true });
  });
});

describe('the server refuses', () => {
  const first = (message: string, mechanism = PLAIN as string, endPoint: Uint8Array | null = null) =>
    server({ endPoint }).first(mechanism, latin(message));

  test('a channel binding to another connection: somebody stands between', () => {
    const us = server({ endPoint: END_POINT });
    const them = client({ endPoint: Buffer.alloc(32, 8), offered: us.mechanisms });
    const final = them.final(us.first(PLUS, them.first()));
    expect(() => us.final(final)).toThrow(/channel binding check failed/);
  });

  test('"y" when it offered -PLUS: somebody took the offer away', () => {
    const them = client({ endPoint: END_POINT, offered: [PLAIN] });
    const clientFirst = them.first();
    expect(clientFirst.toString()).toMatch(/^y,,/);
    expect(() => server({ endPoint: END_POINT }).first(PLAIN, clientFirst)).toThrow(/channel binding negotiation/);
    expect(() => server().first(PLAIN, clientFirst)).not.toThrow();
  });

  test.each([
    ['an unknown mechanism', () => first('n,,n=,r=abc', 'SCRAM-SHA-1')],
    ['-PLUS without TLS', () => first('p=tls-server-end-point,,n=,r=abc', PLUS)],
    ['-PLUS without binding', () => first('n,,n=,r=abc', PLUS, END_POINT)],
    ['-PLUS with "y"', () => first('y,,n=,r=abc', PLUS, END_POINT)],
    ['a binding without -PLUS', () => first('p=tls-server-end-point,,n=,r=abc', PLAIN, END_POINT)],
    ['another kind of binding', () => first('p=tls-unique,,n=,r=abc', PLUS, END_POINT)],
    ['an authorization identity', () => first('n,a=root,n=,r=abc')],
    ['a mandatory extension', () => first('n,,m=x,n=,r=abc')],
    ['no user', () => first('n,,r=abc')],
    ['no nonce', () => first('n,,n=')],
    ['an empty nonce', () => first('n,,n=,r=')],
    ['a nonce with a control character', () => first('n,,n=,r=a\u0001')],
    ['nothing', () => first('')],
    ['too much', () => first(`n,,n=,r=abc,x=${'x'.repeat(5000)}`)],
  ])('%s', (_what, attempt) => {
    expect(attempt).toThrow(ProtocolError);
  });

  test.each([
    ['another nonce', (final: string) => final.replace('r=rOpr', 'r=xOpr')],
    ['a nonce cut short', (final: string) => final.replace('$k0', '')],
    ['another header', (final: string) => final.replace('biws', 'eSws')],
    ['no proof', (final: string) => final.replace(/,p=.*/, '')],
    ['a short proof', (final: string) => final.replace(/p=.*/, 'p=AAAA')],
    ['a long proof', (final: string) => final.replace(/p=.*/, `p=${Buffer.alloc(33).toString('base64')}`)],
    ['a proof that is not base64', (final: string) => final.replace(/p=.*/, 'p=!!!!')],
    ['attributes in another order', (final: string) => final.replace(/^(c=[^,]*),(r=[^,]*)/, '$2,$1')],
  ])('in the final message: %s', (_what, change) => {
    const us = server();
    const them = client();
    const final = them.final(us.first(PLAIN, them.first())).toString('latin1');
    expect(() => us.final(latin(change(final)))).toThrow(ProtocolError);
  });

  test('a proof of another exchange', () => {
    const them = client();
    const final = them.final(server({ nonce: 'other' }).first(PLAIN, them.first())).toString();
    const us = server();
    us.first(PLAIN, client().first());
    const mixed = final.replace(/r=[^,]*/, 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0');
    expect(us.final(latin(mixed))).toEqual({ accepted: false });
  });

  test('steps out of order, or twice', () => {
    expect(() => server().final(latin('c=biws,r=x,p=AAAA'))).toThrow(ProtocolError);
    const us = server();
    const them = client();
    const final = them.final(us.first(PLAIN, them.first()));
    expect(() => us.first(PLAIN, latin('n,,n=,r=abc'))).toThrow(ProtocolError);
    us.final(final);
    expect(() => us.final(final)).toThrow(ProtocolError);
  });

  test('any bytes, with a ProtocolError', () => {
    const begin = fc.constantFrom('', 'n,,n=,r=', 'c=biws,r=', 'y,,', ',', 'p=');
    fc.assert(
      fc.property(begin, fc.uint8Array({ maxLength: 60 }), (start, rest) => {
        const message = Buffer.concat([latin(start), rest]);
        const us = server();
        for (const step of [() => us.first(PLAIN, message), () => us.final(message)]) {
          try {
            step();
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError);
          }
        }
      }),
    );
  });
});

describe('the client refuses', () => {
  const answered = (serverFirst: string, over: Partial<postgres.ScramClientOptions> = {}) => {
    const them = client({ password: 'pencil', keys: null, ...over });
    them.first();
    return them.final(latin(serverFirst));
  };
  const nonce = 'rOprNGfwEbeRWgbNEkqOserver';

  test.each([
    ['no SCRAM offered', () => client({ offered: ['SCRAM-SHA-1'] })],
    ['only -PLUS offered, without TLS', () => client({ offered: [PLUS] })],
    ['too few iterations', () => answered(`r=${nonce},s=AAAA,i=4095`)],
    ['too many iterations', () => answered(`r=${nonce},s=AAAA,i=100001`)],
    ['iterations that are no number', () => answered(`r=${nonce},s=AAAA,i=4096x`)],
    ['a nonce that isn’t ours', () => answered('r=other,s=AAAA,i=4096')],
    ['a nonce without the server’s part', () => answered('r=rOprNGfwEbeRWgbNEkqO,s=AAAA,i=4096')],
    ['no salt', () => answered(`r=${nonce},i=4096`)],
    ['a salt that is not base64', () => answered(`r=${nonce},s=A A,i=4096`)],
    ['an extension it must understand', () => answered(`m=x,r=${nonce},s=AAAA,i=4096`)],
    [
      'another salt than its keys’, without a password',
      () => answered(`r=${nonce},s=AAAA,i=4096`, { keys, password: null }),
    ],
  ])('%s', (_what, attempt) => {
    expect(attempt).toThrow(ProtocolError);
  });

  test.each([
    ['an error', 'e=invalid-proof'],
    ['a signature of another', `v=${Buffer.alloc(32).toString('base64')}`],
    ['a signature too short', 'v=AAAA'],
    ['nothing', ''],
  ])('a server that can’t prove itself: %s', (_what, final) => {
    const them = client();
    them.final(server().first(PLAIN, them.first()));
    expect(() => them.verify(latin(final))).toThrow(ProtocolError);
    expect(() => them.verify(latin(final))).toThrow(/out of order/);
  });

  test('to verify before it has spoken', () => {
    expect(() => client().verify(latin('v=AAAA'))).toThrow(ProtocolError);
  });

  test('computes keys anew when the salt has changed and it has the password', () => {
    const salt = Buffer.alloc(16, 3);
    const verifiers = [postgres.verifierOf(postgres.scramKeys('pencil', salt, ITERATIONS))];
    const them = client({ password: 'pencil' });
    expect(play(server({ candidates: { salt, iterations: ITERATIONS, verifiers } }), them)).toMatchObject({
      accepted: true,
    });
    expect(them.keys?.salt).toEqual(salt);
  });
});
