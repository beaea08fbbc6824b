/** Messages of any size in bounded memory, and where a message of our own may be put between the server's. */
import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { postgres, type StatementSink } from '../src/index.ts';
import { client, craft, int16, int32, server, text, values } from './support/craft.ts';
import { Events } from './support/events.ts';
import { recording, recordings } from './support/recording.ts';
import { Summary } from './support/summary.ts';

const MIB = 1024 * 1024;

/** Counts the bytes it is told, and nothing else. */
class Counting implements StatementSink {
  bytes = 0;
  pieces = 0;
  ended = 0;
  prepare(_statement: number, _name: string, _bytes: Uint8Array, start: number, end: number): void {
    this.bytes += end - start;
  }
  types(): void {}
  named(): void {}
  alternative(): void {}
  bind(_binding: number, _statement: number, _bytes: Uint8Array, start: number, end: number): void {
    this.bytes += end - start;
  }
  execute(): void {}
  simple(_op: number, _bytes: Uint8Array, start: number, end: number): void {
    this.bytes += end - start;
  }
  call(): void {}
  part(_ref: number, offset: number, _total: number, _bytes: Uint8Array, start: number, end: number, last: boolean) {
    expect(offset).toBe(this.bytes);
    this.bytes += end - start;
    this.pieces += 1;
    if (last) this.ended += 1;
  }
  outcome(): void {}
  uploaded(): void {}
  finished(): void {}
  cancelled(): void {}
}

describe('a message of 100 MB', () => {
  const size = 100 * MIB;
  const chunk = Buffer.alloc(MIB, 0x61);

  /** Feeds a header for `size` bytes of body, what begins it, and then chunks. */
  function feed(type: string, begin: Buffer, end: Buffer, to: (chunk: Buffer) => unknown): void {
    expect(to(Buffer.concat([Buffer.from(type), int32(size + begin.length + end.length + 4), begin]))).toBeNull();
    for (let fed = 0; fed < size; fed += chunk.length) expect(to(chunk)).toBeNull();
    expect(to(end)).toBeNull();
  }

  test.each([
    ['statement', 'Q', Buffer.alloc(0), Buffer.of(0), 0],
    ['preparation', 'P', text('s'), Buffer.concat([Buffer.of(0), int16(0)]), 0],
    // Formats, one value, its length; and the formats of the result.
    ['value', 'B', Buffer.concat([text(''), text(''), int16(0), int16(1), int32(size)]), int16(0), 10],
  ])('of a client’s (%s) is told whole, piece by piece', (_what, type, begin, end, around) => {
    const sink = new Counting();
    const session = new postgres.PostgresSession(sink);
    const before = process.memoryUsage();
    feed(type, begin, end, (bytes) => session.fromClient(bytes));
    const after = process.memoryUsage();
    expect(sink.bytes).toBe(size + around);
    expect(sink.pieces).toBeGreaterThanOrEqual(100);
    expect(sink.ended).toBe(1);
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(MIB);
  });

  test('of the server’s passes', () => {
    const session = new postgres.PostgresSession(new Counting());
    session.fromClient(client.query('select 1'));
    feed('D', int16(1), Buffer.alloc(0), (bytes) => session.fromServer(bytes));
    expect(session.serverRemainder).toBe(0);
    expect(session.fromServer(Buffer.concat([server.complete('SELECT 1'), server.ready()]))).toBeNull();
  });
});

describe('a message around the limit of what is gathered', () => {
  const sizes = [65_530, 65_534, 65_535, 65_536, 65_537, 65_540, 70_000, 131_072];
  const makers: readonly (readonly [string, (size: number) => Buffer])[] = [
    ['Query', (size) => client.query('x'.repeat(size))],
    ['Parse', (size) => client.parse('name', 'x'.repeat(size), [23])],
    ['Bind', (size) => client.bind('portal', 'name', ['x'.repeat(size), 'y'])],
    ['FunctionCall', (size) => client.functionCall(7, ['x'.repeat(size)])],
  ];

  test.each(makers)('%s means the same in any chunks', (_what, make) => {
    for (const size of sizes) {
      const message = Buffer.concat([make(size), client.execute('portal'), client.sync()]);
      const whole = new Summary();
      expect(new postgres.PostgresSession(whole).fromClient(message)).toBeNull();
      for (const cut of [1, 4, 5, 6, 9, 16, 4095, 4096, 4101, 4102, 4110, 65_535, 65_541, 65_546]) {
        const pieces = new Summary();
        const session = new postgres.PostgresSession(pieces);
        expect(session.fromClient(message.subarray(0, cut))).toBeNull();
        for (let at = cut; at < message.length; at += 7919) {
          expect(session.fromClient(message.subarray(at, at + 7919))).toBeNull();
        }
        expect(pieces.lines).toEqual(whole.lines);
      }
    }
  });

  test('a Query’s end may come alone', () => {
    const message = client.query('x'.repeat(70_000));
    const events = new Events();
    const session = new postgres.PostgresSession(events);
    expect(session.fromClient(message.subarray(0, -1))).toBeNull();
    expect(events.lines).toEqual(['simple 1 (70000 bytes)']);
    expect(session.fromClient(message.subarray(-1))).toBeNull();
    expect(events.lines).toHaveLength(1);
  });

  test('a Query without its end is refused before its last chunk goes', () => {
    const session = new postgres.PostgresSession(new Events());
    const message = craft('Q', 'x'.repeat(70_000));
    expect(session.fromClient(message.subarray(0, 69_000))).toBeNull();
    expect(session.fromClient(message.subarray(69_000))).toMatchObject({ side: 'client' });
  });

  test('values that fill a chunk are one record with their execution', () => {
    const events = new Events();
    const session = new postgres.PostgresSession(events);
    const bound = values(['x'.repeat(100_000)]);
    session.fromClient(Buffer.concat([client.bind('', '', ['x'.repeat(100_000)]), client.execute()]));
    expect(events.lines).toEqual(['named 1 ""', `execute 2 statement 1 (${bound.length} bytes)`]);
  });
});

describe('the server’s message boundary', () => {
  test.each(recordings())('is known at every byte: %s', (name) => {
    const session = new postgres.PostgresSession(new Events());
    for (const { from, bytes } of recording(name)) {
      if (from === 'client') {
        session.fromClient(bytes);
        continue;
      }
      // Reckoned anew from the lengths alone; chunks of these recordings end at a boundary.
      const ends = new Set<number>([0]);
      for (let at = 0; at < bytes.length; ) {
        at += 1 + bytes.readUInt32BE(at + 1);
        ends.add(at);
      }
      for (let at = 0; at < bytes.length; at++) {
        expect(session.serverRemainder === 0).toBe(ends.has(at));
        const boundary = [...ends].filter((end) => end >= at).reduce((a, b) => Math.min(a, b));
        expect(session.toBoundary(bytes.subarray(at))).toBe(boundary - at);
        if (boundary > at) expect(session.toBoundary(bytes.subarray(at, boundary - 1))).toBe(-1);
        session.fromServer(bytes.subarray(at, at + 1));
      }
    }
    expect(session.serverRemainder).toBe(0);
  });

  test('is as far as the message in flight is long', () => {
    const session = new postgres.PostgresSession(new Events());
    session.fromClient(client.query('x'));
    const row = server.dataRow('x'.repeat(100));
    session.fromServer(row.subarray(0, 3));
    expect(session.serverRemainder).toBe(2);
    session.fromServer(row.subarray(3, 5));
    expect(session.serverRemainder).toBe(row.length - 5);
    session.fromServer(row.subarray(5));
    expect(session.serverRemainder).toBe(0);
  });
});
