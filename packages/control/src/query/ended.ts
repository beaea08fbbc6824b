/** Why a session is over whose library was not told: SQL Server's passes over what comes while nothing runs. */
import type { CloseReason, GrantId } from '@tidegate/core';
import type { Reader } from '../store/schema.ts';

const HOW: Readonly<Record<CloseReason, string>> = {
  expired: 'has ended',
  revoked: 'was revoked',
  relinquished: 'was given back',
  failed: 'could not be kept open',
};

/** A sentence, or null: the grant goes on, and it was something else. */
export async function endOfGrant(db: Reader, grant: GrantId): Promise<string | null> {
  const row = await db
    .selectFrom('grants')
    .select(['closeReason', 'closedBy', 'closeComment'])
    .where('id', '=', grant)
    .executeTakeFirst();
  if (row === undefined || row.closeReason === null) return null;
  const by = row.closedBy === null ? '' : ` by ${row.closedBy}`;
  const because = row.closeComment ? `: ${row.closeComment}` : '.';
  return `Your grant ${HOW[row.closeReason]}${by}${because}`;
}
