/** sysbench's point select (one SELECT by primary key) against a contestant. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Contestant } from './contestant.ts';
import type { Measured } from './pgbench.ts';
import { cpuSeconds } from './processes.ts';
import { run } from './run.ts';

const ROWS = 100_000;

export interface SysbenchLoad {
  readonly mode: 'text' | 'prepared';
  readonly threads: number;
  readonly seconds: number;
}

/** Throughput, and latencies in microseconds from sysbench's histogram, a tenth of a percent wide each. */
export type SysbenchMeasured = Omit<Measured, 'latencies'> & { readonly p50: number; readonly p99: number };

export async function prepareSysbench(contestant: Contestant, folder: string): Promise<void> {
  await sysbench(contestant, folder, ['oltp_point_select', `--table_size=${ROWS}`, 'prepare']);
}

export async function measure(contestant: Contestant, folder: string, load: SysbenchLoad): Promise<SysbenchMeasured> {
  const before = [cpuSeconds(contestant.pids()), cpuSeconds(contestant.pidsBehind())] as const;
  const output = await sysbench(contestant, folder, [
    'oltp_point_select',
    `--table_size=${ROWS}`,
    `--threads=${load.threads}`,
    `--time=${load.seconds}`,
    `--db-ps-mode=${load.mode === 'prepared' ? 'auto' : 'disable'}`,
    '--histogram=on',
    'run',
  ]);
  const after = [cpuSeconds(contestant.pids()), cpuSeconds(contestant.pidsBehind())] as const;
  const [, total = '', rate = ''] = /queries: +(\d+) +\(([\d.]+) per sec\.\)/.exec(output) ?? [];
  const errors = /ignored errors: +(\d+)/.exec(output)?.[1];
  const transactions = Number(total);
  if (!(transactions > 0) || errors !== '0') throw new Error(`sysbench said something new: ${output}`);
  const histogram = [...output.matchAll(/^ +([\d.]+) \|\**\s*(\d+)$/gm)].map(
    ([, ms, count]) => [Number(ms) * 1000, Number(count)] as const,
  );
  return {
    tps: Number(rate),
    transactions,
    cpuMicros: ((after[0] - before[0]) / transactions) * 1e6,
    cpuBehindMicros: ((after[1] - before[1]) / transactions) * 1e6,
    p50: percentile(histogram, 0.5),
    p99: percentile(histogram, 0.99),
  };
}

function percentile(histogram: readonly (readonly [micros: number, count: number])[], part: number): number {
  const all = histogram.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [micros, count] of histogram) {
    seen += count;
    if (seen >= all * part) return micros;
  }
  return Number.NaN;
}

/** The password goes by a file: a command line is for everybody to read. */
async function sysbench(contestant: Contestant, folder: string, args: readonly string[]): Promise<string> {
  const file = join(folder, `sysbench-${contestant.name}.conf`);
  const { host, port, user, password, database } = contestant;
  const settings = { host, port, user, password, db: database };
  const lines = Object.entries(settings).map(([name, value]) => `mysql-${name}=${value}\n`);
  writeFileSync(file, lines.join(''), { mode: 0o600 });
  try {
    const [script = '', ...rest] = args;
    return await run('sysbench', [`--config-file=${file}`, script, ...rest]);
  } finally {
    rmSync(file);
  }
}
