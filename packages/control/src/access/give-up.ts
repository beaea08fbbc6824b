/**
 * A resource whose server is gone for good: no gateway will ever see its principals gone, so its grants would stay
 * `closing`, and the resource could never be removed. An administrator gives them up, and the record says so.
 */
import { randomBytes } from 'node:crypto';
import type { GivenUp } from '@tidegate/contract';
import {
  finishClose,
  type GatewayId,
  type PersonName,
  type ResourceName,
  randomText,
  TidegateError,
} from '@tidegate/core';
import { sql } from 'kysely';
import { currentConfig } from '../config/current.ts';
import type { Context } from '../context.ts';
import { appendEvent, type ControlEvent } from '../record/events.ts';
import { recorded } from '../refusals.ts';
import type { Tx } from '../store/schema.ts';
import { grantClosed } from './events.ts';
import { resourceNamed } from './in-force.ts';
import { toGrant } from './rows.ts';
import { saveClosed } from './save.ts';

export interface GivingUp {
  readonly resource: ResourceName;
  readonly by: PersonName;
  readonly reason: string;
}

/**
 * Closes the grants that are `closing`, each with a finding that its principal may be left: should the server come back,
 * a gateway finds the principal by its mark, drops it, and resolves the finding. Grants that are open still are not
 * touched: revoke them first, so that gateways cut their sessions. Throws `not_found`, `conflict` (open grants).
 */
export function giveUpResource(context: Context, { resource, by, reason }: GivingUp): Promise<GivenUp> {
  return recorded(context, { kind: 'resource.give_up.refused', data: { resource, by, reason } }, () =>
    context.store.transaction(async (tx) => {
      resourceNamed(await currentConfig(tx), resource);
      const at = context.now();
      const rows = await tx
        .selectFrom('grants')
        .selectAll()
        .where('resource', '=', resource)
        .where('state', '!=', 'closed')
        .orderBy('id')
        .forUpdate()
        .execute();
      const open = rows.filter(({ state }) => state !== 'closing').map(({ id }) => id);
      if (open.length > 0) {
        throw new TidegateError(
          'conflict',
          `Grants on ${resource} are still open: ${open.slice(0, 10).join(', ')}${open.length > 10 ? ' …' : ''}.`,
          'Revoke them first, so that their sessions are cut: tidegate revoke ID --reason WHY.',
        );
      }
      const gateway = await lastGatewayOf(tx, resource);
      const events: ControlEvent[] = [];
      for (const row of rows) {
        const closed = finishClose(toGrant(row), at);
        await saveClosed(tx, closed);
        events.push(grantClosed(closed, null, at));
        if (gateway !== null) events.push(...(await mayBeLeft(tx, row.loginName, { resource, by, gateway, at })));
      }
      const grants = rows.map(({ id }) => id);
      await appendEvent(tx, ...events, { kind: 'resource.given_up', at, data: { resource, by, reason, grants } });
      return { resource, grants };
    }),
  );
}

interface Left {
  readonly resource: ResourceName;
  readonly by: PersonName;
  readonly gateway: { readonly id: GatewayId; readonly name: string };
  readonly at: Temporal.Instant;
}

/** The finding, unless it is known already. */
async function mayBeLeft(tx: Tx, principal: string, { resource, by, gateway, at }: Left): Promise<ControlEvent[]> {
  const kind = 'leftover_principal';
  const detail = `${by} gave this principal up while it was being closed: it may be left on the server, with no right to log in after its grant’s end. A gateway that reaches the server again drops it.`;
  const made = await tx
    .insertInto('findings')
    .values({
      id: `fnd_${randomText(randomBytes, 16)}`,
      kind,
      resource,
      principal,
      gateway: gateway.id,
      detail,
      foundAt: at,
      resolvedAt: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  if (made === undefined) return [];
  return [{ kind: 'finding.found', at, data: { resource, finding: kind, principal, detail, gateway: gateway.name } }];
}

/** Who looked after it last. null: no gateway ever did, so that no principal was ever made. */
async function lastGatewayOf(tx: Tx, resource: ResourceName): Promise<Left['gateway'] | null> {
  const found = await tx
    .selectFrom('gateways')
    .leftJoin('reconcilerLeases as lease', (join) =>
      join.onRef('lease.gateway', '=', 'gateways.id').on('lease.resource', '=', resource),
    )
    .select(['gateways.id', 'gateways.name'])
    .orderBy(sql`lease.until DESC NULLS LAST, gateways.last_seen_at DESC NULLS LAST`)
    .limit(1)
    .executeTakeFirst();
  return found ?? null;
}
