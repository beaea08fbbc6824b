/**
 * What was told lately, numbered, so that a browser that comes back after a moment hears what it missed instead of
 * reading everything again. Of one control plane, and only for as long as it listens to the store without a break.
 */
import { randomBytes } from 'node:crypto';
import type { ChangedIds } from '../access/changed.ts';
import type { Change } from '../store/announce.ts';

/** Ids of what changed; `people` are those who must read everything. */
export interface Gathered extends ChangedIds {
  readonly requests: Set<NonNullable<Change['request']>>;
  readonly grants: Set<NonNullable<Change['grant']>>;
  readonly sessions: Set<NonNullable<Change['session']>>;
  readonly notices: Set<NonNullable<Change['notice']>>;
  readonly people: Set<NonNullable<Change['person']>>;
}

export const nothing = (): Gathered => ({
  requests: new Set(),
  grants: new Set(),
  sessions: new Set(),
  notices: new Set(),
  people: new Set(),
});

export const sizeOf = ({ requests, grants, sessions, notices, people }: Gathered): number =>
  requests.size + grants.size + sessions.size + notices.size + people.size;

/** Tellings that are kept. */
const KEPT = 500;

export class LiveHistory {
  /** Of no other history, here or at another control plane. */
  readonly #epoch = randomBytes(8).toString('hex');
  /** null: everything. The last one is number `#told`. */
  readonly #kept: (Gathered | null)[] = [];
  #told = 0;

  /** Of all that was told so far, as `Last-Event-ID` brings it back. */
  get id(): string {
    return `${this.#epoch}.${this.#told}`;
  }

  /** In the same turn in which it is told. */
  add(ids: Gathered | null): void {
    this.#told += 1;
    this.#kept.push(ids);
    if (this.#kept.length > KEPT) this.#kept.shift();
  }

  /** What was told after `id`, all of it together; null: nobody can say, or it was everything. */
  since(id: string): Gathered | null {
    const [, epoch, number] = /^([0-9a-f]{16})\.(\d{1,15})$/.exec(id) ?? [];
    const missed = this.#told - Number(number);
    if (epoch !== this.#epoch || !(missed >= 0 && missed <= this.#kept.length)) return null;
    const all = nothing();
    for (const ids of this.#kept.slice(this.#kept.length - missed)) {
      if (ids === null) return null;
      for (const each of ids.requests) all.requests.add(each);
      for (const each of ids.grants) all.grants.add(each);
      for (const each of ids.sessions) all.sessions.add(each);
      for (const each of ids.notices) all.notices.add(each);
      for (const each of ids.people) all.people.add(each);
    }
    return all;
  }
}
