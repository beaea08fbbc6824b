/** The engines. One line each. */
import type { Engine } from '@tidegate/core';
import { TidegateError } from '@tidegate/core';
import type { EngineClients } from './engine.ts';
import { mysql } from './mysql/index.ts';
import { postgres } from './postgres/index.ts';
import { sqlserver } from './sqlserver/index.ts';

export const engines: readonly EngineClients[] = [postgres, mysql, sqlserver];

/** Throws for an engine of a server that is newer than this command. */
export function clientsOf(engine: Engine): EngineClients {
  const known = engines.find((each) => each.engine === engine);
  if (known !== undefined) return known;
  throw new TidegateError(
    'invalid_input',
    `This tidegate does not know ${engine}.`,
    'Use the tidegate of your server.',
  );
}
