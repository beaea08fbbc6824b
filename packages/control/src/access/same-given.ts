/** More time is more of what the role gives today: a role that has become another is asked for anew. */
import { type AccessRequest, type GrantId, givenText, TidegateError } from '@tidegate/core';
import type { Tx } from '../store/schema.ts';
import { givenFor, type InForce } from './in-force.ts';
import { givenOf, readGrantRow } from './rows.ts';

/** Throws `policy_denied` where the open grant gives something else than its role gives under the policy in force. */
export async function assertGivesTheSame(
  tx: Tx,
  inForce: InForce,
  request: Pick<AccessRequest, 'role' | 'resource' | 'only'>,
  id: GrantId,
): Promise<void> {
  const row = await readGrantRow(tx, id);
  const now = givenFor(inForce, request);
  const then = givenOf(row);
  const text = (given: typeof now): string =>
    'level' in given ? given.level : JSON.stringify(givenText(given, row.engine));
  if (text(now) === text(then)) return;
  throw new TidegateError(
    'policy_denied',
    `The role ${request.role} gives something else by now than this grant does.`,
    'Ask for it anew.',
  );
}
