import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Block,
  decodeBlock,
  decodeOutcome,
  decodeSegmentHeader,
  Encoder,
  type Entry,
  EntryKind,
  encodeSegmentHeader,
  isRecord,
} from '../src/record/format.ts';
import { thisProcess } from '../src/record/writer-process.ts';

const u32 = fc.integer({ min: 0, max: 0xffffffff });
const entry: fc.Arbitrary<Entry> = fc.record({
  kind: fc.constantFrom(...Object.values(EntryKind)),
  flags: fc.integer({ min: 0, max: 255 }),
  session: u32,
  time: fc.double({ noNaN: true }),
  a: u32,
  b: u32,
  c: u32,
  d: u32,
  bytes: fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
});

/** What a reader gets that sees the file grow to each of these lengths in turn. */
function readInSteps(file: Buffer, lengths: readonly number[]): Block[] {
  const blocks: Block[] = [];
  let at = 0;
  for (const length of [...lengths, file.length]) {
    for (;;) {
      const block = decodeBlock(file.subarray(0, Math.max(length, at)), at);
      expect(block).not.toBe('damaged');
      if (block === 'damaged' || 'needs' in block) break;
      blocks.push(block);
      at += block.length;
    }
  }
  return blocks;
}

describe('entries', () => {
  it('come back as they were put, however the file is cut while it is read', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(entry, { minLength: 1, maxLength: 12 }), { maxLength: 8 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 10 }),
        (turns, cuts) => {
          const encoder = new Encoder(64);
          const written: Buffer[] = [];
          let seq = 1;
          for (const turn of turns) {
            for (const one of turn) encoder.putEntry(one);
            const records = turn.filter((one) => isRecord(one.kind)).length;
            expect(encoder.records).toBe(records);
            written.push(Buffer.from(encoder.finish(seq, 12.5)));
            seq += records;
            encoder.clear();
          }
          const file = Buffer.concat(written);
          const lengths = cuts.map((cut) => Math.floor(cut * file.length)).sort((a, b) => a - b);
          const blocks = readInSteps(file, lengths);
          expect(blocks.flatMap((block) => block.entries)).toEqual(turns.flat());
          let next = 1;
          for (const block of blocks) {
            expect(block.firstSeq).toBe(next);
            expect(block.offset).toBe(12.5);
            next += block.entries.filter((one) => isRecord(one.kind)).length;
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('are never read from a block with one byte changed', () => {
    const encoder = new Encoder();
    encoder.putJson(EntryKind.refused, 0, 1, { reason: 'x'.repeat(50) });
    const whole = Buffer.from(encoder.finish(7, 0));
    for (let at = 0; at < whole.length; at++) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 0x40;
      const block = decodeBlock(changed);
      expect(block === 'damaged' || 'needs' in block, `byte ${at}`).toBe(true);
    }
  });

  it('are cut into blocks of bounded size', () => {
    const encoder = new Encoder();
    const chunk = Buffer.alloc(60_000, 1);
    for (let i = 0; i < 40; i++) encoder.put(EntryKind.simple, 0, 1, 0, i, chunk.length, 0, 0, chunk, 0, chunk.length);
    const blocks = readInSteps(Buffer.from(encoder.finish(1, 0)), []);
    expect(blocks.length).toBeGreaterThan(5);
    expect(Math.max(...blocks.map((block) => block.length))).toBeLessThan(400_000);
    expect(blocks.flatMap((block) => block.entries.map((one) => one.a))).toEqual(
      Array.from({ length: 40 }, (_, i) => i),
    );
  });

  it('keep numbers beyond 32 bits in outcomes', () => {
    const encoder = new Encoder();
    const tag = Buffer.from('..COPY 5000000000..');
    encoder.putOutcome(1, 4, 2, 9, 3, 1, 5e9, 6e12, 7e15, tag, 2, tag.length - 2);
    const [block] = readInSteps(Buffer.from(encoder.finish(1, 0)), []);
    const [read] = block?.entries ?? [];
    expect(read && decodeOutcome(read)).toEqual({ rows: 5e9, bytesIn: 6e12, bytesOut: 7e15, tag: 'COPY 5000000000' });
  });
});

describe('a segment header', () => {
  const header = {
    version: 1,
    stream: 'gw_x.b.w1',
    segment: 3,
    firstSeq: 17,
    createdAt: 5,
    writer: thisProcess(),
  } as const;

  it('comes back, and says where the blocks begin', () => {
    const bytes = encodeSegmentHeader(header);
    expect(decodeSegmentHeader(Buffer.concat([bytes, Buffer.from('more')]))).toEqual({ header, end: bytes.length });
  });

  it('is waited for while it is cut, and refused when it is another’s', () => {
    const bytes = encodeSegmentHeader(header);
    for (let length = 0; length < bytes.length; length++)
      expect(decodeSegmentHeader(bytes.subarray(0, length))).toBeNull();
    expect(decodeSegmentHeader(Buffer.from('SQLite format 3\0 and so on'))).toBe('damaged');
  });
});
