/** Every configuration there was, and the one in force. */
import type { ConfigVersion } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import { type Page, type PageQuery, pageOf, parseCursor } from '../store/cursor.ts';
import type { Reader } from '../store/schema.ts';

/** Newest first, without their texts. */
export async function listVersions(
  db: Reader,
  { cursor, limit }: PageQuery,
): Promise<Page<Omit<ConfigVersion, 'yaml'>>> {
  const from = parseCursor(cursor, 1)?.[0];
  const before = from === undefined ? null : Number(from);
  const rows = await db
    .selectFrom('configVersions')
    .select(['version', 'appliedBy', 'appliedAt'])
    .$if(before !== null && Number.isSafeInteger(before), (query) => query.where('version', '<', before))
    .orderBy('version', 'desc')
    .limit(limit + 1)
    .execute();
  return pageOf(
    rows,
    limit,
    ({ version }) => [String(version)],
    ({ version, appliedBy, appliedAt }) => ({ version, appliedBy, appliedAt: appliedAt.toString() }),
  );
}

/** `version` null: the one in force. Throws `not_found`. */
export async function readVersion(db: Reader, version: number | null): Promise<ConfigVersion> {
  const row = await db
    .selectFrom('configVersions')
    .select(['version', 'appliedBy', 'appliedAt', 'yaml'])
    .$if(version !== null, (query) => query.where('version', '=', version))
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (row !== undefined) return { ...row, appliedAt: row.appliedAt.toString() };
  throw version === null
    ? new TidegateError('not_found', 'No configuration was applied yet.', 'Apply one: tidegate apply -f FILE.')
    : new TidegateError('not_found', `There is no configuration version ${version}.`, 'See tidegate config versions.');
}
