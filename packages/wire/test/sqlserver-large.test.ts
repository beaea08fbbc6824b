/** Messages of any size in bounded memory, and where a message of our own may be put between the server's. */
import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { type StatementSink, sqlserver, UNKNOWN_TOTAL } from '../src/index.ts';
import {
  call,
  client,
  HEADERS,
  hex,
  parameter,
  server,
  token,
  type,
  u32,
  u64,
  utf16,
  value,
} from './support/sqlserver-craft.ts';
import { SqlServerEvents } from './support/sqlserver-events.ts';

const { DoneStatus, PacketStatus, PacketType, TdsVersion } = sqlserver;
const MIB = 1024 * 1024;

/** Counts the bytes it is told, and nothing else. */
class Counting implements StatementSink {
  bytes = 0;
  pieces = 0;
  total = 0;
  executed = 0;
  prepare(_statement: number, _name: string, _bytes: Uint8Array, start: number, end: number): void {
    this.bytes += end - start;
  }
  types(): void {}
  named(): void {}
  alternative(): void {}
  bind(_binding: number, _statement: number, _bytes: Uint8Array, start: number, end: number, total: number): void {
    expect(total).toBe(UNKNOWN_TOTAL);
    this.bytes = end - start;
  }
  execute(): void {
    this.executed += 1;
  }
  simple(_op: number, _bytes: Uint8Array, start: number, end: number): void {
    this.bytes = end - start;
  }
  call(_op: number, _bytes: Uint8Array, start: number, end: number): void {
    this.bytes = end - start;
  }
  part(_ref: number, offset: number, total: number, _bytes: Uint8Array, start: number, end: number, last: boolean) {
    if (offset !== this.bytes) throw new Error('parts follow each other');
    this.bytes += end - start;
    this.pieces += 1;
    if (last) this.total = total;
  }
  outcome(): void {}
  uploaded(): void {}
  finished(): void {}
  cancelled(): void {}
}

describe('a message of 100 MB', () => {
  const size = 100 * MIB;
  const PACKET = 32_000;
  const full = Buffer.concat([hex('00 00'), Buffer.alloc(2), hex('00 00 01 00'), Buffer.alloc(PACKET - 8, 0x61)]);
  full.writeUInt16BE(PACKET, 2);

  /** Gives a message of this type: what begins it, content, what ends it; a few packets to a chunk. */
  function feed(packetType: number, begin: Buffer, end: Buffer, to: (chunk: Buffer) => unknown): number {
    const first = sqlserver.packets(packetType, begin, PACKET);
    first[1] = 0;
    expect(to(first)).toBeNull();
    full[0] = packetType;
    const chunk = Buffer.concat([full, full]);
    let content = 0;
    for (; content < size; content += 2 * (PACKET - 8)) {
      // The walker may not write in what it is given, but the relay's memory is used again.
      if (to(chunk) !== null) throw new Error('refused');
    }
    expect(to(sqlserver.packets(packetType, end, PACKET))).toBeNull();
    return content;
  }
  const contentBytes = Math.ceil(size / (2 * (PACKET - 8))) * 2 * (PACKET - 8);
  const declared = hex('E7 FF FF 09 04 D0 00 34');

  test.each([
    ['batch', PacketType.batch, HEADERS, Buffer.alloc(0)],
    [
      'call',
      PacketType.rpc,
      Buffer.concat([HEADERS, call('p'), hex('00 00'), declared, u64(-2n & 0xffff_ffff_ffff_ffffn), u32(contentBytes)]),
      u32(0),
    ],
  ])('of a client’s (%s) is told whole, piece by piece', (_what, packetType, begin, end) => {
    const sink = new Counting();
    const session = new sqlserver.SqlServerSession(sink, { version: TdsVersion.v74 });
    const before = process.memoryUsage();
    const content = feed(packetType, begin, end, (bytes) => session.fromClient(bytes));
    const after = process.memoryUsage();
    expect(sink.bytes).toBe(begin.length - HEADERS.length + content + end.length);
    expect(sink.total).toBe(sink.bytes);
    expect(sink.pieces).toBeGreaterThanOrEqual(1000);
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(2 * MIB);
  });

  test('of the server’s passes', () => {
    const session = new sqlserver.SqlServerSession(new Counting(), { version: TdsVersion.v74 });
    session.fromClient(client.batch('select 1'));
    const begin = [
      token.columns(type.nvarcharMax),
      Buffer.of(sqlserver.Token.row),
      u64(contentBytes),
      u32(contentBytes),
    ];
    const end = Buffer.concat([u32(0), token.done(DoneStatus.count, { rows: 1 })]);
    feed(PacketType.response, Buffer.concat(begin), end, (bytes) => session.fromServer(bytes));
    expect(session.idle).toBe(true);
  });
});

