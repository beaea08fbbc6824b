/** MySQL's login, to be fuzzed: what is read of a peer that nobody knows yet. */
import { Buffer } from 'node:buffer';
import { mysql } from '../src/index.ts';
import { chunks, type Decoder, refusing } from './decoder.ts';

const { Capability, Plugin } = mysql;
const NONCE = mysql.nonceOf(Buffer.alloc(mysql.NONCE_BYTES, 1));
const FLAGS =
  Capability.protocol41 |
  Capability.secureConnection |
  Capability.pluginAuth |
  Capability.pluginAuthLengthEncoded |
  Capability.connectWithDatabase |
  Capability.connectAttributes;
const prefix = { capabilities: FLAGS, mariadbCapabilities: 0x1d, maxPacket: 2 ** 24, collation: 45 };
const attributes = new Map([['program_name', 'mysql']]);
const ok = { affectedRows: 300, lastInsertId: 2 ** 24, status: 2, warnings: 1 };

const bodies: readonly Buffer[] = [
  mysql.handshake({
    version: '8.0.36',
    connection: 10,
    nonce: NONCE,
    capabilities: 0xdfffffff,
    mariadbCapabilities: 0,
    collation: 255,
    status: 2,
    plugin: Plugin.cachingSha2,
  }),
  mysql.sslRequest({ ...prefix, capabilities: (FLAGS | Capability.ssl) >>> 0 }),
  mysql.handshakeResponse({
    ...prefix,
    user: 'alice.g7k2m',
    proof: mysql.sha2Proof('secret', NONCE),
    database: 'shop',
    plugin: Plugin.cachingSha2,
    attributes,
  }),
  mysql.authSwitch(Plugin.native, NONCE),
  mysql.authMore(mysql.CachingSha2.fullWanted),
  mysql.plainPassword('secret'),
  mysql.errorBody({ number: 1045, state: '28000', message: 'Access denied' }),
  mysql.okBody(ok, Capability.sessionTrack),
];

const readers = [mysql.readHandshake, mysql.readResponse, mysql.readAuthPacket, mysql.readError, mysql.readOk];

export const mysqlLoginDecoders: Readonly<Record<string, Decoder>> = {
  mysqlLogin: {
    seeds: bodies,
    run: (input) => {
      for (const read of readers) refusing(() => read(input));
      mysql.readPlainPassword(input);
      mysql.judgeSha2(input, NONCE, [mysql.sha2Verifier('secret')]);
      mysql.judgeNative(input, NONCE, [mysql.nativeVerifier('secret')]);
    },
  },
  mysqlLoginPackets: {
    seeds: [Buffer.concat(bodies.map((body, sequence) => mysql.packet(sequence, body)))],
    run: (input, random) => {
      const reader = new mysql.LoginPackets('client');
      refusing(() => {
        for (const chunk of chunks(input, random)) {
          reader.push(chunk);
          while (reader.packet() !== null);
        }
      });
      if (reader.rest().length > input.length) throw new Error('more is left than there was');
    },
  },
};
