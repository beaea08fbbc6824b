/** SCRAM keys of principals, kept so that a login costs no stretching of its password (about a millisecond each). */
import type { GrantId } from '@tidegate/core';
import type { postgres } from '@tidegate/wire';
import type { RelayGrant } from '../../worker-protocol.ts';

/** Grants remembered; with more, the one that was kept first is forgotten. */
const REMEMBERED = 2_000;

export class UpstreamKeys {
  readonly #kept = new Map<GrantId, { readonly password: string; readonly keys: postgres.ScramKeys }>();

  of(grant: RelayGrant): postgres.ScramKeys | null {
    const kept = this.#kept.get(grant.id);
    return kept?.password === grant.principalPassword ? kept.keys : null;
  }

  keep(grant: RelayGrant, keys: postgres.ScramKeys): void {
    if (this.of(grant) === keys) return;
    this.#kept.delete(grant.id);
    this.#kept.set(grant.id, { password: grant.principalPassword, keys });
    if (this.#kept.size <= REMEMBERED) return;
    const [first] = this.#kept.keys();
    if (first !== undefined) this.#kept.delete(first);
  }
}
