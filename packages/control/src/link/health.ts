/** How resources and gateways are, as gateways tell it. */
import type { FromGateway } from '@tidegate/contract';
import type { GatewayId } from '@tidegate/core';
import { currentConfig } from '../config/current.ts';
import type { Context } from '../context.ts';
import type { Reader } from '../store/schema.ts';
import type { LinkCaller } from './callers.ts';

type Health = Extract<FromGateway, { type: 'health' }>;
type Spool = Extract<FromGateway, { type: 'spool' }>;

/** Of a resource that was removed meanwhile, nothing is kept. */
export async function saveHealth(
  { store, now }: Context,
  { gateway }: LinkCaller,
  { resource, ok, detail }: Health,
): Promise<void> {
  const { resources } = await currentConfig(store.db);
  if (!resources.some(({ name }) => name === resource)) return;
  const seen = { ok, detail, checkedAt: now() };
  await store.db
    .insertInto('resourceHealth')
    .values({ resource, gateway, ...seen })
    .onConflict((conflict) => conflict.columns(['resource', 'gateway']).doUpdateSet(seen))
    .execute();
}

export async function saveSpool(db: Reader, gateway: GatewayId, { bytes, limitBytes, oldestAt }: Spool): Promise<void> {
  await db
    .updateTable('gateways')
    .set({ spool: JSON.stringify({ bytes, limitBytes, oldestAt }) })
    .where('id', '=', gateway)
    .execute();
}
