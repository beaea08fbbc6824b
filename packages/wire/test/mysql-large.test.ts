/** Messages of any size in bounded memory, and where a message of our own may be put between the server's. */
import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { mysql, type StatementSink, UNKNOWN_TOTAL } from '../src/index.ts';
import { client, counted, long, message, server, string, uint } from './support/mysql-craft.ts';
import { MysqlEvents } from './support/mysql-events.ts';
import { mysqlRecording, mysqlRecordings } from './support/mysql-recording.ts';
import { Player } from './support/mysql-replay.ts';
import { inPieces } from './support/replay.ts';
import { Summary } from './support/summary.ts';

const MIB = 1024 * 1024;
const FULL = 0xffffff;
const AGREED: mysql.SessionOptions = {
  capabilities: mysql.Capability.protocol41,
  mariadbCapabilities: 0,
  flavour: 'mysql',
  localFiles: false,
};
const open = (sink: StatementSink, options: Partial<mysql.SessionOptions> = {}) =>
  new mysql.MysqlSession(sink, { ...AGREED, ...options });

/** Counts the bytes it is told; holds every total against what came of it. */
class Counting implements StatementSink {
  bytes = 0;
  pieces = 0;
  ended = 0;
  executed = 0;
  #begin(start: number, end: number): void {
    this.bytes = end - start;
  }
  prepare(_statement: number, _name: string, _bytes: Uint8Array, start: number, end: number): void {
    this.#begin(start, end);
  }
  types(): void {}
  named(): void {}
  alternative(): void {}
  bind(_binding: number, _statement: number, _bytes: Uint8Array, start: number, end: number): void {
    this.#begin(start, end);
  }
  execute(): void {
    this.executed += 1;
  }
  simple(_op: number, _bytes: Uint8Array, start: number, end: number): void {
    this.#begin(start, end);
  }
  call(_op: number, _bytes: Uint8Array, start: number, end: number): void {
    this.#begin(start, end);
  }
  part(_ref: number, offset: number, total: number, _bytes: Uint8Array, start: number, end: number, last: boolean) {
    if (offset !== this.bytes) throw new Error(`a part at ${offset} follows ${this.bytes} bytes`);
    this.bytes += end - start;
    this.pieces += 1;
    if (last) this.ended += 1;
    if (total !== (last ? this.bytes : UNKNOWN_TOTAL)) throw new Error(`${total} in all, of ${this.bytes} so far`);
  }
  outcome(): void {}
  uploaded(): void {}
  finished(): void {}
  cancelled(): void {}
}

const filler = Buffer.alloc(MIB, 0x61);

/** The packets of a message of `size` bytes that begins with `begin`, in chunks of a MiB. */
function* packets(begin: Buffer, size: number, sequence = 0): Generator<Buffer> {
  let number = sequence;
  for (let left = size, full = true; full; number++) {
    let length = Math.min(left, FULL);
    full = length === FULL;
    left -= length;
    yield Buffer.concat([uint(length, 3), Buffer.of(number & 255), number === sequence ? begin : Buffer.alloc(0)]);
    if (number === sequence) length -= begin.length;
    for (; length > 0; length -= MIB) yield filler.subarray(0, Math.min(length, MIB));
  }
}

describe('a command of several packets', () => {
  test.each([
    ['statement', Buffer.of(0x03), 40 * MIB, 1],
    ['statement that ends with an empty packet', Buffer.of(0x03), FULL * 2, 1],
    ['preparation', Buffer.of(0x16), 40 * MIB, 1],
    ['value sent ahead', Buffer.concat([Buffer.of(0x18), uint(1, 4), uint(0, 2)]), 40 * MIB, 0],
    ['execution', Buffer.concat([Buffer.of(0x17), uint(1, 4), Buffer.of(0), uint(1, 4)]), FULL, 0],
  ])('(%s) is told whole, piece by piece', (_what, begin, size, skipped) => {
    const sink = new Counting();
    const session = open(sink);
    const [first = filler, ...chunks] = packets(begin, size);
    const before = process.memoryUsage();
    // A text statement's first character is needed to tell it from a KILL.
    expect(session.fromClient(Buffer.concat([first, Buffer.of(0x61)]))).toBeNull();
    chunks[0] = chunks[0]?.subarray(1) ?? filler;
    for (const chunk of chunks) expect(session.fromClient(chunk)).toBeNull();
    const after = process.memoryUsage();
    expect(sink.bytes).toBe(size - skipped);
    expect(sink.pieces).toBeGreaterThanOrEqual(16);
    expect(sink.ended).toBe(1);
    expect(sink.executed).toBe(begin[0] === 0x17 ? 1 : 0);
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(MIB);
    // The answer follows the number of the last packet.
    if (begin[0] !== 0x18) expect(session.sequence).toBe(Math.floor(size / FULL) + 1);
  });

  test('may be answered before it ends', () => {
    const events = new MysqlEvents();
    const player = new Player(events, AGREED);
    const all = [...packets(Buffer.of(0x03), 20 * MIB)];
    for (const chunk of all.slice(0, 10)) player.fromClient(chunk);
    expect(player.fromServer(server.error(1, 1153, '08S01'))).toBeNull();
    for (const chunk of all.slice(10)) expect(player.fromClient(chunk)).toBeNull();
    expect(events.lines.map((line) => line.slice(0, 22))).toEqual(['outcome 1.0 error rows', 'simple 1 (20971519 byt']);
  });
});

