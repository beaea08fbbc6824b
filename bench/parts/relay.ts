import { quantile } from '../figures.ts';
import { pgbench } from '../stage/pgbench.ts';
import type { PostgresPart } from './part.ts';

const SHAPES = (['simple', 'prepared'] as const).flatMap((mode) => [1, 8, 64].map((clients) => ({ mode, clients })));

const WARM_UP_SECONDS = 1;

/** Throughput, processor per statement and added latency; every contestant in turn within a round, so that drift hits all alike. */
export const relay: PostgresPart = {
  name: 'relay',
  says: 'pgbench -S, simple and prepared, 1, 8 and 64 clients, without TLS and with',
  async run(stage, figures, { rounds, seconds, shapes, progress }) {
    for (const tls of [false, true]) {
      const contestants = stage.contestants(tls);
      const suffix = tls ? '.tls' : '';
      for (const { mode, clients } of SHAPES) {
        // With TLS the two ends of the range tell what the middle would.
        if (tls && clients === 64) continue;
        if (shapes !== undefined && !shapes.includes(`${mode}.${clients}${suffix}`)) continue;
        // Not counted: caches fill, and what is compiled as it runs gets compiled.
        for (const contestant of contestants)
          await pgbench(contestant, { mode, clients, seconds: WARM_UP_SECONDS, tls });
        await stage.settle();
        for (let round = 0; round < rounds; round += 1) {
          for (const contestant of contestants) {
            progress(
              `${mode}, ${clients} client${clients === 1 ? '' : 's'}${tls ? ', TLS' : ''}: ${contestant.name} (${round + 1}/${rounds})`,
            );
            const latencies = clients === 1;
            const measured = await pgbench(contestant, { mode, clients, seconds, tls, latencies });
            const add = (what: string, unit: string, value: number): void =>
              figures.add({
                part: 'relay',
                what: `${what}.${mode}.${clients}${suffix}`,
                contestant: contestant.name,
                round,
                unit,
                value,
              });
            add('tps', '/s', measured.tps);
            if (contestant.name !== 'direct') add('cpu', 'µs', measured.cpuMicros);
            if (contestant.name === 'tidegate') add('cpuBehind', 'µs', measured.cpuBehindMicros);
            if (latencies) {
              add('latency.p50', 'µs', quantile(measured.latencies, 0.5));
              add('latency.p99', 'µs', quantile(measured.latencies, 0.99));
            }
            await stage.settle();
          }
        }
      }
    }
  },
};
