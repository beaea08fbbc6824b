/** What is fuzzed: every decoder, with valid inputs to begin from and what must hold whatever becomes of them. */
import { Buffer } from 'node:buffer';
import { postgres, type Refusal } from '../src/index.ts';
import { vectors } from '../test/recorded/values.ts';
import { client, int32, text, values } from '../test/support/craft.ts';
import { recording, recordings } from '../test/support/recording.ts';
import { CheckingSink } from './checking-sink.ts';
import { chunks, type Decoder, refusing } from './decoder.ts';
import { mysqlDecoders } from './mysql-decoders.ts';
import { mysqlLoginDecoders } from './mysql-login-decoders.ts';
import { sqlServerDecoders } from './sqlserver-decoders.ts';

const recorded = recordings().map(recording);
const side = (from: 'client' | 'server') =>
  recorded.map((session) => Buffer.concat(session.filter((chunk) => chunk.from === from).map(({ bytes }) => bytes)));

/** Plays a whole recorded session, with `input` in place of one side's bytes, turn and turn about. */
function session(from: 'client' | 'server', other: readonly Buffer[]): Decoder['run'] {
  return (input, random) => {
    const walker = new postgres.PostgresSession(new CheckingSink());
    const feed = (bytes: Buffer, who: 'client' | 'server'): Refusal | null =>
      who === 'client' ? walker.fromClient(bytes) : walker.fromServer(bytes);
    const opposite = random.pick(other);
    const answers = chunks(opposite.subarray(0, random.below(opposite.length + 1)), random);
    for (const chunk of chunks(input, random)) {
      if (from === 'server') feed(answers.shift() ?? Buffer.alloc(0), 'client');
      const refused = feed(chunk, from);
      if (refused !== null && walker.fromClient(Buffer.alloc(0)) !== refused)
        throw new Error('a refusal does not last');
      if (from === 'client') feed(answers.shift() ?? Buffer.alloc(0), 'server');
      if (walker.serverRemainder < 0) throw new Error('a negative remainder');
      walker.toBoundary(chunk);
    }
    walker.abandon();
  };
}

const handshakeSeeds = [
  postgres.authenticationSasl([postgres.SCRAM_SHA_256_PLUS, postgres.SCRAM_SHA_256]),
  postgres.authenticationSaslContinue(Buffer.from('r=abc,s=AAAA,i=4096')),
  postgres.parameterStatus('server_version', '17.2'),
  postgres.backendKeyData({ processId: 1, secret: Buffer.alloc(32, 1) }),
  postgres.negotiateProtocolVersion(2, ['_pq_.a', '_pq_.b']),
  postgres.readyForQuery('I'),
  postgres.fatal('28P01', 'password authentication failed', { detail: 'd', hint: 'h' }),
  postgres.passwordMessage('secret'),
  postgres.saslInitialResponse(postgres.SCRAM_SHA_256, Buffer.from('n,,n=,r=abc')),
];

const readers = [
  postgres.readAuthentication,
  postgres.readBackendKeyData,
  postgres.readErrorResponse,
  postgres.readNegotiateProtocolVersion,
  postgres.readParameterStatus,
  postgres.readPasswordMessage,
  postgres.readReadyForQuery,
  postgres.readSaslInitialResponse,
];

const startupPacket = (...fields: readonly Buffer[]) => {
  const body = Buffer.concat(fields);
  return Buffer.concat([int32(body.length + 4), body]);
};

const SALT = Buffer.alloc(16, 1);
const keys = postgres.scramKeys('secret', SALT, 4096);
const scramServer = () =>
  new postgres.ScramServer({
    candidates: { salt: SALT, iterations: 4096, verifiers: [postgres.verifierOf(keys)] },
    nonce: 'server',
    endPoint: SALT,
  });
const scramClient = () =>
  new postgres.ScramClient({ nonce: 'client', offered: [postgres.SCRAM_SHA_256], endPoint: null, keys });

const goodFinal = (() => {
  const them = scramClient();
  return them.final(scramServer().first(postgres.SCRAM_SHA_256, them.first()));
})();

