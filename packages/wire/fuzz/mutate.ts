/** Changes bytes as a broken or hostile peer might: flips, inserts, cuts, repeats, and puts lengths that lie. */
import { Buffer } from 'node:buffer';
import type { Random } from './random.ts';

const LENGTHS = [
  0, 1, 3, 4, 5, 8, 0x7f, 0xff, 0xffff, 0x10000, 0x3fffffff, 0x40000000, 0x7fffffff, 0x80000000, 0xffffffff,
];
const BYTES = [0x00, 0x01, 0x7f, 0x80, 0xff, ...Buffer.from('BCDEFHPQSXRZTdcfp123snIGHWVKvAtN,=')];

type Change = (bytes: Buffer, random: Random, others: readonly Buffer[]) => Buffer;

const changes: readonly Change[] = [
  (bytes, random) => {
    bytes[random.below(bytes.length)] = random.next() & 0xff;
    return bytes;
  },
  (bytes, random) => {
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    return bytes;
  },
  (bytes, random) => {
    bytes[random.below(bytes.length)] = random.pick(BYTES);
    return bytes;
  },
  (bytes, random) => {
    if (bytes.length >= 4) bytes.writeUInt32BE(random.pick(LENGTHS), random.below(bytes.length - 3));
    return bytes;
  },
  (bytes, random) => {
    if (bytes.length >= 2) bytes.writeUInt16BE(random.pick(LENGTHS) & 0xffff, random.below(bytes.length - 1));
    return bytes;
  },
  (bytes, random) => bytes.subarray(0, random.below(bytes.length) + 1),
  (bytes, random) => bytes.subarray(random.below(bytes.length)),
  (bytes, random) => {
    const from = random.below(bytes.length);
    const to = Math.min(bytes.length, from + random.below(64));
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  (bytes, random) => {
    const from = random.below(bytes.length);
    const to = Math.min(bytes.length, from + random.below(64));
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from, to), bytes.subarray(to)]);
  },
  (bytes, random) => {
    const at = random.below(bytes.length);
    const inserted = Buffer.from(Array.from({ length: 1 + random.below(8) }, () => random.pick(BYTES)));
    return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at)]);
  },
  (bytes, random, others) => {
    const other = random.pick(others);
    return Buffer.concat([bytes.subarray(0, random.below(bytes.length)), other.subarray(random.below(other.length))]);
  },
];

/** A changed copy of one of the seeds: one change mostly, sometimes several. Never empty. */
export function mutate(seeds: readonly Buffer[], random: Random): Buffer {
  let bytes: Buffer = Buffer.from(random.pick(seeds));
  for (let left = 1 + (random.below(3) === 0 ? random.below(6) : 0); left > 0; left--) {
    const changed = random.pick(changes)(bytes, random, seeds);
    if (changed.length > 0) bytes = changed;
  }
  return bytes;
}
