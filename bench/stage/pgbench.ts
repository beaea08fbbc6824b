import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Contestant, libpqEnv } from './contestant.ts';
import { cpuSeconds } from './processes.ts';
import { run } from './run.ts';

/** Debian keeps pgbench out of the PATH, by major version. */
export function pgbenchPath(): string {
  const versions = existsSync('/usr/lib/postgresql')
    ? readdirSync('/usr/lib/postgresql').sort((a, b) => Number(b) - Number(a))
    : [];
  const found = versions
    .map((version) => `/usr/lib/postgresql/${version}/bin/pgbench`)
    .find((path) => existsSync(path));
  return found ?? 'pgbench';
}

export interface Load {
  readonly mode: 'simple' | 'prepared';
  readonly clients: number;
  readonly seconds: number;
  readonly tls: boolean;
  /** A new connection for every transaction. */
  readonly reconnect?: boolean;
  /** Collect each transaction's latency. */
  readonly latencies?: boolean;
}

export interface Measured {
  readonly tps: number;
  readonly transactions: number;
  /** Microseconds of processor per transaction: on the path, and behind it. */
  readonly cpuMicros: number;
  readonly cpuBehindMicros: number;
  /** Microseconds, one a transaction; empty unless asked for. */
  readonly latencies: readonly number[];
}

/** pgbench's own select-only script (one indexed SELECT a transaction) against a contestant. */
export async function pgbench(contestant: Contestant, load: Load): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-pgbench-'));
  try {
    const args = [
      '-n',
      '-S',
      '-M',
      load.mode,
      '-c',
      String(load.clients),
      '-j',
      load.clients > 1 ? '2' : '1',
      '-T',
      String(load.seconds),
    ];
    if (load.reconnect === true) args.push('-C');
    if (load.latencies === true) args.push('-l', '--log-prefix', join(folder, 'log'));
    const before = [cpuSeconds(contestant.pids()), cpuSeconds(contestant.pidsBehind())] as const;
    const output = await run(pgbenchPath(), args, { env: libpqEnv(contestant, load.tls), cwd: folder });
    const after = [cpuSeconds(contestant.pids()), cpuSeconds(contestant.pidsBehind())] as const;
    const number = (pattern: RegExp): number => {
      const found = pattern.exec(output)?.[1];
      if (found === undefined) throw new Error(`pgbench said something new: ${output}`);
      return Number(found);
    };
    const failed = number(/number of failed transactions: (\d+)/);
    if (failed > 0) throw new Error(`${failed} transactions failed through ${contestant.name}`);
    const transactions = number(/transactions actually processed: (\d+)/);
    return {
      tps: number(/tps = ([\d.]+)/),
      transactions,
      cpuMicros: ((after[0] - before[0]) / transactions) * 1e6,
      cpuBehindMicros: ((after[1] - before[1]) / transactions) * 1e6,
      latencies: readdirSync(folder).flatMap((file) =>
        readFileSync(join(folder, file), 'utf8')
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => Number(line.split(' ')[2])),
      ),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
