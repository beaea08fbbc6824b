/**
 * What relay workers run on: Bun, whose sockets cost a relay less (docs/BENCH.md), where npm has a program of it for the
 * machine; Node, as everything else, where it has none.
 */
import { spawnSync } from 'node:child_process';
import { devNull } from 'node:os';
import { fileURLToPath } from 'node:url';

export interface Runtime {
  readonly name: 'bun' | 'node';
  readonly execPath: string;
  readonly execArgv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export type RuntimeName = Runtime['name'];

/**
 * A relay's garbage is small, short-lived and made at each statement: room for more of it between collections, and none
 * of V8's helper threads for what takes a millisecond. Saves about a tenth of the processor time a statement costs.
 */
export const NODE: Runtime = {
  name: 'node',
  execPath: process.execPath,
  execArgv: ['--single-threaded-gc', '--max-semi-space-size=32'],
  env: {},
};

/** Nothing in the folder where the gateway was started may say what runs in its relay; nothing is reported to anybody. */
const BUN: Omit<Runtime, 'execPath'> = {
  name: 'bun',
  execArgv: ['--no-env-file', `--config=${devNull}`, '--no-install'],
  env: { DO_NOT_TRACK: '1' },
};

/** From `--version` to its answer, in milliseconds; a program that can't run here fails at once. */
const PROBE_MS = 5_000;

/** `wanted` null: Bun, else Node. Throws, with words for an operator, where it is asked for Bun and there is none. */
export function relayRuntime(wanted: RuntimeName | null): Runtime {
  if (wanted === 'node') return NODE;
  const bun = bunRuntime();
  if (bun !== null) return bun;
  if (wanted === null) return NODE;
  throw new Error(
    'TIDEGATE_RELAY_RUNTIME asks for bun, which has no program for this machine. Leave it out, or say node.',
  );
}

/** Null where its program is not there, or doesn't run. */
export function bunRuntime(): Runtime | null {
  const execPath = bunProgram();
  if (execPath === null) return null;
  const { status } = spawnSync(execPath, ['--version'], { timeout: PROBE_MS, env: {} });
  return status === 0 ? { ...BUN, execPath } : null;
}

/** Where npm has put it; null: not for this platform, or optional packages were left out. */
function bunProgram(): string | null {
  const machine = process.arch === 'arm64' ? 'aarch64' : process.arch;
  try {
    const manifest = import.meta.resolve(`@oven/bun-${process.platform}-${machine}/package.json`);
    return fileURLToPath(new URL('bin/bun', manifest));
  } catch {
    // The one way to ask whether a package is there.
    return null;
  }
}