/** Types for values: those of the vectors, in turn. */
const types = Buffer.concat(vectors.map(([, oid]) => int32(oid)));

const rare: readonly Buffer[] = [
  Buffer.concat([client.query(`select '${'x'.repeat(70_000)}'`), client.sync()]),
  Buffer.concat([
    client.parse('s', 'x'.repeat(70_000), [23]),
    client.bind('', 's', ['y'.repeat(70_000)]),
    client.execute(),
  ]),
];

export const decoders: Readonly<Record<string, Decoder>> = {
  client: { seeds: [...side('client'), ...rare], run: session('client', side('server')) },
  server: { seeds: side('server'), run: session('server', side('client')) },
  startup: {
    seeds: [
      postgres.sslRequest(),
      Buffer.from('0000000804d21630', 'hex'),
      postgres.cancelRequest({ processId: 1, secret: Buffer.alloc(32, 1) }),
      startupPacket(
        int32(0x30000),
        ...['user', 'u', 'database', 'd', 'options', '-c a=b --c=d'].map(text),
        Buffer.of(0),
      ),
      startupPacket(int32(0x3270f), ...['user', 'u', '_pq_.x', '1', 'replication', 'off'].map(text), Buffer.of(0)),
    ],
    run: (input, random) =>
      refusing(() => {
        const reader = new postgres.HandshakeReader('client');
        for (const chunk of chunks(input, random)) {
          reader.push(chunk);
          const found = reader.startup();
          if (found?.kind !== 'startup') continue;
          refusing(() => postgres.upstreamParameters(found.parameters));
          postgres.startupMessage(found.user, found.database, found.parameters);
        }
        reader.rest();
      }),
  },
  handshake: {
    seeds: [...handshakeSeeds, Buffer.concat(handshakeSeeds)],
    run: (input, random) =>
      refusing(() => {
        const reader = new postgres.HandshakeReader('server', 1000);
        for (const chunk of chunks(input, random)) {
          reader.push(chunk);
          for (let message = reader.message(); message !== null; message = reader.message()) {
            const { body } = message;
            for (const read of readers) refusing(() => read(body));
          }
        }
      }),
  },
  scramServer: {
    seeds: [Buffer.from('n,,n=,r=client'), Buffer.from('p=tls-server-end-point,,n=u,r=client'), goodFinal],
    run: (input) => {
      const us = scramServer();
      refusing(() => us.first(postgres.SCRAM_SHA_256, input));
      refusing(() => us.first(postgres.SCRAM_SHA_256_PLUS, input));
      const them = scramServer();
      them.first(postgres.SCRAM_SHA_256, Buffer.from('n,,n=,r=client'));
      refusing(() => {
        if (them.final(input).accepted && !input.equals(goodFinal)) throw new Error('accepted a changed proof');
      });
    },
  },
  scramClient: {
    seeds: [
      Buffer.from(`r=clientserver,s=${SALT.toString('base64')},i=4096`),
      Buffer.from(`v=${SALT.toString('base64')}`),
    ],
    run: (input) => {
      const us = scramClient();
      us.first();
      refusing(() => us.final(input));
      refusing(() => us.verify(input));
    },
  },
  values: {
    seeds: [
      ...vectors.map(([, , , hex]) => values([Buffer.from(hex, 'hex')], [1])),
      values(
        vectors.map(([, , , hex]) => Buffer.from(hex, 'hex')),
        [1],
      ),
      values(['text', null, 'é'], [0, 1, 0]),
    ],
    run: (input, random) => {
      const at = random.below(vectors.length) * 4;
      const options = { partial: random.below(2) === 0, maxBytes: random.below(64) };
      const shown = postgres.boundValues(input, types.subarray(at), options);
      if (JSON.stringify(shown).length > 5_000_000) throw new Error('values grew out of bounds');
      postgres.functionCall(input, options);
    },
  },
  ...mysqlDecoders,
  ...mysqlLoginDecoders,
  ...sqlServerDecoders,
};
