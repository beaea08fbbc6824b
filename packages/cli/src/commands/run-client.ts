/** Runs an engine's own client with everything set. */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Connection } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import { paint } from '../colour.ts';
import type { Context } from '../context.ts';
import type { ClientProgram, Launch } from '../engines/engine.ts';
import { clientsOf } from '../engines/engines.ts';
import { openLocalPort } from '../proxy/local-port.ts';
import { when } from '../views/time.ts';

/** Its exit code is ours. `args` go to it as they are. */
export async function runClient(
  context: Context,
  connection: Connection,
  caFile: string,
  args: readonly string[],
): Promise<number> {
  const program = installed(context, connection);
  context.hint(`${connection.user}, until ${when(connection.expiresAt)}. Every statement is on record.`);
  const ask = (...flags: string[]): string => spawnSync(program.name, flags, { encoding: 'utf8' }).stdout ?? '';
  if (!program.throughProxy) return run(context, program, program.launch(connection, caFile, ask), args);
  const local = await openLocalPort(connection, 0, (message) => context.terminal.note(paint.red(message)));
  try {
    // The ticket stays here: whoever may use the local port needs none.
    const here = { ...connection, host: local.host, port: local.port, password: '', tlsRequired: false };
    return await run(context, program, program.launch(here, caFile, ask), args);
  } finally {
    local.end();
  }
}

/** The first of the engine's programs that is on the PATH. */
function installed({ env }: Context, { engine }: Connection): ClientProgram {
  const { programs, install } = clientsOf(engine);
  const found = programs.find(({ name }) => (env.PATH ?? '').split(delimiter).some((folder) => runs(folder, name)));
  if (found !== undefined) return found;
  throw new TidegateError(
    'invalid_input',
    `${programs.map(({ name }) => name).join(' or ')} is not installed on this machine.`,
    `Install it (${install}), or use: tidegate connect … --print`,
  );
}

function runs(folder: string, name: string): boolean {
  try {
    accessSync(join(folder, name), constants.X_OK);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
}

async function run(
  context: Context,
  { name }: ClientProgram,
  launch: Launch,
  args: readonly string[],
): Promise<number> {
  const child = spawn(name, [...launch.args, ...args], { stdio: 'inherit', env: { ...context.env, ...launch.env } });
  // Ctrl-C is the client's (psql cancels its statement); we stay until it is gone.
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code) => resolve(code ?? 1));
    });
  } finally {
    process.off('SIGINT', ignore);
  }
}
