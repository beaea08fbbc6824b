/** Taking back what was issued. */
import type { GatewayId } from '@tidegate/core';
import type { Tx } from '../store/schema.ts';

/** All that a gateway has. */
export async function revokeCertificates(tx: Tx, gateway: GatewayId, at: Temporal.Instant): Promise<void> {
  await tx
    .updateTable('gatewayCertificates')
    .set({ revokedAt: at })
    .where('gateway', '=', gateway)
    .where('revokedAt', 'is', null)
    .execute();
}
