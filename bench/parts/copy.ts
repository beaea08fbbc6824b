import { libpqEnv } from '../stage/contestant.ts';
import { rssBytes } from '../stage/processes.ts';
import { run } from '../stage/run.ts';
import type { PostgresPart } from './part.ts';

/** How often a proxy's memory is looked at while rows stream. */
const SAMPLE_MS = 50;

export const copy: PostgresPart = {
  name: 'copy',
  says: 'COPY out of a million rows, and the memory it takes in between',
  async run(stage, figures, { rounds, progress }) {
    for (let round = 0; round < rounds; round += 1) {
      for (const contestant of stage.contestants(false)) {
        progress(`${contestant.name} (${round + 1}/${rounds})`);
        const base = rssBytes(contestant.pids());
        let peak = base;
        const sampler = setInterval(() => {
          peak = Math.max(peak, rssBytes(contestant.pids()));
        }, SAMPLE_MS);
        const started = performance.now();
        await run('psql', ['-X', '-q', '-o', '/dev/null', '-c', 'COPY million TO STDOUT'], {
          env: libpqEnv(contestant, false),
        });
        const seconds = (performance.now() - started) / 1000;
        clearInterval(sampler);
        const add = (what: string, unit: string, value: number): void =>
          figures.add({ part: 'copy', what, contestant: contestant.name, round, unit, value });
        add('copy', 'rows/s', 1_000_000 / seconds);
        if (contestant.name !== 'direct') add('copy.memory', 'MB more', (peak - base) / 1e6);
        await stage.settle();
      }
    }
  },
};
