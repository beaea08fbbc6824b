/** Access left behind in databases: found by gateways, kept until they see it gone. */
import { randomBytes } from 'node:crypto';
import type { Finding, FromGateway } from '@tidegate/contract';
import { type ResourceName, randomText } from '@tidegate/core';
import { sql } from 'kysely';
import type { Context } from '../context.ts';
import { appendEvent } from '../record/events.ts';
import { cursorInstant, type Page, type PageQuery, pageOf, parseCursor } from '../store/cursor.ts';
import type { Reader } from '../store/schema.ts';
import type { LinkCaller } from './callers.ts';

type Found = Extract<FromGateway, { type: 'finding' }>;

export interface FindingFilter {
  readonly state: 'open' | 'all';
  readonly resource: ResourceName | null;
}

/** Newest first. */
export async function listFindings(
  db: Reader,
  { state, resource }: FindingFilter,
  { cursor, limit }: PageQuery,
): Promise<Page<Finding>> {
  const from = parseCursor(cursor, 2);
  const rows = await db
    .selectFrom('findings')
    .select(['id', 'kind', 'resource', 'principal', 'detail', 'foundAt', 'resolvedAt'])
    .$if(state === 'open', (query) => query.where('resolvedAt', 'is', null))
    .$if(resource !== null, (query) => query.where('resource', '=', resource))
    .$if(from !== null, (query) =>
      query.where(sql<boolean>`(found_at, id) < (${cursorInstant(from?.[0] ?? '')}, ${from?.[1] ?? ''})`),
    )
    .orderBy('foundAt', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  return pageOf(
    rows,
    limit,
    ({ foundAt, id }) => [foundAt.toString(), id],
    ({ foundAt, resolvedAt, ...row }) => ({
      ...row,
      foundAt: foundAt.toString(),
      resolvedAt: resolvedAt?.toString() ?? null,
    }),
  );
}

/** A gateway tells the same again and again: only what is new is an event. */
export async function saveFinding({ store, now }: Context, { gateway, name }: LinkCaller, found: Found): Promise<void> {
  const { kind, resource, principal, detail, resolved } = found;
  await store.transaction(async (tx) => {
    const at = now();
    const open = await tx
      .updateTable('findings')
      .set(resolved ? { gateway, resolvedAt: at } : { gateway, detail })
      .where('kind', '=', kind)
      .where('resource', '=', resource)
      .where('principal', '=', principal)
      .where('resolvedAt', 'is', null)
      .returning('id')
      .executeTakeFirst();
    const data = { resource, finding: kind, principal, detail, gateway: name };
    if (resolved) {
      if (open !== undefined) await appendEvent(tx, { kind: 'finding.resolved', at, data });
    } else if (open === undefined) {
      const id = `fnd_${randomText(randomBytes, 16)}`;
      const made = await tx
        .insertInto('findings')
        .values({ id, kind, resource, principal, gateway, detail, foundAt: at, resolvedAt: null })
        .onConflict((conflict) => conflict.doNothing())
        .returning('id')
        .executeTakeFirst();
      if (made !== undefined) await appendEvent(tx, { kind: 'finding.found', at, data });
    }
  });
}
