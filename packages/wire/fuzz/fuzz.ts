import type { Buffer } from 'node:buffer';
import type { Decoder } from './decoder.ts';
import { decoders } from './decoders.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';

export interface FuzzResult {
  readonly inputs: number;
  readonly perSecond: number;
  /** The slowest input, in milliseconds. */
  readonly slowest: number;
}

/** An input that made a decoder break a promise. */
export class FuzzFailure extends Error {
  override readonly name = 'FuzzFailure';

  constructor(decoder: string, seed: number, input: Buffer, cause: unknown) {
    super(`${decoder}, seed ${seed}: ${String(cause)}\ninput: ${input.toString('hex')}`, { cause });
  }
}

/** No input may take longer, in milliseconds: the seeds are short, so one that does is looping or growing. */
const SLOWEST = 500;

/**
 * One input, made from a seed of its own, so that a failure is made again by `--count 1 --seed`. What seems slow is
 * tried again: the machine may have been busy elsewhere.
 */
function once(name: string, decoder: Decoder, seed: number, tries = 5): number {
  const random = new Random(seed);
  const input = mutate(decoder.seeds, random);
  const began = performance.now();
  try {
    decoder.run(input, random);
  } catch (error) {
    throw new FuzzFailure(name, seed, input, error);
  }
  const took = performance.now() - began;
  if (took < SLOWEST) return took;
  if (tries === 0) throw new FuzzFailure(name, seed, input, `took ${took} ms`);
  return once(name, decoder, seed, tries - 1);
}

/** Feeds `count` mutated inputs to a decoder, from `seed` on. Throws FuzzFailure on the first that breaks a promise. */
export function fuzz(name: string, count: number, seed: number): FuzzResult {
  const decoder = decoders[name];
  if (decoder === undefined) throw new RangeError(`no decoder ${name}; there are ${Object.keys(decoders).join(', ')}`);
  const began = performance.now();
  let slowest = 0;
  for (let i = 0; i < count; i++) slowest = Math.max(slowest, once(name, decoder, seed + i));
  const seconds = (performance.now() - began) / 1000;
  return { inputs: count, perSecond: Math.round(count / seconds), slowest };
}
