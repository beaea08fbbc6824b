/**
 * What one connection was last told. Changes are the difference between that and what is desired now, so that nothing
 * is ever missed, whatever notifications were.
 */
import type { GatewayId, GrantId, ResourceName, TicketId } from '@tidegate/core';
import type { Desired } from './desired.ts';

export interface View {
  readonly desired: Desired;
  /** Resources that the gateway at the other end reconciles. */
  readonly reconciles: (resource: ResourceName) => boolean;
}

export const viewFor = (gateway: GatewayId, desired: Desired, leases: ReadonlyMap<ResourceName, GatewayId>): View => ({
  desired,
  reconciles: (resource) => leases.get(resource) === gateway,
});

/** Revisions count from 1. */
const ACKNOWLEDGED = 0;

export class Told {
  #revision = 0;
  #resources = new Map<ResourceName, string>();
  #grants = new Map<GrantId, string>();
  /** By ticket: the revision that first told of it, or `ACKNOWLEDGED`. */
  #tickets = new Map<TicketId, number>();

  get revision(): number {
    return this.#revision;
  }

  /** The `state` message: everything, whatever was told before. */
  whole(view: View): string {
    this.#revision += 1;
    this.#resources = new Map(resourcesOf(view));
    this.#grants = new Map(grantsOf(view));
    this.#noteTickets(view.desired);
    return message('state', this.#revision, [...this.#resources.values()], [...this.#grants.values()]);
  }

  /** The `change` message from what was told to what is desired; null: nothing is different. */
  change(view: View): string | null {
    const resources = differing(this.#resources, resourcesOf(view));
    const grants = differing(this.#grants, grantsOf(view));
    const gone = {
      resources: missing(this.#resources, view.desired.resources),
      grants: missing(this.#grants, view.desired.grants),
    };
    if (resources.length + grants.length + gone.resources.length + gone.grants.length === 0) return null;

    const from = this.#revision;
    this.#revision += 1;
    for (const [name, json] of resources) this.#resources.set(name, json);
    for (const [id, json] of grants) this.#grants.set(id, json);
    for (const name of gone.resources) this.#resources.delete(name);
    for (const id of gone.grants) this.#grants.delete(id);
    this.#noteTickets(view.desired);
    return message('change', this.#revision, texts(resources), texts(grants), { from, ...gone });
  }

  /** Every relay worker knows `revision`: the tickets that are thereby known, each told once. */
  acknowledge(revision: number): TicketId[] {
    const known = [...this.#tickets].filter(([, told]) => told > ACKNOWLEDGED && told <= revision);
    for (const [ticket] of known) this.#tickets.set(ticket, ACKNOWLEDGED);
    return known.map(([ticket]) => ticket);
  }

  #noteTickets({ grants }: Desired): void {
    const before = this.#tickets;
    const tickets = [...grants.values()].flatMap((grant) => grant.tickets);
    this.#tickets = new Map(tickets.map((ticket) => [ticket, before.get(ticket) ?? this.#revision]));
  }
}

function* resourcesOf({ desired, reconciles }: View): Iterable<[ResourceName, string]> {
  for (const [name, json] of desired.resources) yield [name, reconciles(name) ? json.reconciles : json.relays];
}

function* grantsOf({ desired }: View): Iterable<[GrantId, string]> {
  for (const [id, { json }] of desired.grants) yield [id, json];
}

const differing = <K>(told: ReadonlyMap<K, string>, desired: Iterable<[K, string]>): [K, string][] =>
  [...desired].filter(([key, json]) => told.get(key) !== json);

const missing = <K>(told: ReadonlyMap<K, string>, desired: ReadonlyMap<K, unknown>): K[] =>
  [...told.keys()].filter((key) => !desired.has(key));

const texts = (entries: readonly (readonly [unknown, string])[]): string[] => entries.map(([, json]) => json);

/** Put together from the parts' JSON, which is there already. */
function message(
  type: 'state' | 'change',
  revision: number,
  resources: readonly string[],
  grants: readonly string[],
  change?: { from: number; resources: readonly ResourceName[]; grants: readonly GrantId[] },
): string {
  const rest =
    change === undefined
      ? ''
      : `,"from":${change.from},"removedResources":${JSON.stringify(change.resources)},"removedGrants":${JSON.stringify(change.grants)}`;
  return `{"type":"${type}","revision":${revision},"resources":[${resources.join(',')}],"grants":[${grants.join(',')}]${rest}}`;
}
