/** The engines. One line each. */
import type { Engine } from '@tidegate/core';
import type { EngineModule } from './engine.ts';
import { mysql } from './mysql/index.ts';
import { postgres } from './postgres/index.ts';
import { sqlserver } from './sqlserver/index.ts';

export const engines: readonly EngineModule[] = [postgres, mysql, sqlserver];

/** Throws for an engine that this gateway does not know: a control plane newer than it. */
export function engineOf(engine: Engine): EngineModule {
  const known = engines.find((each) => each.engine === engine);
  if (known === undefined) throw new Error(`this gateway does not know the engine ${engine}; upgrade it`);
  return known;
}
