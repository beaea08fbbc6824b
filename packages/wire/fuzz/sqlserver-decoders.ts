/** SQL Server's login, session and values: valid inputs to begin from, and what must hold whatever becomes of them. */
import { Buffer } from 'node:buffer';
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
  utf16,
  value,
} from '../test/support/sqlserver-craft.ts';
import { sqlServerRecording, sqlServerRecordings } from '../test/support/sqlserver-recording.ts';
import { CheckingSink } from './checking-sink.ts';
import { chunks, type Decoder, refusing } from './decoder.ts';
import type { Random } from './random.ts';

const recorded = sqlServerRecordings().map(sqlServerRecording);
const side = (from: 'client' | 'server') =>
  recorded.map(({ chunks }) => Buffer.concat(chunks.filter((chunk) => chunk.from === from).map(({ bytes }) => bytes)));

const { DoneStatus, PacketType, TdsVersion } = sqlserver;
const VERSIONS = Object.values(TdsVersion);

/** Error numbers have up to ten digits and a sign; declarations are UTF-16 of any length, even a broken one. */
const sink = () =>
  new CheckingSink(
    (length) => length <= 11,
    (length) => length > 0,
  );

/** Plays a whole recorded session, with `input` in place of one side's bytes, turn and turn about. */
function session(from: 'client' | 'server', other: readonly Buffer[]): Decoder['run'] {
  return (input, random) => {
    const walker = new sqlserver.SqlServerSession(sink(), { version: random.pick(VERSIONS) });
    const opposite = random.pick(other);
    const answers = chunks(opposite.subarray(0, random.below(opposite.length + 1)), random);
    for (const chunk of chunks(input, random)) {
      const answer = answers.shift() ?? Buffer.alloc(0);
      if (from === 'server') walker.fromClient(answer);
      const refused = from === 'client' ? walker.fromClient(chunk) : given(walker, Buffer.from(chunk), random);
      if (refused !== null && walker.fromClient(Buffer.alloc(0)) !== refused)
        throw new Error('a refusal does not last');
      if (from === 'client') given(walker, Buffer.from(answer), random);
      if (walker.serverRemainder < 0) throw new Error('a negative remainder');
    }
    walker.abandon();
  };
}

/** As the relay gives it: sometimes it means to cut the session, and asks first how much of the chunk may go. */
function given(walker: sqlserver.SqlServerSession, chunk: Buffer, random: Random) {
  if (random.below(4) === 0) {
    const boundary = walker.toBoundary(chunk);
    if (boundary < -1 || boundary > chunk.length) throw new Error('a boundary beyond the chunk');
  }
  return walker.fromServer(chunk);
}

const table = Buffer.concat([
  hex('F3 00 00 03'),
  utf16('Ids'),
  u16(1),
  u32(0),
  u16(0),
  hex('26 04 00 10 01 00 01 00 01 00'),
  hex('01 04'),
  u32(7),
  hex('01 00 00'),
]);

const requests: readonly Buffer[] = [
  client.rpc([
    call(10, parameter.nvarcharMax('select @t', { part: 4 }), parameter.nvarchar('@t dbo.Ids'), parameter.raw(table)),
    call('dbo.foo', parameter.ntext('x', { name: '@x' })),
    call(
      13,
      parameter.int(null, { out: true }),
      parameter.nvarchar('@a int'),
      parameter.nvarchar('s'),
      parameter.int(1),
    ),
    call(12, parameter.int(1)),
    call(15, parameter.int(1)),
    call(
      5,
      parameter.int(0, { out: true }),
      parameter.int(0, { out: true }),
      parameter.nvarchar(''),
      parameter.ntext('s'),
    ),
    call(7, parameter.int(1), parameter.int(2)),
    call(9, parameter.int(1)),
  ]),
  client.rpc([
    call(
      10,
      parameter.nvarcharMax('x'.repeat(40_000)),
      parameter.nvarchar(''),
      parameter.nvarcharMax('y'.repeat(40_000)),
    ),
  ]),
  client.batch('x'.repeat(40_000), { packetBytes: 512 }),
  client.rpc([call(10, parameter.nvarchar('old')), call('sp_executesql', parameter.nvarchar('older'))], { old: true }),
  Buffer.concat([
    client.batch('insert bulk t (a int)'),
    client.bulk(Buffer.alloc(2000), { packetBytes: 512 }),
    client.transaction(hex('05 00 02 00')),
    client.attention(),
    client.raw(PacketType.batch, utf16('given up'), { status: 2 }),
  ]),
];

const row = token.row(value.int(1), value.intN(2), value.nvarchar('text'), parts(utf16('long'), 3));
const columns = token.columns(type.int, type.intN, type.nvarchar, type.nvarcharMax);
const responses: readonly Buffer[] = [
  server.response([
    columns,
    row,
    token.nullableRow(value.int(1), null, null, null),
    row,
    token.info(),
    token.transaction(8),
    token.error(547),
    token.doneInProc(3),
    token.status(),
    token.returnInt(1),
    token.doneProc(DoneStatus.rpcInBatch | DoneStatus.more),
    token.noColumns(),
    token.doneProc(),
  ]),
  server.response(
    [columns, ...Array.from({ length: 100 }, () => row), token.done(DoneStatus.count, { rows: 100 })],
    512,
  ),
  server.response([token.done(DoneStatus.attention)]),
  // COMPUTE: ALTMETADATA and ALTROW.
  server.response([
    hex('88 01 00 01 00 01 01 00 4B 01 00'),
    u32(0),
    u16(0),
    hex('26 04 00 D3 01 00 04 07 00 00 00'),
    token.done(0),
  ]),
];

