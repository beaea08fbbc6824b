/** Access left behind in databases: found by gateways, kept until they see it gone or somebody says why it is none. */
import { randomBytes } from 'node:crypto';
import type { Finding, FromGateway } from '@tidegate/contract';
import { type PersonName, type ResourceName, randomText, TidegateError } from '@tidegate/core';
import { type Selectable, sql } from 'kysely';
import type { Context } from '../context.ts';
import { appendEvent } from '../record/events.ts';
import { recorded } from '../refusals.ts';
import { anyOf } from '../store/any.ts';
import { cursorInstant, type Page, type PageQuery, pageOf, parseCursor } from '../store/cursor.ts';
import type { Reader } from '../store/schema.ts';
import type { FindingsTable } from '../store/schema-record.ts';
import type { LinkCaller } from './callers.ts';

type Found = Extract<FromGateway, { type: 'finding' }>;

export interface FindingFilter {
  readonly state: 'open' | 'all';
  readonly resource: ResourceName | null;
  /** Only these; null: every resource. */
  readonly within: readonly ResourceName[] | null;
}

/** Newest first. */
export async function listFindings(
  db: Reader,
  { state, resource, within }: FindingFilter,
  { cursor, limit }: PageQuery,
): Promise<Page<Finding>> {
  const from = parseCursor(cursor, 2);
  const rows = await db
    .selectFrom('findings')
    .select(SHOWN)
    .$if(state === 'open', (query) => query.where('resolvedAt', 'is', null))
    .$if(resource !== null, (query) => query.where('resource', '=', resource))
    .$if(within !== null, (query) => query.where('resource', '=', anyOf(within ?? [])))
    .$if(from !== null, (query) =>
      query.where(sql<boolean>`(found_at, id) < (${cursorInstant(from?.[0] ?? '')}, ${from?.[1] ?? ''})`),
    )
    .orderBy('foundAt', 'desc')
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  return pageOf(rows, limit, ({ foundAt, id }) => [foundAt.toString(), id], shown);
}

const SHOWN = ['id', 'kind', 'resource', 'principal', 'detail', 'foundAt', 'resolvedAt'] as const;

const shown = ({ foundAt, resolvedAt, ...row }: Pick<Selectable<FindingsTable>, (typeof SHOWN)[number]>): Finding => ({
  ...row,
  foundAt: foundAt.toString(),
  resolvedAt: resolvedAt?.toString() ?? null,
});

export interface Resolving {
  readonly id: string;
  readonly by: PersonName;
  readonly reason: string;
}

/**
 * A finding that no gateway will ever see gone: its server was given up, or somebody mended it where none looks. What a
 * gateway does see comes back, as a finding of its own. Throws `not_found`, `conflict` (resolved already).
 */
export function resolveFinding(context: Context, { id, by, reason }: Resolving): Promise<Finding> {
  return recorded(context, { kind: 'finding.resolve.refused', data: { finding: id, by, reason } }, () =>
    context.store.transaction(async (tx) => {
      const at = context.now();
      const row = await tx.selectFrom('findings').select(SHOWN).where('id', '=', id).forUpdate().executeTakeFirst();
      if (row === undefined) {
        throw new TidegateError('not_found', `There is no finding ${id}.`, 'See: tidegate findings');
      }
      if (row.resolvedAt !== null) {
        throw new TidegateError(
          'conflict',
          `Finding ${id} is resolved already.`,
          'Those that are open: tidegate findings',
        );
      }
      await tx.updateTable('findings').set({ resolvedAt: at }).where('id', '=', id).execute();
      const { resource, kind, principal, detail } = row;
      const data = { resource, finding: kind, principal, detail, by, reason };
      await appendEvent(tx, { kind: 'finding.resolved', at, data });
      return shown({ ...row, resolvedAt: at });
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