describe('a row of several packets', () => {
  test('passes, is counted once, and nothing is put within it', () => {
    const events = new MysqlEvents();
    const session = open(events);
    session.fromClient(client.query('select a'));
    session.fromServer(Buffer.concat([server.columns(1, 1), server.definition(2), server.eof(3)]));
    // A row may begin as an EOF packet does.
    const chunks = [...packets(Buffer.concat([Buffer.of(0xfe), uint(2 * FULL - 9, 8)]), 2 * FULL, 4)];
    for (const [index, chunk] of chunks.entries()) {
      expect(session.fromServer(chunk)).toBeNull();
      expect(session.serverRemainder > 0).toBe(index < chunks.length - 1);
    }
    expect(session.sequence).toBe(7);
    session.fromServer(server.eof(7));
    expect(events.lines.at(-1)).toBe(`outcome 1.0 done rows 1 in 0 out ${2 * FULL} ''`);
  });

  test('its boundary is found behind the headers that continue it', () => {
    const session = open(new MysqlEvents());
    session.fromClient(client.query('select a'));
    session.fromServer(Buffer.concat([server.columns(1, 1), server.definition(2), server.eof(3)]));
    const row = message(4, Buffer.alloc(FULL + 5, 0x61));
    session.fromServer(row.subarray(0, FULL));
    const rest = row.subarray(FULL);
    expect(session.serverRemainder).toBe(4 + 4);
    expect(session.toBoundary(Buffer.concat([rest, server.eof(6)]))).toBe(rest.length);
    expect(session.sequence).toBe(6);
    for (let at = 0; at < rest.length; at++) expect(session.toBoundary(rest.subarray(0, at))).toBe(-1);
    // The header that continues it, cut in two.
    session.fromServer(rest.subarray(0, 6));
    expect(session.serverRemainder).toBe(2);
    expect(session.toBoundary(rest.subarray(6))).toBe(rest.length - 6);
    expect(session.sequence).toBe(6);
  });
});

