/** MySQL's login: bytes from MySQL's documentation and from a real MariaDB with its client, and round trips over everything that can be said. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mysql, ProtocolError } from '../src/index.ts';

const { Capability, Plugin } = mysql;
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s+/g, ''), 'hex');
const body = (packet: Buffer): Buffer => packet.subarray(4);

/** The example of MySQL's documentation (Protocol::HandshakeV10). */
const MYSQL_5_6 = hex(`
  50000000 0a 352e362e342d6d372d6c6f67 00 560a0000 524233767a264772 00 ffff 08 0200 0fc0 15 00000000000000000000
  2b7944262f5a5a3330355a47 00 6d7973716c5f6e61746976655f70617373776f7264 00`);
/** What MariaDB 10.11.19 said. */
const MARIADB_10 = hex(`
  64000000 0a 352e352e352d31302e31312e31392d4d6172696144422d302b6465623132753100 06000000 452170355428695a 00 fef7 e0
  0200 ff81 15 000000000000 1d000000 66702256692f4a684e2e3971 00 6d7973716c5f6e61746976655f70617373776f7264 00`);

describe('the server’s first packet', () => {
  it('of MySQL is read', () => {
    const hello = mysql.readHandshake(body(MYSQL_5_6));
    expect(hello).toMatchObject({
      version: '5.6.4-m7-log',
      connection: 2646,
      capabilities: 0xc00fffff,
      mariadbCapabilities: 0,
      collation: 8,
      status: mysql.Status.autocommit,
      plugin: Plugin.native,
    });
    expect(hello.nonce.toString('latin1')).toBe('RB3vz&Gr+yD&/ZZ305ZG');
    expect(mysql.flavourOf(hello.version)).toBe('mysql');
  });

  it('of MariaDB is read, with its own flags', () => {
    const hello = mysql.readHandshake(body(MARIADB_10));
    expect(hello).toMatchObject({
      version: '5.5.5-10.11.19-MariaDB-0+deb12u1',
      connection: 6,
      capabilities: 0x81fff7fe,
      mariadbCapabilities: 0x1d,
      collation: 224,
      plugin: Plugin.native,
    });
    expect(hello.nonce).toHaveLength(20);
    expect(mysql.flavourOf(hello.version)).toBe('mariadb');
  });

  it.each([MYSQL_5_6, MARIADB_10])('is written as servers write it', (packet) => {
    expect(mysql.packet(0, mysql.handshake(mysql.readHandshake(body(packet))))).toEqual(packet);
  });

  it('says back what it was told, whatever it is', () => {
    const nonces = fc.uint8Array({ minLength: 20, maxLength: 20 }).map(mysql.nonceOf);
    const arbitrary = fc.record({
      version: fc.string({ unit: fc.constantFrom('5', '.', '0', '-', 'a', 'MariaDB', 'grün') }),
      connection: fc.nat(2 ** 32 - 1),
      nonce: nonces,
      capabilities: fc.nat(2 ** 32 - 1).map((flags) => (flags | NEEDED) >>> 0),
      mariadbCapabilities: fc.nat(2 ** 32 - 1),
      collation: fc.nat(255),
      status: fc.nat(65_535),
      plugin: fc.constantFrom(...Object.values(Plugin)),
    });
    fc.assert(
      fc.property(arbitrary, (told) => {
        const mariadbCapabilities = mysql.has(told.capabilities, Capability.longPassword)
          ? 0
          : told.mariadbCapabilities;
        const made = { ...told, mariadbCapabilities };
        expect(mysql.readHandshake(mysql.handshake(made))).toEqual(made);
      }),
    );
  });

  it('older than 4.1 or of another version of the protocol is refused', () => {
    const old = Buffer.from(body(MYSQL_5_6));
    old[0] = 9;
    expect(() => mysql.readHandshake(old)).toThrow(/protocol version 10/);
  });
});

const NEEDED = Capability.protocol41 | Capability.secureConnection | Capability.pluginAuth;

/** The example of MySQL's documentation (Protocol::HandshakeResponse41). */
const RESPONSE = hex(`
  8da60f00 00000001 08 00000000000000000000000000000000000000 00000000
  70616d00 14 ab09eef6bcb1323e61143865c0991d957d75d447 7465737400 6d7973716c5f6e61746976655f70617373776f7264 00`);
/** What the mariadb command line 10.11.19 said to that MariaDB, with the password "secret". */
const MARIADB_CLIENT = hex(`
  8ca2bf00 00000001 21 00000000000000000000000000000000000000 1d000000 616c69636500 14
  8e294e829b122d88a1131f24d67316ca9773c82b 73686f7000 6d7973716c5f6e61746976655f70617373776f726400 7f
  035f6f73 054c696e7578 0c5f636c69656e745f6e616d65 0a6c69626d617269616462 045f706964 053136333133
  0f5f636c69656e745f76657273696f6e 06332e332e3230 095f706c6174666f726d 067838365f3634
  0c70726f6772616d5f6e616d65 056d7973716c 0c5f7365727665725f686f7374 093132372e302e302e31`);

