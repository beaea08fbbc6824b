/**
 * The open streams of one control plane. What commits announce is gathered for a moment, read once for all, and told to
 * those who may see it. Idle streams cost a comment every 20 s, and one query for all of them to see that their logins
 * still hold: an open page alone keeps no login from falling idle.
 */
import { LIVE_BEAT_SECONDS, type LiveChanges, type LiveEvent } from '@tidegate/contract';
import { type GroupName, type LoginId, reached, TidegateError } from '@tidegate/core';
import { type ChangedIds, readChanged, seenBy } from '../access/changed.ts';
import { currentConfig } from '../config/current.ts';
import type { Context } from '../context.ts';
import { type Powered, powersUnder } from '../identity/permissions/powers.ts';
import { CHANGES_CHANNEL, type Change } from '../store/announce.ts';
import { anyOf } from '../store/any.ts';
import { STATE_CHANNEL } from '../store/store.ts';

/** Changes of one moment are told together: an approval is a review, a request and a grant. */
const GATHER_MS = 60;
/** More at once than this is told as `everything`. */
const COUNTED_MAX = 200;
const STREAMS_MAX = 5_000;
const STREAMS_OF_LOGIN = 12;

/** One browser's end. */
export interface Hearer {
  readonly login: LoginId;
  person: Powered;
  /** False: it takes no more, and is given up. */
  send(text: string): boolean;
  end(): void;
}

const EVERYTHING: LiveChanges = { requests: [], grants: [], sessions: [], notices: false, everything: true };

const message = (event: LiveEvent, data: unknown): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

interface Gathered extends ChangedIds {
  readonly requests: Set<NonNullable<Change['request']>>;
  readonly grants: Set<NonNullable<Change['grant']>>;
  readonly sessions: Set<NonNullable<Change['session']>>;
  readonly notices: Set<NonNullable<Change['notice']>>;
  readonly people: Set<NonNullable<Change['person']>>;
}
const nothing = (): Gathered => ({
  requests: new Set(),
  grants: new Set(),
  sessions: new Set(),
  notices: new Set(),
  people: new Set(),
});
const sizeOf = ({ requests, grants, sessions, notices, people }: Gathered): number =>
  requests.size + grants.size + sessions.size + notices.size + people.size;