describe('a command around the limit of what is gathered', () => {
  const sizes = [65_520, 65_534, 65_535, 65_536, 65_537, 65_540, 70_000];
  const attributes = mysql.Capability.queryAttributes;
  const makers: readonly (readonly [string, number, (size: number) => Buffer])[] = [
    ['COM_QUERY', 0, (size) => client.query('x'.repeat(size))],
    ['COM_QUERY with attributes', attributes, (size) => client.attributed('x'.repeat(size), string('v', 'n'), long(1))],
    ['COM_STMT_PREPARE', 0, (size) => client.prepare('x'.repeat(size))],
    ['COM_STMT_EXECUTE', 0, (size) => client.execute(1, [long(5), string('x'.repeat(size))])],
    [
      'COM_STMT_EXECUTE with attributes',
      attributes,
      (size) => client.execute(1, [long(5), string('x'.repeat(size))], { named: true }),
    ],
    ['COM_STMT_BULK_EXECUTE', 0, (size) => client.bulk(1, [3, 253], [[uint(5, 4), counted('x'.repeat(size))]])],
    ['COM_STMT_SEND_LONG_DATA', 0, (size) => client.longData(1, 0, 'x'.repeat(size))],
    ['COM_INIT_DB', 0, (size) => client.initDb('x'.repeat(size))],
  ];

  test.each(makers)('%s means the same in any chunks', (_what, capabilities, make) => {
    for (const size of sizes) {
      const command = make(size);
      const again = client.execute(1, [long(6), string('kept')], { types: false, named: capabilities !== 0 });
      const all = Buffer.concat([command, client.ping(), again]);
      const begin = (summary: Summary) => {
        const session = open(summary, { capabilities: AGREED.capabilities + capabilities });
        session.fromClient(client.prepare('select ?, ?'));
        session.fromServer(
          Buffer.concat([server.prepared(1, 1, 0, 2), server.definition(2), server.definition(3), server.eof(4)]),
        );
        return session;
      };
      const whole = new Summary();
      // The preparation among them would have the execution behind it wait.
      const prepares = command[4] === 0x16;
      expect(begin(whole).fromClient(prepares ? command : all)).toBeNull();
      for (const cut of [1, 4, 5, 6, 14, 4095, 4100, 4101, 4110, 65_535, 65_541]) {
        const pieces = new Summary();
        const player = new Player(pieces, { ...AGREED, capabilities: AGREED.capabilities + capabilities });
        player.play([
          { from: 'client', bytes: client.prepare('select ?, ?') },
          {
            from: 'server',
            bytes: Buffer.concat([
              server.prepared(1, 1, 0, 2),
              server.definition(2),
              server.definition(3),
              server.eof(4),
            ]),
          },
        ]);
        const sent = prepares ? command : all;
        const rest = inPieces([{ from: 'client', bytes: sent.subarray(cut) }], 7919);
        expect(player.play([{ from: 'client', bytes: sent.subarray(0, cut) }, ...rest])).toBeNull();
        // Whether types are told ahead depends on where a large execution is cut; what it means does not.
        const meant = (lines: readonly string[]) => lines.filter((line) => !line.startsWith('["types'));
        expect(meant(pieces.lines)).toEqual(meant(whole.lines));
      }
    }
  });

  test('the types of thousands of parameters are kept, wherever the execution is cut', () => {
    const count = 5000;
    const given = Array.from({ length: count }, (_, i) => (i % 2 === 0 ? long(i) : string('y'.repeat(30))));
    for (const size of [1000, 4096, 9999, 200_000]) {
      const events = new MysqlEvents();
      const session = open(events);
      session.fromClient(client.prepare('insert'));
      const definitions = Array.from({ length: count }, (_, i) => server.definition(2 + i));
      session.fromServer(Buffer.concat([server.prepared(1, 1, 0, count), ...definitions, server.eof(9)]));
      for (const { bytes } of inPieces([{ from: 'client', bytes: client.execute(1, given) }], size)) {
        expect(session.fromClient(bytes)).toBeNull();
      }
      events.lines.length = 0;
      session.fromClient(client.execute(1, given, { types: false }));
      expect(events.lines[0]).toBe(`types 1 x048813${'0300fd00'.repeat(count / 2)}`);
    }
  });

  test('attributes of a large statement must end early, in whatever chunks', () => {
    const capabilities = AGREED.capabilities + mysql.Capability.queryAttributes;
    const statement = client.attributed('x'.repeat(70_000), string('v'.repeat(5000), 'n'));
    for (const cut of [10, 4200, statement.length]) {
      const player = new Player(new MysqlEvents(), { ...AGREED, capabilities });
      const refused = player.fromClient(statement.subarray(0, cut)) ?? player.fromClient(statement.subarray(cut));
      expect(refused).toMatchObject({ side: 'client', code: '54000' });
    }
    const small = client.attributed('x'.repeat(100), string('v'.repeat(5000), 'n'));
    expect(open(new MysqlEvents(), { capabilities }).fromClient(small)).toBeNull();
  });
});

describe('the server’s message boundary', () => {
  test.each(mysqlRecordings())('is known at every byte: %s', (name) => {
    const { agreed, chunks } = mysqlRecording(name);
    const player = new Player(new MysqlEvents(), agreed);
    const { session } = player;
    for (const { from, bytes } of chunks) {
      if (from === 'client') {
        player.fromClient(bytes);
        continue;
      }
      // Reckoned anew from the lengths alone.
      const ends = new Map<number, number>([[0, -1]]);
      for (let at = 0; at < bytes.length; ) {
        const sequence = bytes[at + 3] ?? 0;
        at += 4 + bytes.readUIntLE(at, 3);
        ends.set(at, sequence);
      }
      for (let at = 0; at < bytes.length; at++) {
        expect(session.serverRemainder === 0).toBe(ends.has(at));
        const boundary = Math.min(...[...ends.keys()].filter((end) => end >= at));
        expect(session.toBoundary(bytes.subarray(at))).toBe(boundary - at);
        if (boundary > at) {
          expect(session.sequence).toBe(((ends.get(boundary) ?? 0) + 1) & 255);
          expect(session.toBoundary(bytes.subarray(at, boundary - 1))).toBe(-1);
        }
        player.fromServer(bytes.subarray(at, at + 1));
      }
    }
    expect(session.serverRemainder).toBe(0);
  });
});
