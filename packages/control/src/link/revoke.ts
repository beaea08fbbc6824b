/** A gateway is taken out: what it has proves nothing from now on, and others do its work. */
import type { RevokedGateway } from '@tidegate/contract';
import { type PersonName, TidegateError } from '@tidegate/core';
import type { Context } from '../context.ts';
import { appendEvent } from '../record/events.ts';
import { recorded } from '../refusals.ts';
import { notify, STATE_CHANNEL } from '../store/store.ts';
import { revokeCertificates } from './certificates.ts';

export interface Revocation {
  readonly name: string;
  readonly by: PersonName;
  readonly reason: string;
}

/**
 * Its certificates and unused join tokens are void, its leases free, its open sessions to be cut, and its link is closed
 * wherever it is held. It may come back only with a token made after this. Throws `not_found`, `wrong_state` (taken out
 * already).
 */
export function revokeGateway(context: Context, { name, by, reason }: Revocation): Promise<RevokedGateway> {
  const tried = { name, by, reason };
  return recorded(context, { kind: 'gateway.revoke.refused', data: tried }, () =>
    context.store.transaction(async (tx) => {
      const at = context.now();
      const known = await tx
        .selectFrom('gateways')
        .select(['id', 'revokedAt'])
        .where('name', '=', name)
        .forUpdate()
        .executeTakeFirst();
      if (known === undefined) {
        throw new TidegateError('not_found', `There is no gateway ${name}.`, 'See tidegate gateways.');
      }
      if (known.revokedAt !== null) {
        throw new TidegateError(
          'wrong_state',
          `Gateway ${name} was revoked already, at ${known.revokedAt.toString()}.`,
        );
      }
      const { id } = known;
      await tx.updateTable('gateways').set({ revokedAt: at }).where('id', '=', id).execute();
      await revokeCertificates(tx, id, at);
      await tx.deleteFrom('joinTokens').where('name', '=', name).where('usedAt', 'is', null).execute();
      await tx.deleteFrom('reconcilerLeases').where('gateway', '=', id).execute();
      await tx.deleteFrom('knownTickets').where('gateway', '=', id).execute();
      const { numUpdatedRows } = await tx
        .updateTable('dbSessions')
        .set({ cutBy: by, cutReason: `gateway revoked: ${reason}` })
        .where('gateway', '=', id)
        .where('endedAt', 'is', null)
        .where('cutBy', 'is', null)
        .executeTakeFirstOrThrow();
      await notify(tx, STATE_CHANNEL, '');
      const sessions = Number(numUpdatedRows);
      await appendEvent(tx, { kind: 'gateway.revoked', at, data: { gateway: id, name, by, reason, sessions } });
      return { id, name, revokedAt: at.toString(), sessions };
    }),
  );
}
