/** One resource of a configuration in the words of the link. */
import { isLocal, parseAddress } from '@tidegate/config';
import type { DesiredResource, EntraTrust } from '@tidegate/contract';
import type { CurrentResource } from '../config/current.ts';

/** As all gateways are told it; who reconciles is said to each. null: its address was never checked, and cannot be read. */
export function forGateways(
  resource: CurrentResource,
  source: DesiredResource['credential']['source'],
  trusts: readonly EntraTrust[],
): Omit<DesiredResource, 'reconcile'> | null {
  const { name, engine, databases, tls, ownerRole, record, maxSessionsPerGrant, allow } = resource;
  const address = parseAddress(resource.address);
  if (typeof address === 'string') return null;
  return {
    name,
    engine,
    address,
    tls: {
      mode: 'socket' in address && isLocal(address) ? 'disable' : tls.mode,
      ca: tls.ca ?? null,
      serverName: tls.serverName ?? null,
    },
    databases: [...databases],
    credential: { user: resource.credential.user, source },
    ownerRole,
    record,
    maxSessionsPerGrant,
    allow: { localInfile: allow.localInfile },
    entra: engine === 'sqlserver' ? [...trusts] : [],
  };
}
