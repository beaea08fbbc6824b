/**
 * What is known of the servers behind the gateway, for what clients are offered before they say which one they want
 * (`offer.ts`). A server says who it is to anybody who connects, so each is met once when its resource becomes known, and
 * again with every login.
 */
import type { ResourceName } from '@tidegate/core';
import type { mysql } from '@tidegate/wire';
import type { RelayResource } from '../../worker-protocol.ts';
import { type Offer, offerFor, type ServerTraits } from './offer.ts';

/** From one attempt to meet a server to the next, in milliseconds: doubled each time. */
const AGAIN_MS = { first: 1_000, most: 300_000 } as const;

/** Connects and reads the server's first packet; rejects when there is none. Leaves nothing behind. */
export type Meet = (resource: RelayResource) => Promise<mysql.Handshake>;

interface Known {
  resource: RelayResource;
  /** null: not met yet. */
  traits: ServerTraits | null;
  timer: NodeJS.Timeout | null;
}

export class Servers {
  readonly #meet: Meet;
  readonly #known = new Map<ResourceName, Known>();
  #offer: Offer = offerFor([]);

  constructor(meet: Meet) {
    this.#meet = meet;
  }

  /** What a client that arrives now is offered. */
  offer(): Offer {
    return this.#offer;
  }

  /** These are all the resources there are. */
  resources(all: readonly RelayResource[]): void {
    const names = new Set(all.map(({ name }) => name));
    for (const [name, { timer }] of this.#known) {
      if (names.has(name)) continue;
      if (timer !== null) clearTimeout(timer);
      this.#known.delete(name);
    }
    for (const resource of all) {
      const known = this.#known.get(resource.name);
      const same = JSON.stringify(known?.resource.address) === JSON.stringify(resource.address);
      if (known !== undefined && same) {
        known.resource = resource;
        continue;
      }
      if (known !== undefined && known.timer !== null) clearTimeout(known.timer);
      const fresh: Known = { resource, traits: null, timer: null };
      this.#known.set(resource.name, fresh);
      void this.#acquaint(fresh, AGAIN_MS.first);
    }
    this.#renew();
  }

  /** A server of the resource has said who it is. */
  learn(name: ResourceName, { version, capabilities, mariadbCapabilities }: mysql.Handshake): void {
    const known = this.#known.get(name);
    if (known === undefined) return;
    if (known.timer !== null) clearTimeout(known.timer);
    known.timer = null;
    const { traits } = known;
    const same = traits?.capabilities === capabilities && traits.mariadbCapabilities === mariadbCapabilities;
    if (same && traits.version === version) return;
    known.traits = { version, capabilities, mariadbCapabilities };
    this.#renew();
  }

  /** A server that can't be met now is asked again later; nobody waits for it, and clients are offered less so long. */
  async #acquaint(known: Known, againMs: number): Promise<void> {
    const { name } = known.resource;
    const current = () => this.#known.get(name) === known && known.traits === null;
    try {
      const hello = await this.#meet(known.resource);
      if (current()) this.learn(name, hello);
    } catch {
      // Whoever logs in meets the same trouble and is told; here it only means to try again.
      if (!current()) return;
      const next = Math.min(againMs * 2, AGAIN_MS.most);
      known.timer = setTimeout(() => void this.#acquaint(known, next), againMs).unref();
    }
  }

  #renew(): void {
    const known = [...this.#known.values()];
    this.#offer = offerFor(
      known.map(({ traits }) => traits),
      known.some(({ resource }) => resource.allow.localInfile),
    );
  }
}
