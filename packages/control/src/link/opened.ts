/** Secrets of open grants and resources, as gateways are told them. Never into a log. */
import type { GrantId, ResourceName } from '@tidegate/core';
import { openCredential } from '../config/credentials.ts';
import type { Sealer } from '../keys/seal.ts';
import type { Snapshot } from './snapshot.ts';

/** Each opened once: the state is made anew with every change. */
export class OpenedSecrets {
  readonly #sealer: Sealer;
  readonly #opened = new Map<string, string>();

  constructor(sealer: Sealer) {
    this.#sealer = sealer;
  }

  credential(resource: ResourceName, sealed: string): string {
    return this.#open(sealed, () => openCredential(this.#sealer, resource, sealed));
  }

  principalPassword(grant: GrantId, sealed: string): string {
    return this.#open(sealed, () => this.#sealer.open(sealed, `principal/${grant}`));
  }

  /** Forgets what is of no grant or resource any more. */
  keepOnly({ credentials, grants }: Snapshot): void {
    const kept = new Set([...credentials.values(), ...grants.map(({ row }) => row.principalPassword)]);
    for (const sealed of this.#opened.keys()) if (!kept.has(sealed)) this.#opened.delete(sealed);
  }

  #open(sealed: string, open: () => string): string {
    const known = this.#opened.get(sealed) ?? open();
    this.#opened.set(sealed, known);
    return known;
  }
}
