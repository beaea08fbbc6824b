import { pgbench } from '../stage/pgbench.ts';
import type { PostgresPart } from './part.ts';

export const connect: PostgresPart = {
  name: 'connect',
  says: 'connect, log in by SCRAM, one SELECT, disconnect; without TLS and with',
  async run(stage, figures, { rounds, seconds, progress }) {
    for (const tls of [false, true]) {
      for (let round = 0; round < rounds; round += 1) {
        for (const contestant of stage.contestants(tls)) {
          progress(`${contestant.name}${tls ? ', TLS' : ''} (${round + 1}/${rounds})`);
          const measured = await pgbench(contestant, { mode: 'simple', clients: 8, seconds, tls, reconnect: true });
          const what = `connect.8${tls ? '.tls' : ''}`;
          figures.add({ part: 'connect', what, contestant: contestant.name, round, unit: '/s', value: measured.tps });
          await stage.settle();
        }
      }
    }
  },
};
