/** MySQL's session and values: valid inputs to begin from, and what must hold whatever becomes of them. */
import { Buffer } from 'node:buffer';
import { mysql } from '../src/index.ts';
import { client, counted, long, message, server, string, uint } from '../test/support/mysql-craft.ts';
import { mysqlRecording, mysqlRecordings } from '../test/support/mysql-recording.ts';
import { Player } from '../test/support/mysql-replay.ts';
import { CheckingSink } from './checking-sink.ts';
import { chunks, type Decoder } from './decoder.ts';
import type { Random } from './random.ts';

const recorded = mysqlRecordings().map(mysqlRecording);
const side = (from: 'client' | 'server') =>
  recorded.map(({ chunks }) => Buffer.concat(chunks.filter((chunk) => chunk.from === from).map(({ bytes }) => bytes)));

const { Capability, MariadbCapability } = mysql;

/** Whatever two ends may agree on. */
function agreed(random: Random): mysql.Agreed {
  const may = (flag: number) => (random.below(2) === 0 ? flag : 0);
  return {
    capabilities: Capability.protocol41 + may(Capability.deprecateEof) + may(Capability.queryAttributes),
    mariadbCapabilities: may(MariadbCapability.cacheMetadata) + may(MariadbCapability.progress),
    flavour: random.below(2) === 0 ? 'mysql' : 'mariadb',
  };
}

const answers = [null, 'HY000', 'pass'] as const;

/** Any length: what there is, a count, bits, types. */
const sink = () => new CheckingSink(undefined, (length) => length >= 3);

/** Plays a whole recorded session, with `input` in place of one side's bytes, turn and turn about. */
function session(from: 'client' | 'server', other: readonly Buffer[]): Decoder['run'] {
  return (input, random) => {
    const player = new Player(sink(), agreed(random), () => random.pick(answers));
    const { session: walker } = player;
    const opposite = random.pick(other);
    const replies = chunks(opposite.subarray(0, random.below(opposite.length + 1)), random);
    for (const chunk of chunks(input, random)) {
      const reply = replies.shift() ?? Buffer.alloc(0);
      if (from === 'server') player.fromClient(reply);
      const refused = from === 'client' ? player.fromClient(chunk) : player.fromServer(chunk);
      if (refused !== null && walker.fromServer(Buffer.alloc(0)) !== refused)
        throw new Error('a refusal does not last');
      if (from === 'client') player.fromServer(reply);
      const { serverRemainder, sequence, unread } = walker;
      if (serverRemainder < 0 || sequence < 0 || sequence > 255 || unread < 0)
        throw new Error('a number out of bounds');
      const boundary = walker.toBoundary(chunk);
      if (boundary > chunk.length) throw new Error('a boundary beyond the chunk');
    }
    walker.abandon();
  };
}

const commands: readonly Buffer[] = [
  Buffer.concat([
    client.query('/* a */ kill query 12 -- b'),
    client.processKill(5),
    client.changeUser('root'),
    message(0),
  ]),
  Buffer.concat([client.query(`select '${'x'.repeat(70_000)}'`), client.query('kill 5')]),
  Buffer.concat([client.attributed('select 1', string('v', 'name'), { type: 11, name: 't', value: null })]),
  Buffer.concat([client.prepare('x'.repeat(70_000)), client.execute(1, [string('y'.repeat(70_000))], { named: true })]),
];
const replies: readonly Buffer[] = [
  Buffer.concat([server.columnsCached(1, 2, false), server.eof(2), server.row(3, 'x'), server.eof(4)]),
  Buffer.concat([server.progress(1), server.file(2, 'f'), server.ok(3, 70_000)]),
];

/** Commands that carry values, without their headers. */
const valued: readonly Buffer[] = [
  client.execute(1, [long(5), string('text'), { type: 12, value: uint(7, 8) }, { type: 246, value: counted('1.5') }]),
  client.execute(1, [long(5), string('text', 'name')], { named: true }, 8),
  client.execute(1, [long(5), string('text')], { types: false }),
  client.bulk(
    1,
    [3, 253],
    [
      [uint(2, 4), counted('y')],
      [1, 2],
    ],
  ),
  client.longData(1, 0, 'piece'),
  client.attributed('', string('abc', 'trace'), long(5)),
  client.fieldList('t', 'a%'),
].map((packet) => packet.subarray(4));

const TOLD: readonly (Buffer | null)[] = [
  null,
  Buffer.of(0, 2, 0),
  Buffer.of(1, 1, 0),
  Buffer.of(4, 2, 0, 3, 0, 253, 0),
  Buffer.of(7, 2, 0, 1, 3, 0, 253, 0),
  Buffer.of(7, 0xff, 0xff, 1),
];

export const mysqlDecoders: Readonly<Record<string, Decoder>> = {
  mysqlClient: { seeds: [...side('client'), ...commands], run: session('client', side('server')) },
  mysqlServer: { seeds: [...side('server'), ...replies], run: session('server', side('client')) },
  mysqlValues: {
    seeds: valued,
    run: (input, random) => {
      const options = { partial: random.below(2) === 0, maxBytes: random.below(64) };
      const shown = mysql.boundValues(input, random.pick(TOLD), options);
      if (JSON.stringify(shown).length > 5_000_000) throw new Error('values grew out of bounds');
      mysql.commandCall(input, options);
    },
  },
};
