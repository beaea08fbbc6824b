/** A short run of the fuzzer (`packages/wire/fuzz/run.ts` has the long one), from a fixed seed. */
import { expect, test } from 'vitest';
import { decoders } from '../fuzz/decoders.ts';
import { fuzz } from '../fuzz/fuzz.ts';

const COUNT = 3000;

test.each(Object.keys(decoders))('mutated input makes %s refuse, and nothing worse', (name) => {
  expect(fuzz(name, COUNT, 1).inputs).toBe(COUNT);
});
