import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePorts } from '../stage/ports.ts';
import type { PostgresPart } from './part.ts';

const command = fileURLToPath(new URL('../../bin/tidegate', import.meta.url));

/** Seconds from the command to its line `ready`. */
async function untilReady(home: string): Promise<number> {
  const [api, link, postgres] = await freePorts(3);
  const began = performance.now();
  const child = spawn(command, ['start'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      ...process.env,
      TIDEGATE_HOME: home,
      TIDEGATE_PORT: String(api),
      TIDEGATE_LINK_PORT: String(link),
      TIDEGATE_POSTGRES_PORT: String(postgres),
      TIDEGATE_MYSQL_PORT: '0',
      TIDEGATE_SQLSERVER_PORT: '0',
    },
  });
  const gone = once(child, 'exit');
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('ready')) resolve();
    });
    void gone.then(() => reject(new Error('tidegate start ended before it was ready')));
  });
  const seconds = (performance.now() - began) / 1000;
  child.kill('SIGTERM');
  await gone;
  return seconds;
}

export const start: PostgresPart = {
  name: 'start',
  says: '`tidegate start` with the demo: on an empty home, and on a used one',
  async run(_, figures, { rounds, progress }) {
    for (let round = 0; round < Math.min(rounds, 3); round += 1) {
      const folder = mkdtempSync(join(tmpdir(), 'tidegate-start-'));
      try {
        for (const what of ['start.first', 'start.later']) {
          progress(`${what} (${round + 1})`);
          const value = await untilReady(join(folder, 'home'));
          figures.add({ part: 'start', what, contestant: 'tidegate', round, unit: 's', value });
        }
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }
  },
};
