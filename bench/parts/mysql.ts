import { measure } from '../stage/sysbench.ts';
import type { MysqlPart } from './part.ts';

const SHAPES = (['text', 'prepared'] as const).flatMap((mode) => [1, 8, 64].map((threads) => ({ mode, threads })));
const WARM_UP_SECONDS = 1;

/** As `relay`, for MySQL: every contestant in turn within a round. */
export const mysql: MysqlPart = {
  name: 'mysql',
  says: 'sysbench point select on MariaDB, text and prepared, 1, 8 and 64 threads, without TLS',
  async run(stage, figures, { rounds, seconds, shapes, progress }) {
    for (const { mode, threads } of SHAPES) {
      const shape = `mysql.${mode}.${threads}`;
      if (shapes !== undefined && !shapes.includes(shape)) continue;
      for (const contestant of stage.contestants)
        await measure(contestant, stage.folder, { mode, threads, seconds: WARM_UP_SECONDS });
      await stage.settle();
      for (let round = 0; round < rounds; round += 1) {
        for (const contestant of stage.contestants) {
          progress(
            `${mode}, ${threads} thread${threads === 1 ? '' : 's'}: ${contestant.name} (${round + 1}/${rounds})`,
          );
          const measured = await measure(contestant, stage.folder, { mode, threads, seconds });
          const add = (what: string, unit: string, value: number): void =>
            figures.add({ part: 'mysql', what: `${what}.${shape}`, contestant: contestant.name, round, unit, value });
          add('tps', '/s', measured.tps);
          if (contestant.name !== 'direct') add('cpu', 'µs', measured.cpuMicros);
          if (contestant.name === 'tidegate') add('cpuBehind', 'µs', measured.cpuBehindMicros);
          add('latency.p50', 'µs', measured.p50);
          add('latency.p99', 'µs', measured.p99);
          await stage.settle();
        }
      }
    }
  },
};