describe('the client’s answer', () => {
  it('is read', () => {
    expect(mysql.readResponse(RESPONSE)).toEqual({
      kind: 'response',
      capabilities: 0xfa68d,
      mariadbCapabilities: 0,
      maxPacket: 0x1000000,
      collation: 8,
      user: 'pam',
      proof: hex('ab09eef6bcb1323e61143865c0991d957d75d447'),
      database: 'test',
      plugin: Plugin.native,
      attributes: new Map(),
    });
  });

  it('of a MariaDB client is read, with its own flags and what it tells of itself', () => {
    const { nonce } = mysql.readHandshake(body(MARIADB_10));
    expect(mysql.readResponse(MARIADB_CLIENT)).toMatchObject({
      kind: 'response',
      mariadbCapabilities: 0x1d,
      user: 'alice',
      proof: mysql.nativeProof('secret', nonce),
      database: 'shop',
      plugin: Plugin.native,
      attributes: new Map([
        ['_os', 'Linux'],
        ['_client_name', 'libmariadb'],
        ['_pid', '16313'],
        ['_client_version', '3.3.20'],
        ['_platform', 'x86_64'],
        ['program_name', 'mysql'],
        ['_server_host', '127.0.0.1'],
      ]),
    });
  });

  it.each([RESPONSE, MARIADB_CLIENT])('is written as clients write it', (bytes) => {
    const read = mysql.readResponse(bytes);
    if (read.kind !== 'response') throw new Error('no response');
    expect(mysql.handshakeResponse(read)).toEqual(bytes);
  });

  it('without the names it promised is read as far as it goes', () => {
    const cut = RESPONSE.subarray(0, 32 + 4 + 21);
    expect(mysql.readResponse(cut)).toMatchObject({ user: 'pam', database: '', plugin: '' });
  });

  it('may be a request for TLS, which is its beginning', () => {
    const prefix = {
      capabilities: (NEEDED | Capability.ssl) >>> 0,
      mariadbCapabilities: 0x15,
      maxPacket: 7,
      collation: 45,
    };
    const packet = mysql.sslRequest(prefix);
    expect(packet).toHaveLength(32);
    expect(mysql.readResponse(packet)).toEqual({ kind: 'ssl', ...prefix });
  });

  it('says back what it was told, with any names, proofs and attributes', () => {
    const name = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', ''));
    const arbitrary = fc.record({
      capabilities: fc.nat(2 ** 32 - 1).map((flags) => (flags | NEEDED) >>> 0),
      mariadbCapabilities: fc.nat(2 ** 32 - 1),
      maxPacket: fc.nat(2 ** 32 - 1),
      collation: fc.nat(255),
      user: name,
      proof: fc.uint8Array({ maxLength: 255 }).map((bytes) => Buffer.from(bytes)),
      database: name,
      plugin: fc.constantFrom(...Object.values(Plugin)),
      attributes: fc.array(fc.tuple(name, fc.string({ maxLength: 400 }))).map((pairs) => new Map(pairs)),
    });
    fc.assert(
      fc.property(arbitrary, (told) => {
        const { capabilities } = told;
        expect(mysql.readResponse(mysql.handshakeResponse(told))).toEqual({
          kind: 'response',
          ...told,
          mariadbCapabilities: mysql.has(capabilities, Capability.longPassword) ? 0 : told.mariadbCapabilities,
          database: mysql.has(capabilities, Capability.connectWithDatabase) ? told.database : '',
          attributes: mysql.has(capabilities, Capability.connectAttributes) ? told.attributes : new Map(),
        });
      }),
    );
  });

  it('of MySQL 4.0 and of names that are no text is refused', () => {
    expect(() => mysql.readResponse(hex('85a4 0000 00 6f6c64 00'))).toThrow(/older than MySQL 4.1/);
    const odd = Buffer.from(RESPONSE);
    odd[33] = 0xff;
    expect(() => mysql.readResponse(odd)).toThrow(expect.objectContaining({ side: 'client', code: '22021' }));
  });
});

