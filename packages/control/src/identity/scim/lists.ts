/** Lists, as providers page through them (RFC 7644 section 3.4.2). */
import { sql } from 'kysely';
import { anyOf } from '../../store/any.ts';
import type { Reader } from '../../store/schema.ts';
import type { ScimGroupRow, ScimUserRow } from '../../store/schema-scim.ts';
import { parseFilter } from './filter.ts';
import type { Reference } from './resources.ts';
import { whereGroups, whereUsers } from './where.ts';

export interface Listing {
  readonly filter: string | null;
  /** From 1. */
  readonly startIndex: number;
  readonly count: number;
}

export interface Listed<T> {
  readonly total: number;
  readonly rows: readonly T[];
}

/** Throws `invalidFilter`. */
export async function listUsers(db: Reader, { filter, startIndex, count }: Listing): Promise<Listed<ScimUserRow>> {
  const wanted = db
    .selectFrom('scimUsers as u')
    .where('u.deletedAt', 'is', null)
    .$if(filter !== null, (query) => query.where(whereUsers(parseFilter(filter ?? ''))));
  const { total } = await wanted.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const rows = await wanted
    .selectAll()
    .orderBy('u.createdAt')
    .orderBy('u.id')
    .offset(startIndex - 1)
    .limit(count)
    .execute();
  return { total, rows };
}

/** Throws `invalidFilter`. */
export async function listGroups(db: Reader, { filter, startIndex, count }: Listing): Promise<Listed<ScimGroupRow>> {
  const wanted = db
    .selectFrom('scimGroups as g')
    .$if(filter !== null, (query) => query.where(whereGroups(parseFilter(filter ?? ''))));
  const { total } = await wanted.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  const rows = await wanted
    .selectAll()
    .orderBy('g.createdAt')
    .orderBy('g.id')
    .offset(startIndex - 1)
    .limit(count)
    .execute();
  return { total, rows };
}

/** The groups of several users, by user. */
export async function groupsOfUsers(db: Reader, ids: readonly string[]): Promise<ReadonlyMap<string, Reference[]>> {
  const rows = await db
    .selectFrom('scimMembers')
    .innerJoin('scimGroups', 'scimGroups.id', 'scimMembers.group')
    .select(['scimMembers.user', 'scimGroups.id', 'scimGroups.displayName as display'])
    .where('scimMembers.user', '=', anyOf(ids))
    .orderBy(sql`scim_groups.display_name`)
    .execute();
  const groups = new Map<string, Reference[]>(ids.map((id) => [id, []]));
  for (const { user, ...group } of rows) groups.get(user)?.push(group);
  return groups;
}
