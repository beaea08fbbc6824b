/** What the environment says about a gateway (docs/ARCHITECTURE.md, The outside). */
import { availableParallelism, homedir, hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { namedSentence, shapeProblems } from '@tidegate/contract';
import type { Engine } from '@tidegate/core';
import { z } from 'zod';
import { engines } from './engines/engines.ts';
import { canSharePorts, isLoopback } from './workers/ports.ts';
import type { RuntimeName } from './workers/runtime.ts';

export interface GatewayOptions {
  /** `TIDEGATE_HOME/gateway`, absolute. */
  readonly folder: string;
  /** Address to listen on. */
  readonly bind: string;
  /** The name or address under which people reach this gateway. */
  readonly advertise: string;
  /** Where each engine's clients connect; 0: any free one. */
  readonly ports: ReadonlyMap<Engine, number>;
  readonly workers: number;
  /** What relay workers are to run on; null: the best that is here. */
  readonly relayRuntime: RuntimeName | null;
  readonly spoolLimitBytes: number;
  readonly durability: 'process' | 'disk';
  readonly joinToken: string | null;
}

const count = (least: number, most: number) =>
  z.string().regex(/^\d+$/, 'must be a number').transform(Number).pipe(z.int().min(least).max(most));

const environment = z.object({
  TIDEGATE_HOME: z.string().min(1).optional(),
  TIDEGATE_BIND: z.string().min(1).default('127.0.0.1'),
  TIDEGATE_ADVERTISE: z.string().min(1).optional(),
  TIDEGATE_RELAY_WORKERS: count(1, 256).optional(),
  TIDEGATE_RELAY_RUNTIME: z.enum(['bun', 'node']).optional(),
  /** At least room for a few segments; see `segmentBytes`. */
  TIDEGATE_SPOOL_LIMIT: count(1024 * 1024, Number.MAX_SAFE_INTEGER).default(2 * 1024 ** 3),
  TIDEGATE_RECORD_DURABILITY: z.enum(['process', 'disk']).default('process'),
  TIDEGATE_JOIN_TOKEN: z.string().optional(),
});

const portVariables = z.object(
  Object.fromEntries(engines.map(({ port }) => [port.variable, count(0, 65_535).optional()])),
);

/** Throws with one sentence a variable that is not as it should be. */
export function optionsFrom(env: NodeJS.ProcessEnv): GatewayOptions {
  const set = valid(environment, env);
  const ports = valid(portVariables, env);
  const home = resolve(set.TIDEGATE_HOME ?? join(homedir(), '.tidegate'));
  const bind = set.TIDEGATE_BIND;
  return {
    folder: join(home, 'gateway'),
    bind,
    advertise: set.TIDEGATE_ADVERTISE ?? (isWildcard(bind) ? hostname() : bind),
    ports: new Map(engines.map(({ engine, port }) => [engine, ports[port.variable] ?? port.standard])),
    workers: canSharePorts() ? (set.TIDEGATE_RELAY_WORKERS ?? Math.min(256, availableParallelism())) : 1,
    relayRuntime: set.TIDEGATE_RELAY_RUNTIME ?? null,
    spoolLimitBytes: set.TIDEGATE_SPOOL_LIMIT,
    durability: set.TIDEGATE_RECORD_DURABILITY,
    joinToken: set.TIDEGATE_JOIN_TOKEN ?? null,
  };
}

function valid<T extends z.ZodType>(schema: T, env: NodeJS.ProcessEnv): z.infer<T> {
  const parsed = schema.safeParse(env);
  if (parsed.success) return parsed.data;
  throw new Error(shapeProblems(parsed.error.issues, env).map(namedSentence).join(' '));
}

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';

/** Names for the listener's certificate: all under which a client may dial this gateway. */
export function listenerNames({ bind, advertise }: GatewayOptions): string[] {
  const local = isLoopback(bind) || isWildcard(bind) ? ['localhost', '127.0.0.1', '::1'] : [];
  return [...new Set([advertise, ...(isWildcard(bind) ? [hostname()] : [bind]), ...local])];
}

/** A live segment can't be deleted, so all live ones together must be a small part of the limit. */
export const segmentBytes = ({ spoolLimitBytes, workers }: GatewayOptions): number =>
  Math.max(32 * 1024, Math.min(16 * 1024 * 1024, Math.floor(spoolLimitBytes / (16 * (workers + 1)))));
