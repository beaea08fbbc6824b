/**
 * `npm run bench [-- --only PART] [--json FILE] [--rounds N] [--seconds N]`: direct, haproxy, pgbouncer (session
 * pooling) and Tidegate side by side before one PostgreSQL, in one run, interleaved; medians and ratios.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ensureDebianPackages } from '../scripts/debian.ts';
import { Figures } from './figures.ts';
import { connect } from './parts/connect.ts';
import { copy } from './parts/copy.ts';
import { expiry } from './parts/expiry.ts';
import { idle } from './parts/idle.ts';
import type { Part } from './parts/part.ts';
import { relay } from './parts/relay.ts';
import { start } from './parts/start.ts';
import { Stage } from './stage/stage.ts';

const PARTS: readonly Part[] = [relay, copy, connect, idle, expiry, start];

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    shape: { type: 'string', multiple: true },
    json: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
  },
});
const parts = options.only === undefined ? PARTS : PARTS.filter((part) => part.name === options.only);
if (parts.length === 0) {
  console.error(`--only takes one of ${PARTS.map((part) => part.name).join(', ')}`);
  process.exit(2);
}
ensureDebianPackages({
  'postgresql-client': 'psql',
  'postgresql-contrib': '/usr/lib/postgresql/*/bin/pgbench',
  pgbouncer: 'pgbouncer',
  haproxy: 'haproxy',
  openssl: 'openssl',
});

const live = process.stderr.isTTY;
const progress = (text: string): void => {
  process.stderr.write(live ? `\r\x1b[2K${text}` : `${text}\n`);
};
const figures = new Figures();
progress('Setting the stage: a database, haproxy, pgbouncer and Tidegate …');
const stage = await Stage.set();
const end = async (): Promise<never> => {
  await stage.strike();
  process.exit(130);
};
process.on('SIGINT', () => void end());
process.on('SIGTERM', () => void end());
try {
  for (const part of parts) {
    await part.run(stage, figures, {
      rounds: Number(options.rounds),
      seconds: Number(options.seconds),
      shapes: options.shape,
      progress: (text) => progress(`${part.name}: ${text}`),
    });
    if (live) process.stderr.write('\r\x1b[2K');
    console.log(`\n${part.name}: ${part.says}\n${figures.table(part.name)}`);
  }
} finally {
  await stage.strike();
}
const ratios = figures.ratios();
console.log(
  `\nratios\n${Object.entries(ratios)
    .map(([key, value]) => `  ${key} ${value}`)
    .join('\n')}`,
);
if (options.json !== undefined) {
  writeFileSync(options.json, `${JSON.stringify({ ratios, values: figures.values(), runs: figures.runs }, null, 2)}\n`);
}
