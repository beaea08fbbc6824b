/** The worker's table of resources and grants, as main last told it. Replaced whole or changed in one go, never in part. */
import { Buffer } from 'node:buffer';
import type { EntraIdentity, EntraTrust } from '@tidegate/contract';
import type { Engine, GrantId, ResourceName } from '@tidegate/core';
import type { RelayGrant, RelayResource } from '../worker-protocol.ts';

export interface TicketVerifier {
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
  /** Only of tickets for MySQL: SHA256(SHA256(ticket)) and SHA1(SHA1(ticket)). */
  readonly mysql: { readonly sha2: Buffer; readonly native: Buffer } | null;
}

/** What a proof of a ticket is held against, decoded once. */
export interface TicketVerifiers {
  readonly salt: Buffer;
  readonly iterations: number;
  readonly verifiers: readonly TicketVerifier[];
}

export interface KnownGrant {
  readonly grant: RelayGrant;
  readonly tickets: TicketVerifiers;
  /** Milliseconds since the epoch; null while the grant's clock has not begun. */
  readonly startsAt: number | null;
  readonly expiresAt: number | null;
  /** The principal can log in: main said so. */
  readonly opened: boolean;
}

export interface State {
  readonly resources: readonly RelayResource[];
  readonly grants: readonly RelayGrant[];
}

export interface Change extends State {
  readonly removedResources: readonly ResourceName[];
  readonly removedGrants: readonly GrantId[];
}

export class Grants {
  readonly #resources = new Map<ResourceName, RelayResource>();
  readonly #grants = new Map<GrantId, KnownGrant>();
  readonly #byLoginName = new Map<string, KnownGrant>();
  /** Those who wait for a change of a grant. */
  readonly #waiting = new Map<GrantId, Set<() => void>>();

  get(id: GrantId): KnownGrant | null {
    return this.#grants.get(id) ?? null;
  }

  /** Whose tokens may stand for a ticket at resources of the engine: all of them are told the same. */
  trusts(engine: Engine): readonly EntraTrust[] {
    for (const resource of this.#resources.values()) if (resource.engine === engine) return resource.entra;
    return [];
  }

  /** Grants of the person with this identity at resources of the engine. */
  ofIdentity({ tenant, object }: EntraIdentity, engine: Engine): readonly KnownGrant[] {
    return [...this.#grants.values()].filter(
      ({ grant }) =>
        grant.entra?.tenant === tenant &&
        grant.entra.object === object &&
        this.resource(grant.resource)?.engine === engine,
    );
  }

  byLoginName(loginName: string): KnownGrant | null {
    return this.#byLoginName.get(loginName) ?? null;
  }

  resources(): Iterable<RelayResource> {
    return this.#resources.values();
  }

  resource(name: ResourceName): RelayResource | null {
    return this.#resources.get(name) ?? null;
  }

  replace(state: State): void {
    const resources = new Set(state.resources.map((resource) => resource.name));
    const grants = new Set(state.grants.map((grant) => grant.id));
    this.change({
      ...state,
      removedResources: [...this.#resources.keys()].filter((name) => !resources.has(name)),
      removedGrants: [...this.#grants.keys()].filter((id) => !grants.has(id)),
    });
  }

  change(change: Change): void {
    for (const name of change.removedResources) this.#resources.delete(name);
    for (const resource of change.resources) this.#resources.set(resource.name, resource);
    for (const id of change.removedGrants) this.#remove(id);
    for (const grant of change.grants) this.#set(known(grant, this.get(grant.id)));
    for (const id of change.removedGrants) this.#announce(id);
    for (const grant of change.grants) this.#announce(grant.id);
  }

  opened(id: GrantId): void {
    const before = this.get(id);
    if (before === null || before.opened) return;
    this.#set({ ...before, opened: true });
    this.#announce(id);
  }

  /** Resolves at the next change of the grant, or when the signal aborts. */
  changed(id: GrantId, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (signal.aborted) resolve();
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting.add(resolve));
    signal.addEventListener('abort', () => resolve(), { once: true });
    return promise.finally(() => {
      waiting.delete(resolve);
      if (waiting.size === 0) this.#waiting.delete(id);
    });
  }

  #set(grant: KnownGrant): void {
    this.#remove(grant.grant.id);
    this.#grants.set(grant.grant.id, grant);
    this.#byLoginName.set(grant.grant.loginName, grant);
  }

  #remove(id: GrantId): void {
    const before = this.get(id);
    if (before === null) return;
    this.#grants.delete(id);
    this.#byLoginName.delete(before.grant.loginName);
  }

  #announce(id: GrantId): void {
    for (const tell of this.#waiting.get(id) ?? []) tell();
  }
}

function known(grant: RelayGrant, before: KnownGrant | null): KnownGrant {
  const decode = (text: string) => Buffer.from(text, 'base64');
  const instant = (text: string | null) => (text === null ? null : Temporal.Instant.from(text).epochMilliseconds);
  return {
    grant,
    tickets: {
      salt: decode(grant.scram.salt),
      iterations: grant.scram.iterations,
      verifiers: grant.tickets.map(({ verifier, mysql }) => ({
        storedKey: decode(verifier.storedKey),
        serverKey: decode(verifier.serverKey),
        mysql: mysql === null ? null : { sha2: decode(mysql.sha2), native: decode(mysql.native) },
      })),
    },
    startsAt: instant(grant.startsAt),
    expiresAt: instant(grant.expiresAt),
    // Once opened a principal stays so until its grant closes; a change that was on its way may not know it yet.
    opened: grant.opened || (grant.phase === 'open' && before?.opened === true),
  };
}
