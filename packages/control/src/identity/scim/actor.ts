/** Who keeps people here: the holder of an API key with the scope `scim`. */
import { TidegateError } from '@tidegate/core';
import { sql } from 'kysely';
import type { Context } from '../../context.ts';
import type { ControlEvent } from '../../record/events.ts';
import { recorded } from '../../refusals.ts';
import type { Tx } from '../../store/schema.ts';
import type { Caller } from '../caller.ts';
import { isAdministrator } from '../permissions/may.ts';

/**
 * Throws `forbidden` unless the caller came with a key for this, and the key is a workload's or an administrator's: who
 * is no administrator any more keeps nobody's account.
 */
export function assertProvisioner(caller: Caller): void {
  if (caller.key === undefined || !caller.key.scopes.includes('scim')) {
    throw new TidegateError(
      'forbidden',
      'SCIM takes an API key with the scope scim.',
      'Make one: tidegate keys create.',
    );
  }
  if (caller.kind === 'workload' || isAdministrator(caller)) return;
  throw new TidegateError('forbidden', 'This key’s person is no administrator any more.', 'Use the key of a workload.');
}

/** Any number will do, as long as nothing else in the store takes the same advisory lock. */
const LOCK = 3_853_314_003;

/** One change after the other: memberships follow from what all of them left. Held until the commit. */
export async function lockScim(tx: Tx): Promise<void> {
  await sql`SELECT pg_advisory_xact_lock(${LOCK})`.execute(tx);
}

/** What a change is made with. */
export interface Change {
  readonly caller: Caller;
  readonly at: Temporal.Instant;
}

/** One change in one transaction. When it is refused, that stands on the record. */
export function change<T>(
  context: Context,
  caller: Caller,
  what: string,
  id: string | null,
  work: (tx: Tx, change: Change) => Promise<T>,
): Promise<T> {
  const data = { by: caller.name, key: caller.key?.id ?? null, what, id };
  return recorded(context, { kind: 'scim.refused', data }, () =>
    context.store.transaction(async (tx) => {
      await lockScim(tx);
      return work(tx, { caller, at: context.now() });
    }),
  );
}

/** `scim.<kind>`, with who did it. */
export const scimEvent = ({ caller, at }: Change, kind: string, data: ControlEvent['data']): ControlEvent => ({
  kind: `scim.${kind}`,
  at,
  data: { ...data, by: caller.name, key: caller.key?.id ?? null },
});
