/**
 * The configuration in force, read in the transaction that decides with it: which version that is, is asked each time;
 * what it says is remembered by its digest, so that an old answer can never stand for a new version.
 */

import { type CurrentConfig, toCurrent } from '@tidegate/config';
import { config } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import { sql } from 'kysely';
import type { Reader } from '../store/schema.ts';

export type { CurrentConfig, CurrentGroup, CurrentResource } from '@tidegate/config';

const NOTHING_TEXT = JSON.stringify({ apiVersion: 'tidegate/v1' });
const NOTHING = toCurrent(config.parse(JSON.parse(NOTHING_TEXT)), 0);

/** By version and digest. One is in force at a time; the others are for whoever still reads the one before. */
const remembered = new Map<string, CurrentConfig>();
const REMEMBERED_MAX = 4;

/** Which version is in force, to be read by a query that reads something else too; null before the first `apply`. */
export const keyInForce = sql<string | null>`(
  SELECT version || ' ' || encode(digest, 'hex') FROM config_versions ORDER BY version DESC LIMIT 1)`;

/** What is in force, as `db` (a transaction, mostly) sees it. Before the first `apply`: no resources, no rules. */
export async function currentConfig(db: Reader): Promise<CurrentConfig> {
  const { key } = await db.selectNoFrom(keyInForce.as('key')).executeTakeFirstOrThrow();
  return configOf(db, key);
}

/** How the checking thread knows a configuration that was in force, and how it is told what it says. */
export async function inForceAs(
  db: Reader,
  { version }: CurrentConfig,
): Promise<{ key: string; content: () => Promise<string> }> {
  if (version === 0) return { key: 'nothing', content: async () => NOTHING_TEXT };
  const { digest } = await db
    .selectFrom('configVersions')
    .select('digest')
    .where('version', '=', version)
    .executeTakeFirstOrThrow();
  return { key: digest.toString('hex'), content: () => contentText(db, version) };
}

async function contentText(db: Reader, version: number): Promise<string> {
  const { content } = await db
    .selectFrom('configVersions')
    .select(sql<string>`content::text`.as('content'))
    .where('version', '=', version)
    .executeTakeFirstOrThrow();
  return content;
}

/** The version that `keyInForce` named. */
export async function configOf(db: Reader, key: string | null): Promise<CurrentConfig> {
  if (key === null) return NOTHING;
  const known = remembered.get(key);
  if (known !== undefined) return known;

  const version = Number.parseInt(key, 10);
  const { content } = await db
    .selectFrom('configVersions')
    .select('content')
    .where('version', '=', version)
    .executeTakeFirstOrThrow();
  const current = read(content, version);
  remembered.set(key, current);
  for (const oldest of remembered.keys()) {
    if (remembered.size <= REMEMBERED_MAX) break;
    remembered.delete(oldest);
  }
  return current;
}

function read(content: unknown, version: number): CurrentConfig {
  const parsed = config.safeParse(content);
  if (parsed.success) return toCurrent(parsed.data, version);
  throw new TidegateError(
    'internal',
    `Configuration version ${version} cannot be read by this release.`,
    'Start the release that applied it, or a later one.',
    parsed.error.issues,
  );
}
