/** Who may ask for access at all, where the configuration says who. */
import type { ResourceName } from '@tidegate/core';
import type { Context } from '../../context.ts';
import { recorded } from '../../refusals.ts';
import type { Caller } from '../caller.ts';
import { assertUser } from './may.ts';

/** Throws `forbidden`, on the record. */
export function assertUserOf(
  context: Context,
  caller: Caller,
  endpoint: string,
  resource: ResourceName,
): Promise<void> {
  const data = { person: caller.name, endpoint, resource, address: caller.address };
  return recorded(context, { kind: 'call.refused', data }, async () => assertUser(caller, resource));
}
