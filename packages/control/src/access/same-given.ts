/** More time is more of what the role gives today: a role that has become another is asked for anew. */
import { type AccessRequest, type Given, type GrantId, givenText, TidegateError } from '@tidegate/core';
import type { Tx } from '../store/schema.ts';
import type { GrantRow } from '../store/schema-access.ts';
import { givenFor, type InForce } from './in-force.ts';
import { givenOf, readGrantRow } from './rows.ts';

type Asked = Pick<AccessRequest, 'role' | 'resource' | 'only'>;

/** Why the grant is another than its request would bring under the policy in force; null: it is the same. */
export function givesOtherwise(inForce: InForce, request: Asked, row: GrantRow): string | null {
  const text = (given: Given): string =>
    'level' in given ? given.level : JSON.stringify(givenText(given, row.engine));
  return text(givenFor(inForce, request)) === text(givenOf(row))
    ? null
    : `The role ${request.role} gives something else by now than this grant does.`;
}

/** Throws `policy_denied` where the open grant gives something else than its role gives under the policy in force. */
export async function assertGivesTheSame(tx: Tx, inForce: InForce, request: Asked, id: GrantId): Promise<void> {
  const why = givesOtherwise(inForce, request, await readGrantRow(tx, id));
  if (why !== null) throw new TidegateError('policy_denied', why, 'Ask for it anew.');
}