export class Live {
  readonly #context: Context;
  readonly #hearers = new Set<Hearer>();
  #deafen: (() => void) | null = null;
  #beat: NodeJS.Timeout | undefined;
  #gathered = nothing();
  #everything = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Throws `too_many_attempts` when there are too many. */
  assertRoom(login: LoginId): void {
    const own = [...this.#hearers].filter((hearer) => hearer.login === login).length;
    if (own < STREAMS_OF_LOGIN && this.#hearers.size < STREAMS_MAX) return;
    throw new TidegateError('too_many_attempts', 'There are too many live streams open.', 'Close some pages.');
  }

  /** The returned function leaves. */
  join(hearer: Hearer): () => void {
    this.#hearers.add(hearer);
    if (this.#hearers.size === 1) this.#wake();
    hearer.send(message('hello', {}));
    return () => this.#leave(hearer);
  }

  /** Tells everybody that it is over for now: browsers come back to whoever answers then. */
  close(): void {
    for (const hearer of this.#hearers) {
      this.#leave(hearer);
      hearer.end();
    }
  }

  #wake(): void {
    const { store } = this.#context;
    const ends = [
      store.listen(CHANGES_CHANNEL, (payload) => this.#gather(payload === null ? null : changeOf(payload))),
      // A resource's name is told here too, with a change of its own above; without one it is the configuration.
      store.listen(STATE_CHANNEL, (payload) => {
        if (payload === '') this.#gather(null);
      }),
    ];
    this.#deafen = () => {
      for (const end of ends) end();
    };
    this.#beat = setInterval(() => void this.#check(), LIVE_BEAT_SECONDS * 1000);
  }

  #leave(hearer: Hearer): void {
    if (!this.#hearers.delete(hearer) || this.#hearers.size > 0) return;
    this.#deafen?.();
    this.#deafen = null;
    clearInterval(this.#beat);
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** null: anything may have changed. */
  #gather(change: Change | null): void {
    if (change === null) this.#everything = true;
    if (change?.request !== undefined) this.#gathered.requests.add(change.request);
    if (change?.grant !== undefined) this.#gathered.grants.add(change.grant);
    if (change?.session !== undefined) this.#gathered.sessions.add(change.session);
    if (change?.notice !== undefined) this.#gathered.notices.add(change.notice);
    if (change?.person !== undefined) this.#gathered.people.add(change.person);
    this.#timer ??= setTimeout(() => void this.#tell(), GATHER_MS);
  }

  async #tell(): Promise<void> {
    const ids = this.#gathered;
    const all = this.#everything || sizeOf(ids) > COUNTED_MAX;
    this.#gathered = nothing();
    this.#everything = false;
    this.#timer = undefined;
    if (all) {
      this.#toAll(() => EVERYTHING);
      return;
    }
    try {
      const changed = await readChanged(this.#context.store.db, ids);
      this.#toAll(({ person }) => (ids.people.has(person.name) ? EVERYTHING : seenBy(person, changed)));
    } catch (error) {
      this.#context.log.warn({ err: error }, 'what has changed could not be read; all pages are told to read anew');
      this.#toAll(() => EVERYTHING);
    }
  }

  #toAll(of: (hearer: Hearer) => LiveChanges): void {
    for (const hearer of this.#hearers) {
      const changes = of(hearer);
      if (isNothing(changes)) continue;
      if (!hearer.send(message('changed', changes))) this.#giveUp(hearer);
    }
  }

  #giveUp(hearer: Hearer): void {
    this.#leave(hearer);
    hearer.end();
  }

  /** The beat; and logins that are over, or whose groups are others now. */
  async #check(): Promise<void> {
    try {
      await this.#refresh();
    } catch (error) {
      this.#context.log.warn({ err: error }, 'the logins of open pages could not be looked at; tried again');
    }
    for (const hearer of this.#hearers) if (!hearer.send(':\n\n')) this.#giveUp(hearer);
  }

  async #refresh(): Promise<void> {
    const { store, now, signIn } = this.#context;
    const at = now();
    const rows = await store.db
      .selectFrom('logins')
      .innerJoin('people', 'people.name', 'logins.person')
      .leftJoin('groupMembers', 'groupMembers.person', 'logins.person')
      .select(['logins.id', 'logins.expiresAt', 'logins.lastUsedAt', 'groupMembers.groupName'])
      .where('logins.id', '=', anyOf([...new Set([...this.#hearers].map(({ login }) => login))]))
      .where('people.disabledAt', 'is', null)
      .execute();
    const config = await currentConfig(store.db);
    const held = new Map<LoginId, Set<GroupName>>();
    for (const { id, expiresAt, lastUsedAt, groupName } of rows) {
      if (reached(expiresAt, at) || reached(lastUsedAt.add(signIn.idle), at)) continue;
      const groups = held.get(id) ?? new Set();
      if (groupName !== null) groups.add(groupName);
      held.set(id, groups);
    }
    for (const hearer of this.#hearers) {
      const groups = held.get(hearer.login);
      if (groups !== undefined) {
        const person = { ...hearer.person, groups: [...groups] };
        hearer.person = { ...person, powers: powersUnder(config, person) };
        continue;
      }
      hearer.send(message('ended', {}));
      this.#giveUp(hearer);
    }
  }
}

const isNothing = ({ requests, grants, sessions, notices, everything }: LiveChanges): boolean =>
  !everything && !notices && requests.length + grants.length + sessions.length === 0;

/** Announcements are our own; one that can't be read counts as anything. */
function changeOf(payload: string): Change | null {
  try {
    const value: unknown = JSON.parse(payload);
    return typeof value === 'object' && value !== null ? value : null;
  } catch {
    return null; // told as everything: nobody misses a change by it
  }
}
