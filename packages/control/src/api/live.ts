/**
 * The open streams of one control plane. What commits announce is gathered for a moment, read once for all, and told to
 * those who may see it. Idle streams cost a comment every 20 s, and one query for all of them to see that their logins
 * still hold: an open page alone keeps no login from falling idle.
 */
import { LIVE_BEAT_SECONDS, type LiveChanges, type LiveEvent } from '@tidegate/contract';
import { type GroupName, type LoginId, reached, TidegateError } from '@tidegate/core';
import { readChanged, seenBy } from '../access/changed.ts';
import { currentConfig } from '../config/current.ts';
import type { Context } from '../context.ts';
import { type Powered, powersUnder } from '../identity/permissions/powers.ts';
import { CHANGES_CHANNEL, type Change } from '../store/announce.ts';
import { anyOf } from '../store/any.ts';
import { STATE_CHANNEL } from '../store/store.ts';
import { type Gathered, LiveHistory, nothing, sizeOf } from './live-history.ts';

/** Changes of one moment are told together: an approval is a review, a request and a grant. */
const GATHER_MS = 60;
/** More at once than this is told as `everything`. */
const COUNTED_MAX = 200;
const STREAMS_MAX = 5_000;
const STREAMS_OF_LOGIN = 12;
/** The last browser may be back in a moment: until then it is listened on, so that it need not read everything anew. */
const LINGER_MS = 60_000;

/** One browser's end. */
export interface Hearer {
  readonly login: LoginId;
  person: Powered;
  /** False: it takes no more, and is given up. */
  send(text: string): boolean;
  end(): void;
}

const EVERYTHING: LiveChanges = { requests: [], grants: [], sessions: [], notices: false, everything: true };

/** @param id what a browser that has heard this may say that it has heard; null: this alone is not all that was told */
const message = (event: LiveEvent, data: unknown, id: string | null): string =>
  `event: ${event}\ndata: ${JSON.stringify(data)}\n${id === null ? '' : `id: ${id}\n`}\n`;

export class Live {
  readonly #context: Context;
  readonly #hearers = new Set<Hearer>();
  #deafen: (() => void) | null = null;
  #beat: NodeJS.Timeout | undefined;
  #gathered = nothing();
  #everything = false;
  #timer: NodeJS.Timeout | undefined;
  #linger: NodeJS.Timeout | undefined;
  /** Made anew whenever listening begins: what happened before is not known. */
  #history = new LiveHistory();
  /** Those who have not heard yet what they missed: until then, what they hear is no sign that they heard all. */
  readonly #behind = new Set<Hearer>();

  constructor(context: Context) {
    this.#context = context;
  }

  /** Throws `too_many_attempts` when there are too many. */
  assertRoom(login: LoginId): void {
    const own = [...this.#hearers].filter((hearer) => hearer.login === login).length;
    if (own < STREAMS_OF_LOGIN && this.#hearers.size < STREAMS_MAX) return;
    throw new TidegateError('too_many_attempts', 'There are too many live streams open.', 'Close some pages.');
  }

  /** @param last the id of what the browser heard last; null: nothing. The returned function leaves. */
  join(hearer: Hearer, last: string | null): () => void {
    clearTimeout(this.#linger);
    this.#hearers.add(hearer);
    if (this.#deafen === null) this.#wake();
    const missed = last === null ? null : this.#history.since(last);
    const resumed = missed !== null;
    const late = resumed && sizeOf(missed) > 0;
    if (late) this.#behind.add(hearer);
    hearer.send(message('hello', { resumed }, this.#idFor(hearer)));
    if (late) void this.#catchUp(hearer, missed);
    return () => this.#leave(hearer);
  }

  /** Tells everybody that it is over for now: browsers come back to whoever answers then. */
  close(): void {
    for (const hearer of this.#hearers) {
      this.#leave(hearer);
      hearer.end();
    }
    this.#sleep();
  }

  async #catchUp(hearer: Hearer, missed: Gathered): Promise<void> {
    const changes = await this.#seenOf(missed);
    this.#behind.delete(hearer);
    if (!this.#hearers.has(hearer)) return;
    if (!hearer.send(message('changed', changes(hearer), this.#idFor(hearer)))) this.#giveUp(hearer);
  }

  #idFor = (hearer: Hearer): string | null => (this.#behind.has(hearer) ? null : this.#history.id);

  #wake(): void {
    const { store } = this.#context;
    this.#history = new LiveHistory();
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
    this.#behind.delete(hearer);
    if (!this.#hearers.delete(hearer) || this.#hearers.size > 0) return;
    this.#linger = setTimeout(() => this.#sleep(), LINGER_MS);
    this.#linger.unref();
  }

  #sleep(): void {
    this.#deafen?.();
    this.#deafen = null;
    clearInterval(this.#beat);
    clearTimeout(this.#timer);
    clearTimeout(this.#linger);
    this.#timer = undefined;
    this.#gathered = nothing();
    this.#everything = false;
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
    // Nobody is there to be told just now, but somebody may come back.
    const changes = all || this.#hearers.size === 0 ? () => EVERYTHING : await this.#seenOf(ids);
    this.#history.add(all ? null : ids);
    for (const hearer of this.#hearers) {
      const own = changes(hearer);
      if (isNothing(own)) continue;
      if (!hearer.send(message('changed', own, this.#idFor(hearer)))) this.#giveUp(hearer);
    }
  }

  /** What each may see of it; where it cannot be read, everybody is to read everything. */
  async #seenOf(ids: Gathered): Promise<(hearer: Hearer) => LiveChanges> {
    try {
      const changed = await readChanged(this.#context.store.db, ids);
      return ({ person }) => (ids.people.has(person.name) ? EVERYTHING : seenBy(person, changed));
    } catch (error) {
      this.#context.log.warn({ err: error }, 'what has changed could not be read; all pages are told to read anew');
      return () => EVERYTHING;
    }
  }

  #giveUp(hearer: Hearer): void {
    this.#leave(hearer);
    hearer.end();
  }

  /** The beat; and logins that are over, or whose groups are others now. */
  async #check(): Promise<void> {
    if (this.#hearers.size === 0) return;
    try {
      await this.#refresh();
    } catch (error) {
      this.#context.log.warn({ err: error }, 'the logins of open pages could not be looked at; tried again');
    }
    // With its id, a beat says that nothing was told since to whom it concerns.
    for (const hearer of this.#hearers) {
      const id = this.#idFor(hearer);
      if (!hearer.send(id === null ? ':\n\n' : `id: ${id}\n\n`)) this.#giveUp(hearer);
    }
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
      hearer.send(message('ended', {}, null));
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