describe('a proof', () => {
  const password = 'correct horse';
  const nonce = mysql.nonceOf(Buffer.from('0123456789abcdefghij'));
  const twice = (name: string) => {
    const once = createHash(name).update(password).digest();
    return createHash(name).update(once).digest();
  };

  it('is what MySQL makes of a password and a nonce', () => {
    const sha2 = createHash('sha256').update(password).digest();
    const mask = createHash('sha256').update(twice('sha256')).update(nonce).digest();
    expect(mysql.sha2Proof(password, nonce)).toEqual(sha2.map((byte, i) => byte ^ (mask[i] ?? 0)));
    const sha1 = createHash('sha1').update(password).digest();
    const cover = createHash('sha1').update(nonce).update(twice('sha1')).digest();
    expect(mysql.nativeProof(password, nonce)).toEqual(sha1.map((byte, i) => byte ^ (cover[i] ?? 0)));
    expect([mysql.sha2Verifier(password), mysql.nativeVerifier(password)]).toEqual([twice('sha256'), twice('sha1')]);
  });

  it.each([
    ['caching_sha2_password', mysql.judgeSha2, mysql.sha2Proof, mysql.sha2Verifier],
    ['mysql_native_password', mysql.judgeNative, mysql.nativeProof, mysql.nativeVerifier],
  ])('by %s fits its own verifier and no other, with its own nonce and no other', (_name, judge, prove, verifierOf) => {
    const text = fc.string({ minLength: 1, unit: 'binary' });
    const random = fc.uint8Array({ minLength: 20, maxLength: 20 });
    fc.assert(
      fc.property(
        fc.uniqueArray(text, { minLength: 1, maxLength: 12 }),
        fc.nat(),
        random,
        random,
        (all, pick, a, b) => {
          const index = pick % all.length;
          const [one, other] = [mysql.nonceOf(a), mysql.nonceOf(b)];
          const verifiers = all.map((each) => verifierOf(each));
          const proof = prove(all[index] ?? '', one);
          expect(judge(proof, one, verifiers)).toEqual({ accepted: true, index });
          expect(judge(proof, other, verifiers).accepted).toBe(one.equals(other));
          expect(judge(proof, one, verifiers.with(index, Buffer.alloc(verifiers[0]?.length ?? 0)))).toEqual({
            accepted: false,
          });
        },
      ),
      { numRuns: 50 },
    );
  });

  it.each([
    ['of nobody', []],
    ['where there is no verifier', [null]],
    ['where the verifier is another’s', [Buffer.alloc(7)]],
  ])('%s fits nothing', (_what, verifiers) => {
    expect(mysql.judgeSha2(mysql.sha2Proof(password, nonce), nonce, verifiers)).toEqual({ accepted: false });
    expect(mysql.judgeNative(mysql.nativeProof(password, nonce), nonce, verifiers)).toEqual({ accepted: false });
  });

  it('that covers a verifier of zeros is not taken for one of nobody’s', () => {
    // What the padding of the constant work would fit, if it counted.
    const mask = createHash('sha256').update(Buffer.alloc(32)).update(nonce).digest();
    expect(mysql.judgeSha2(mask, nonce, [])).toEqual({ accepted: false });
  });

  it('of an empty password is nothing, and fits nothing', () => {
    expect(mysql.sha2Proof('', nonce)).toHaveLength(0);
    expect(mysql.judgeSha2(Buffer.alloc(0), nonce, [mysql.sha2Verifier('')])).toEqual({ accepted: false });
  });

  it('has a nonce without NUL and dollar, of 7 bits', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 40 }), (random) => {
        const made = mysql.nonceOf(random);
        expect(made).toHaveLength(20);
        expect(made.every((byte) => byte > 0 && byte < 0x80 && byte !== 0x24)).toBe(true);
      }),
    );
  });
});

describe('what goes to and fro', () => {
  it('is another method', () => {
    const nonce = mysql.nonceOf(Buffer.from('0123456789abcdefghij'));
    const packet = mysql.authSwitch(Plugin.native, nonce);
    expect(packet.toString('latin1')).toBe('\xfemysql_native_password\x000123456789abcdefghij\0');
    expect(mysql.readAuthPacket(packet)).toEqual({ kind: 'switch', plugin: Plugin.native, data: nonce });
    expect(mysql.readAuthPacket(hex('fe'))).toMatchObject({ plugin: 'mysql_old_password' });
  });

  it('is more data, OK, an error, and nothing else', () => {
    expect(mysql.authMore(mysql.CachingSha2.fullWanted)).toEqual(hex('0104'));
    expect(mysql.readAuthPacket(hex('0103'))).toEqual({ kind: 'more', data: hex('03') });
    expect(mysql.readAuthPacket(hex('00000002000000'))).toEqual({ kind: 'ok' });
    expect(mysql.readAuthPacket(hex('ff1504'))).toEqual({ kind: 'error' });
    expect(() => mysql.readAuthPacket(hex('02'))).toThrow(ProtocolError);
    expect(() => mysql.readAuthPacket(Buffer.alloc(0))).toThrow(ProtocolError);
  });

  it('is a password, with or without its NUL', () => {
    expect(mysql.readPlainPassword(mysql.plainPassword('grün'))).toBe('grün');
    expect(mysql.readPlainPassword(Buffer.from('grün'))).toBe('grün');
    expect(mysql.readPlainPassword(hex('ff00'))).toBeNull();
  });
});

