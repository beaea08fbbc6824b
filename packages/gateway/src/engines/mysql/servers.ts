/** What is known of the servers behind the gateway, for what clients are offered before they say which one they want. */
import type { ResourceName } from '@tidegate/core';
import type { mysql } from '@tidegate/wire';
import { type Offer, offerFor, type ServerTraits } from './offer.ts';

export class Servers {
  /** By resource; null: not met yet. */
  readonly #traits = new Map<ResourceName, ServerTraits | null>();
  #offer: Offer = offerFor([null]);

  /** What a client that arrives now is offered. */
  offer(): Offer {
    return this.#offer;
  }

  /** A server of the resource has said who it is. */
  learn(resource: ResourceName, { version, capabilities, mariadbCapabilities }: mysql.Handshake): void {
    const before = this.#traits.get(resource) ?? null;
    if (before?.version === version && before.capabilities === capabilities) return;
    this.#traits.set(resource, { version, capabilities, mariadbCapabilities });
    this.#offer = offerFor([...this.#traits.values()]);
  }
}
