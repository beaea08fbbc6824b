import { measure } from '../stage/tedious-load.ts';
import type { SqlServerPart } from './part.ts';

const SHAPES = (['text', 'prepared'] as const).flatMap((mode) => [1, 8].map((clients) => ({ mode, clients })));
const WARM_UP_SECONDS = 1;

/** As `mysql`, for SQL Server: every contestant in turn within a round. */
export const sqlserver: SqlServerPart = {
  name: 'sqlserver',
  says: 'tedious, SELECT by primary key from the TDS server of the tests (no SQL Server), text and prepared, 1 and 8 clients, TLS',
  async run(stage, figures, { rounds, seconds, shapes, progress }) {
    for (const { mode, clients } of SHAPES) {
      const shape = `sqlserver.${mode}.${clients}`;
      if (shapes !== undefined && !shapes.includes(shape)) continue;
      for (const contestant of stage.contestants)
        await measure(contestant, { mode, clients, seconds: WARM_UP_SECONDS });
      await stage.settle();
      for (let round = 0; round < rounds; round += 1) {
        for (const contestant of stage.contestants) {
          progress(`${mode}, ${clients} clients: ${contestant.name} (${round + 1}/${rounds})`);
          const measured = await measure(contestant, { mode, clients, seconds });
          const add = (what: string, unit: string, value: number): void =>
            figures.add({
              part: 'sqlserver',
              what: `${what}.${shape}`,
              contestant: contestant.name,
              round,
              unit,
              value,
            });
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
