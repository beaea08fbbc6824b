/** The desired state as relay workers are told it: without what a relay has no use for, and with what is open by now. */
import type { DesiredGrant, DesiredResource } from '@tidegate/contract';
import type { GrantId } from '@tidegate/core';
import type { ChangeMessage, StateMessage } from './link/desired.ts';
import type { DesiredSnapshot } from './reconciler/ports.ts';
import type { RelayGrant, RelayResource } from './worker-protocol.ts';

export class RelayState {
  readonly #snapshot: () => DesiredSnapshot | null;
  /** Grants whose principal this gateway's reconciler has opened. */
  readonly #opened = new Set<GrantId>();

  constructor(snapshot: () => DesiredSnapshot | null) {
    this.#snapshot = snapshot;
  }

  /** All that is known now, for a worker that begins. */
  whole(): { resources: RelayResource[]; grants: RelayGrant[] } {
    const { resources = [], grants = [] } = this.#snapshot() ?? {};
    return { resources: resources.map(forRelay), grants: grants.map((grant) => this.#forRelay(grant)) };
  }

  /** A message of the link, which is part of the snapshot already. */
  message(message: StateMessage | ChangeMessage) {
    const resources = message.resources.map(forRelay);
    const grants = message.grants.map((grant) => this.#forRelay(grant));
    if (message.type === 'state') return { type: 'state', resources, grants } as const;
    const { removedResources, removedGrants } = message;
    return { type: 'change', resources, grants, removedResources, removedGrants } as const;
  }

  opened(grant: GrantId): void {
    this.#opened.add(grant);
  }

  #forRelay(grant: DesiredGrant): RelayGrant {
    if (grant.phase !== 'open') this.#opened.delete(grant.id);
    const ours = this.#snapshot()?.resources.some(({ name, reconcile }) => name === grant.resource && reconcile);
    return { ...grant, opened: grant.phase === 'open' && (ours !== true || this.#opened.has(grant.id)) };
  }
}

function forRelay(resource: DesiredResource): RelayResource {
  const { credential: _credential, ownerRole: _owner, reconcile: _reconcile, ...relay } = resource;
  return relay;
}