describe('OK and ERR', () => {
  it('are written as servers write them', () => {
    const denied = { number: 1045, state: '28000', message: 'Access denied' };
    expect(mysql.packet(2, mysql.errorBody(denied))).toEqual(
      hex('16000002 ff 1504 23 3238303030 4163636573732064656e696564'),
    );
    expect(mysql.errorBody(denied, false)).toEqual(hex('ff 1504 4163636573732064656e696564'));
    const ok = { affectedRows: 300, lastInsertId: 2 ** 24, status: 2, warnings: 1 };
    expect(mysql.okBody(ok, 0)).toEqual(hex('00 fc2c01 fe0000000100000000 0200 0100'));
    expect(mysql.okBody(ok, Capability.sessionTrack)).toEqual(hex('00 fc2c01 fe0000000100000000 0200 0100 00'));
    expect(mysql.readOk(mysql.okBody(ok, 0))).toEqual(ok);
  });

  it('say back what they were told; a message too long is cut between two characters', () => {
    const arbitrary = fc.record({
      number: fc.nat(65_535),
      state: fc.stringMatching(/^[0-9A-Z]{5}$/),
      message: fc.string({ unit: 'binary', maxLength: 600 }),
    });
    fc.assert(
      fc.property(arbitrary, (error) => {
        const packet = mysql.errorBody(error);
        const read = mysql.readError(packet);
        expect(read).toMatchObject({ number: error.number, state: error.state });
        expect(error.message.startsWith(read.message)).toBe(true);
        expect(packet.length).toBeLessThanOrEqual(9 + 511);
        if (Buffer.byteLength(error.message) <= 511) expect(read.message).toBe(error.message);
      }),
    );
  });

  it('before capabilities are known an error has no SQLSTATE', () => {
    expect(mysql.readError(hex('ff 1004 546f6f206d616e79'))).toEqual({
      number: 1040,
      state: 'HY000',
      message: 'Too many',
    });
  });
});

describe('packets of a login', () => {
  it('are cut out of chunks of any size', () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(bodies, fc.array(fc.nat(), { maxLength: 8 }), (all, cuts) => {
        const stream = Buffer.concat(all.map((each, i) => mysql.packet(i, each)));
        const at = [...cuts.map((cut) => cut % (stream.length + 1)), 0, stream.length].sort((a, b) => a - b);
        const reader = new mysql.LoginPackets('client');
        const found = [];
        for (let i = 1; i < at.length; i++) {
          reader.push(stream.subarray(at[i - 1], at[i]));
          for (let packet = reader.packet(); packet !== null; packet = reader.packet()) found.push(packet);
        }
        expect(found).toEqual(all.map((each, sequence) => ({ sequence, body: Buffer.from(each) })));
        expect(reader.waiting).toBe(0);
      }),
    );
  });

  it('leave what came behind them', () => {
    const reader = new mysql.LoginPackets('client');
    reader.push(Buffer.concat([mysql.packet(1, hex('00')), hex('160301')]));
    expect(reader.packet()).toEqual({ sequence: 1, body: hex('00') });
    expect(reader.rest()).toEqual(hex('160301'));
    expect(reader.waiting).toBe(0);
  });

  it('that are longer than any login, or too many, are refused', () => {
    const long = new mysql.LoginPackets('client');
    long.push(hex('ffffff00'));
    expect(() => long.packet()).toThrow(/too long/);
    const many = new mysql.LoginPackets('server');
    expect(() => many.push(Buffer.alloc(400_000))).toThrow(/too much/);
  });
});

describe('any bytes at all', () => {
  it('are read, or refused as what they are: never another error', () => {
    const readers = [mysql.readHandshake, mysql.readResponse, mysql.readAuthPacket, mysql.readError, mysql.readOk];
    const seeds = [
      body(MYSQL_5_6),
      body(MARIADB_10),
      RESPONSE,
      MARIADB_CLIENT,
      hex('ff150423323830303041'),
      hex('00fc2c01000200'),
    ];
    const mutated = fc
      .tuple(fc.constantFrom(...seeds), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat())
      .map(([seed, changes, cut]) => {
        const bytes = Buffer.from(seed.subarray(0, seed.length - (cut % seed.length)));
        for (const [at, value] of changes) bytes[at % Math.max(1, bytes.length)] = value;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), (bytes) => {
        for (const read of readers) {
          try {
            read(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError);
          }
        }
        mysql.readPlainPassword(bytes);
      }),
      { numRuns: 2000 },
    );
  });
});
