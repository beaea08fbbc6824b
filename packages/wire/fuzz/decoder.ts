/** A decoder to be fuzzed, and what all of them need. */
import type { Buffer } from 'node:buffer';
import { ProtocolError } from '../src/index.ts';
import type { Random } from './random.ts';

export interface Decoder {
  readonly seeds: readonly Buffer[];
  /** Throws when the input made the decoder break a promise. */
  run(input: Buffer, random: Random): void;
}

/** A ProtocolError is a refusal; anything else that is thrown is a bug. */
export function refusing(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
}

/** Cuts an input in up to three chunks. */
export function chunks(input: Buffer, random: Random): Buffer[] {
  if (random.below(4) === 0) return [input];
  const cuts = [random.below(input.length + 1), random.below(input.length + 1)].sort((a, b) => a - b);
  return [input.subarray(0, cuts[0]), input.subarray(cuts[0], cuts[1]), input.subarray(cuts[1])];
}
