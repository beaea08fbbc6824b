/**
 * Which passwords we know to be set. They can't be read, so one is set again where we do not know: after a start, and when
 * the server says that the user was altered since.
 */
import type { DesiredGrant } from '@tidegate/contract';
import type { GrantId } from '@tidegate/core';

interface Known {
  readonly password: string;
  /** What the server said of when the user was last altered, after we had set it. */
  readonly modified: string;
}

export class Passwords {
  readonly #known = new Map<GrantId, Map<string, Known>>();

  /** @param place a database, or '' for the server's login */
  isSet(grant: DesiredGrant, place: string, modified: string): boolean {
    const known = this.#known.get(grant.id)?.get(place);
    return known?.password === grant.principalPassword && known.modified === modified;
  }

  remember(grant: DesiredGrant, place: string, modified: string): void {
    const places = this.#known.get(grant.id) ?? new Map<string, Known>();
    places.set(place, { password: grant.principalPassword, modified });
    this.#known.set(grant.id, places);
  }

  forget(grant: GrantId): void {
    this.#known.delete(grant);
  }
}
