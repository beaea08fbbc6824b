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
import { deciding } from './parts/deciding.ts';
import { expiry } from './parts/expiry.ts';
import { idle } from './parts/idle.ts';
import { mysql } from './parts/mysql.ts';
import type { MysqlPart, PartOn, PostgresPart, SqlServerPart } from './parts/part.ts';
import { relay } from './parts/relay.ts';
import { sqlserver } from './parts/sqlserver.ts';
import { start } from './parts/start.ts';
import { web } from './parts/web.ts';
import { DecidingStage } from './stage/deciding-stage.ts';
import { MysqlStage } from './stage/mysql-stage.ts';
import { SqlServerStage } from './stage/sqlserver-stage.ts';
import { Stage } from './stage/stage.ts';

const ON_POSTGRES: readonly PostgresPart[] = [relay, copy, connect, idle, expiry, start];
const ON_MYSQL: readonly MysqlPart[] = [mysql];
const ON_SQLSERVER: readonly SqlServerPart[] = [sqlserver];

/** Debian's packages, and what they are known by. */
const NEEDED_BY_ALL = { haproxy: 'haproxy', openssl: 'openssl' };
const POSTGRES = {
  'postgresql-client': 'psql',
  'postgresql-contrib': '/usr/lib/postgresql/*/bin/pgbench',
  pgbouncer: 'pgbouncer',
};
const MYSQL = { 'mariadb-server': 'mariadbd', sysbench: 'sysbench' };

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    shape: { type: 'string', multiple: true },
    json: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
  },
});
const picked = <P extends { readonly name: string }>(parts: readonly P[]): readonly P[] =>
  parts.filter(({ name }) => options.only === undefined || options.only === name);
const onPostgres = picked(ON_POSTGRES);
const onMysql = picked(ON_MYSQL);
const onSqlServer = picked(ON_SQLSERVER);
const onControl = picked([deciding]);
const [onWeb] = picked([web]);
if (onPostgres.length + onMysql.length + onSqlServer.length + onControl.length === 0 && onWeb === undefined) {
  console.error(
    `--only takes one of ${[...ON_POSTGRES, ...ON_MYSQL, ...ON_SQLSERVER, deciding, web].map((part) => part.name).join(', ')}`,
  );
  process.exit(2);
}

const live = process.stderr.isTTY;
const progress = (text: string): void => {
  process.stderr.write(live ? `\r\x1b[2K${text}` : `${text}\n`);
};
const figures = new Figures();

/** Runs the parts of one engine on its stage, which is struck whatever happens. */
async function play<S extends { strike(): Promise<void> }>(
  picked: readonly PartOn<S>[],
  set: () => Promise<S>,
): Promise<void> {
  if (picked.length === 0) return;
  progress('Setting the stage: a database, what else could stand before it, and Tidegate …');
  const stage = await set();
  const end = (): void => void stage.strike().then(() => process.exit(130));
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  try {
    for (const part of picked) {
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
    process.off('SIGINT', end);
    process.off('SIGTERM', end);
    await stage.strike();
  }
}

ensureDebianPackages({
  ...NEEDED_BY_ALL,
  ...(onPostgres.length > 0 ? POSTGRES : {}),
  ...(onMysql.length > 0 ? MYSQL : {}),
  ...(onWeb === undefined ? {} : { chromium: 'chromium' }),
});
await play(onPostgres, () => Stage.set());
await play(onMysql, () => MysqlStage.set());
await play(onSqlServer, () => SqlServerStage.set());
await play(onControl, () => DecidingStage.set(progress));
if (onWeb !== undefined) {
  await onWeb.run(figures, {
    seconds: Number(options.seconds),
    progress: (text) => progress(`${onWeb.name}: ${text}`),
  });
  console.log(`\n${onWeb.name}: ${onWeb.says}\n${figures.table(onWeb.name)}`);
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
