/**
 * The administrator's connections to one server, whichever its engine: few, none trusted after an error. Every statement
 * about principals goes through one of these.
 */
import { Lane } from './lane.ts';
import { ProvisionError } from './provisioner.ts';

/** What a goodbye may take: a dead peer must not hold us up. */
const GOODBYE_MS = 1_000;

export interface PoolOptions<C> {
  /** Connections at once. A small server (Azure B1ms) has 35 for everybody: the administrator takes few of them. */
  readonly width: number;
  readonly idleMs: number;
  /** Opens one, within a deadline of its own. `key` tells connections apart that can't stand for each other. */
  readonly connect: (key: string) => Promise<C>;
  /** Says goodbye, or ends at once what runs on it. */
  readonly close: (connection: C) => Promise<void> | void;
}

interface Idle<C> {
  readonly key: string;
  readonly connection: C;
  readonly timer: NodeJS.Timeout;
}

export class Pool<C extends object> {
  readonly #options: PoolOptions<C>;
  readonly #lane: Lane;
  readonly #all = new Set<C>();
  /** Longest idle first. */
  #idle: Idle<C>[] = [];
  readonly #broken = new WeakSet<C>();
  #ended = false;

  constructor(options: PoolOptions<C>) {
    this.#options = options;
    this.#lane = new Lane(options.width);
  }

  /** Lends a connection of this key, an idle one where there is one. Rejects as `connect` does. */
  async use<T>(key: string, work: (connection: C) => Promise<T>): Promise<T> {
    return this.#lane.run(async () => {
      const connection = await this.#take(key);
      try {
        return await work(connection);
      } catch (error) {
        // An error may leave a transaction or a role behind; a new connection is cheap, a confused one is not.
        this.#broken.add(connection);
        throw error;
      } finally {
        this.#giveBack(key, connection);
      }
    });
  }

  /** It must not be lent again: after an error, or because the server ended it. One that is idle is closed at once. */
  drop(connection: C): void {
    this.#broken.add(connection);
    if (this.#removeIdle((idle) => idle.connection === connection) !== null) this.#closeUnawaited(connection);
  }

  /** Ends all connections, those in use too. */
  async end(): Promise<void> {
    this.#ended = true;
    for (const { timer } of this.#idle) clearTimeout(timer);
    this.#idle = [];
    await Promise.all([...this.#all].map((connection) => this.#close(connection)));
  }

  async #take(key: string): Promise<C> {
    const found = this.#removeIdle((idle) => idle.key === key);
    if (found !== null) return found;
    // One for another key must go: the bound is for all of them together.
    const other = this.#all.size < this.#options.width ? null : this.#removeIdle(() => true);
    if (other !== null) await this.#close(other);
    this.#assertRunning();
    const connection = await this.#options.connect(key);
    this.#all.add(connection);
    if (this.#ended) this.#closeUnawaited(connection);
    this.#assertRunning();
    return connection;
  }

  #assertRunning(): void {
    if (!this.#ended) return;
    throw new ProvisionError('The gateway is stopping.', 'stopping', 'The connections were ended.');
  }

  #giveBack(key: string, connection: C): void {
    if (this.#broken.has(connection) || this.#ended) {
      this.#closeUnawaited(connection);
      return;
    }
    const timer = setTimeout(() => this.drop(connection), this.#options.idleMs);
    timer.unref();
    this.#idle.push({ key, connection, timer });
  }

  #removeIdle(fits: (idle: Idle<C>) => boolean): C | null {
    const at = this.#idle.findIndex(fits);
    const [found] = at < 0 ? [] : this.#idle.splice(at, 1);
    if (found === undefined) return null;
    clearTimeout(found.timer);
    return found.connection;
  }

  async #close(connection: C): Promise<void> {
    if (!this.#all.delete(connection)) return;
    await Promise.race([
      this.#options.close(connection),
      new Promise((resolve) => setTimeout(resolve, GOODBYE_MS).unref()),
    ]);
  }

  #closeUnawaited(connection: C): void {
    this.#close(connection).catch(() => {
      // The connection was lost already: there is nothing left to end.
    });
  }
}

/** A driver's answer, or `deadline` and `drop`: what a server that is late still does is bounded by its own limits. */
export async function answered<T>(work: Promise<T>, withinMs: number, drop: () => void): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    reject(Object.assign(new Error('no answer'), { code: 'deadline' }));
    drop();
  }, withinMs);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