const login: sqlserver.Login7 = {
  version: TdsVersion.v74,
  packetBytes: 4096,
  programVersion: 7,
  processId: 1,
  connectionId: 0,
  flags: [0xe0, 0x03, 0, 0x10],
  timeZone: 0,
  lcid: 0x409,
  hostName: 'host',
  userName: 'user',
  password: 'password',
  applicationName: 'app',
  serverName: 'server',
  libraryName: 'lib',
  language: '',
  database: 'db',
  clientId: Buffer.alloc(6),
  features: [sqlserver.fedAuthFeature('token', true), { id: sqlserver.FeatureId.utf8Support, data: Buffer.of(1) }],
};
const prelogin = sqlserver.preloginAnswer({ major: 16, minor: 0, build: 1, sub: 0 }, sqlserver.Encryption.required, 1);
const info = sqlserver.fedAuthInfo({ stsUrl: 'https://login.example', spn: 'https://database.example' });
const greeting = Buffer.concat([
  sqlserver.changeToken(sqlserver.EnvChange.database, 'db', 'master'),
  sqlserver.infoToken(TdsVersion.v74, { number: 5701, state: 2, severity: 0, message: 'm' }),
  hex('AD 0E 00 01 74 00 00 04 02 61 00 62 00 10 00 00 00'),
  hex('E3 0B 00 14 06 00 00 39 30 01 00 61 00 00 00'),
  sqlserver.featureAckToken([{ id: sqlserver.FeatureId.utf8Support, data: Buffer.of(1) }]),
  info,
  sqlserver.errorResponse(TdsVersion.v74, { number: 18456, state: 1, severity: 14, message: 'Login failed' }),
]);
const fedAuthToken = sqlserver.writeFedAuthToken({ token: 'token', nonce: Buffer.alloc(32) });

const parameters: readonly Buffer[] = [
  Buffer.concat([parameter.int(7, { name: '@a', out: true }), parameter.nvarchar('x'), parameter.varchar('é')]),
  Buffer.concat([parameter.nvarcharMax('xyz', { part: 2 }), parameter.ntext('t'), parameter.raw(table)]),
  ...[
    '6A 05 0A 02 05 00 39 30 00 00',
    '6E 08 08 FF FF FF FF 18 FC FF FF',
    '6F 08 08 01 00 00 00 2B 01 00 00',
    '2A 03 07 7B 00 00 00 00 00 00',
    '2B 00 08 00 00 00 01 00 00 C4 FF',
    '62 49 1F 00 00 0B 00 00 00 E7 07 09 04 D0 00 34 08 00 61 00',
    'F1 00 FE FF FF FF FF FF FF FF 08 00 00 00 3C 00 61 00 2F 00 3E 00 00 00 00 00',
  ].map((bytes) => parameter.raw(hex(bytes))),
];

export const sqlServerDecoders: Readonly<Record<string, Decoder>> = {
  sqlServerClient: {
    seeds: [...side('client'), ...requests],
    run: session('client', [...side('server'), ...responses]),
  },
  sqlServerServer: {
    seeds: [...side('server'), ...responses],
    run: session('server', [...side('client'), ...requests]),
  },
  sqlServerLogin: {
    seeds: [
      sqlserver.packets(PacketType.prelogin, prelogin),
      sqlserver.packets(PacketType.login7, sqlserver.writeLogin7(login)),
      sqlserver.packets(
        PacketType.login7,
        sqlserver.writeLogin7({ ...login, version: TdsVersion.v71, features: null }),
      ),
      sqlserver.packets(PacketType.response, greeting, 512),
      sqlserver.packets(PacketType.fedAuthToken, fedAuthToken),
    ],
    run: (input, random) =>
      refusing(() => {
        const reader = new sqlserver.MessageReader('client');
        for (const chunk of chunks(input, random)) {
          reader.push(chunk);
          for (let message = reader.message(); message !== null; message = reader.message()) {
            const { body } = message;
            refusing(() => sqlserver.readPrelogin(body, 'client'));
            refusing(() => sqlserver.readLoginResponse(body, random.pick(VERSIONS)));
            refusing(() => sqlserver.readFedAuthToken(body));
            refusing(() => again(sqlserver.readLogin7(body)));
          }
        }
      }),
  },
  sqlServerValues: {
    seeds: [
      ...parameters,
      ...parameters.map((bytes) => Buffer.concat([call('p'), bytes])),
      hex('FFFF0EFF 0500 0202 6100'),
    ],
    run: (input, random) => {
      const options = { partial: random.below(2) === 0, maxBytes: random.below(64) };
      const declared = random.below(2) === 0 ? null : utf16('@a int, @b decimal(10, 2)');
      const shown = [sqlserver.parameterValues(input, declared, options), sqlserver.procedureCall(input, options)];
      if (JSON.stringify(shown).length > 5_000_000) throw new Error('values grew out of bounds');
    },
  },
};

/** What was read can be written, and reads the same. */
function again(read: sqlserver.Login7): void {
  sqlserver.fedAuthOf(read.features);
  const written = sqlserver.readLogin7(sqlserver.writeLogin7(read));
  if (written.userName !== read.userName || written.password !== read.password) throw new Error('a changed login');
}
