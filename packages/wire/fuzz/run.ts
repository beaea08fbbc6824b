/**
 * Fuzzes the decoders: `node packages/wire/fuzz/run.ts [--count 1000000] [--seed 1] [--decoder NAME]`. Without
 * `--decoder` the count is shared among all. A failure prints its seed; `--count 1 --seed` with it makes it again.
 */
import { parseArgs } from 'node:util';
import { decoders } from './decoders.ts';
import { fuzz } from './fuzz.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    decoder: { type: 'string' },
  },
});
const names = values.decoder === undefined ? Object.keys(decoders) : [values.decoder];
const count = Math.ceil(Number(values.count) / names.length);
const seed = Number(values.seed);
if (!Number.isSafeInteger(count) || count < 1 || !Number.isSafeInteger(seed)) {
  throw new RangeError('--count and --seed are whole numbers');
}
for (const name of names) {
  const { inputs, perSecond, slowest } = fuzz(name, count, seed);
  console.log(`${name}: ${inputs} inputs from seed ${seed}, ${perSecond}/s, slowest ${slowest.toFixed(1)} ms`);
}