describe('what is larger than is gathered', () => {
  const long = 'x'.repeat(40_000);

  test('is a preparation in parts, and a binding apart from its execution', () => {
    const events = new SqlServerEvents();
    const session = new sqlserver.SqlServerSession(events, { version: TdsVersion.v74 });
    const rpc = client.rpc([
      call(10, parameter.nvarcharMax(long), parameter.nvarchar('@p nvarchar(max)'), parameter.nvarcharMax(long)),
    ]);
    for (let at = 0; at < rpc.length; at += 10_000)
      expect(session.fromClient(rpc.subarray(at, at + 10_000))).toBeNull();
    expect(events.lines).toEqual([
      'prepare 1 "" (80000 bytes)',
      "types 1 '@p nvarchar(max)'",
      expect.stringMatching(/^bind 2 statement 1 \(8\d{4} bytes\)$/),
      'execute 3 statement 1 binding 2',
    ]);
    session.fromServer(server.response([token.doneInProc(1), token.doneProc()]));
    expect(events.lines.at(-1)).toBe('finished 3');
  });

  test('tells each piece before the chunk that carries it goes', () => {
    const sink = new Counting();
    const session = new sqlserver.SqlServerSession(sink, { version: TdsVersion.v74 });
    const batch = client.batch(long.repeat(5));
    for (let at = 0; at < batch.length; at += 5000) {
      expect(session.fromClient(batch.subarray(at, at + 5000))).toBeNull();
      const packets = Math.ceil(Math.min(batch.length, at + 5000) / 4096);
      const text = Math.min(at + 5000, batch.length) - packets * 8 - HEADERS.length;
      // Held back is only what could still become one record.
      if (sink.bytes > 0) expect(sink.bytes).toBeGreaterThanOrEqual(text);
      else expect(text).toBeLessThanOrEqual(64 * 1024 + 8);
    }
    expect(sink.bytes).toBe(400_000);
  });
});

describe('the end of a session', () => {
  const row = token.row(value.int(1), value.nvarchar('some text'));
  const columns = token.columns(type.int, type.nvarchar);
  const farewell = server.response([
    sqlserver.errorResponse(TdsVersion.v74, { number: 50_000, state: 1, severity: 20, message: 'the grant expired' }),
  ]);
  const streaming = (packetBytes: number) => {
    const rows = Array.from({ length: 400 }, () => row);
    return server.response([columns, ...rows, token.done(DoneStatus.count, { rows: 400 })], packetBytes);
  };

  /** What the client makes of all it got: every token whole, as the walker itself reads it. */
  function understood(bytes: Buffer): string[] {
    const events = new SqlServerEvents();
    const session = new sqlserver.SqlServerSession(events, { version: TdsVersion.v74 });
    session.fromClient(client.batch('x'));
    expect(session.fromServer(bytes)).toBeNull();
    expect(session.serverRemainder).toBe(0);
    expect(session.idle).toBe(true);
    return events.lines.slice(1);
  }

  function asked(): sqlserver.SqlServerSession {
    const session = new sqlserver.SqlServerSession(new Counting(), { version: TdsVersion.v74 });
    session.fromClient(client.batch('x'));
    return session;
  }

  test.each([512, 1000, 4096, 32_000])(
    'can be told between two rows of a result that streams (packets of %i)',
    (size) => {
      const stream = streaming(size);
      for (let cut = 1; cut < Math.min(stream.length, 6000); cut += 37) {
        const session = asked();
        expect(session.fromServer(stream.subarray(0, cut))).toBeNull();
        const got = [stream.subarray(0, cut)];
        let at = cut;
        while (session.serverRemainder !== 0) {
          const chunk = Buffer.from(stream.subarray(at, at + 1500));
          expect(chunk.length).toBeGreaterThan(0);
          at += 1500;
          const boundary = session.toBoundary(chunk);
          expect(session.fromServer(chunk)).toBeNull();
          if (boundary < 0) {
            got.push(chunk);
            continue;
          }
          got.push(chunk.subarray(0, boundary));
          break;
        }
        const told = understood(Buffer.concat([...got, farewell]));
        // Of a response that was whole by then the farewell is another.
        const whole = Buffer.concat(got).length === stream.length;
        expect(told.at(-1)).toMatch(whole ? /done rows 400/ : /^outcome 1.0 error rows \d+ in 0 out \d+ '50000'$/);
      }
    },
  );

  test('waits for the end of a value that fills packets', () => {
    const long = server.response(
      [
        token.columns(type.nvarcharMax),
        token.row(Buffer.concat([u64(4000), u32(4000), utf16('y'.repeat(2000)), u32(0)])),
        token.done(0),
      ],
      512,
    );
    const session = asked();
    session.fromServer(long.subarray(0, 600));
    const chunk = Buffer.from(long.subarray(600, 2000));
    expect(session.toBoundary(chunk)).toBe(-1);
    expect(chunk.equals(long.subarray(600, 2000))).toBe(true);
    expect(session.fromServer(chunk)).toBeNull();
    const last = Buffer.from(long.subarray(2000));
    const boundary = session.toBoundary(last);
    expect(boundary).toBeGreaterThan(0);
    expect(understood(Buffer.concat([long.subarray(0, 2000), last.subarray(0, boundary), farewell]))).toHaveLength(1);
  });

  test('needs no waiting between packets and tokens', () => {
    const session = asked();
    expect(session.serverRemainder).toBe(0);
    const packet = server.response([columns, row]);
    packet[1] = 0;
    session.fromServer(packet);
    expect(session.serverRemainder).toBe(0);
    expect(session.toBoundary(packet)).toBe(0);
    session.fromServer(packet.subarray(0, 5));
    expect(session.serverRemainder).toBe(3);
    session.fromServer(packet.subarray(5, 20));
    expect(session.serverRemainder).toBe(packet.length - 20);
  });

  test('never touches what is only read', () => {
    const stream = streaming(512);
    const copy = Buffer.from(stream);
    expect(asked().fromServer(stream)).toBeNull();
    expect(stream.equals(copy)).toBe(true);
    expect((stream[1] ?? 0) & PacketStatus.endOfMessage).toBe(0);
  });
});
