/** How many clients at once, so that no one peer and no silent crowd can shut the others out. */

export interface Limits {
  /** Connections in all, and from one address. */
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** Of these, such as have not proved who they are. */
  readonly strangers: number;
  readonly strangersPerAddress: number;
  /** From the first byte to the end of the proof, in milliseconds. */
  readonly handshakeMs: number;
  /** From there to a session that is ready, in milliseconds: the database may be slow to answer. */
  readonly openingMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  connections: 10_000,
  connectionsPerAddress: 5_000,
  strangers: 1_000,
  strangersPerAddress: 250,
  handshakeMs: 10_000,
  openingMs: 15_000,
};

/** Counts of all and of each address. */
class Count {
  readonly #byAddress = new Map<string, number>();
  #all = 0;

  fits(address: string, all: number, perAddress: number): boolean {
    return this.#all < all && (this.#byAddress.get(address) ?? 0) < perAddress;
  }

  add(address: string, change: 1 | -1): void {
    this.#all += change;
    const count = (this.#byAddress.get(address) ?? 0) + change;
    if (count > 0) this.#byAddress.set(address, count);
    else this.#byAddress.delete(address);
  }

  get all(): number {
    return this.#all;
  }
}

/** One client's place; each of its calls counts once. */
export interface Place {
  authenticated(): void;
  left(): void;
}

export class Places {
  readonly #limits: Limits;
  readonly #connections = new Count();
  readonly #strangers = new Count();
  #emptied: () => void = () => {};

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  get taken(): number {
    return this.#connections.all;
  }

  /** Resolves when nobody is here, or after `ms`. */
  empty(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#emptied = resolve;
    if (this.taken === 0) resolve();
    return promise.finally(() => clearTimeout(timer));
  }

  /** A place for a client from `address`; null: there is none. */
  take(address: string): Place | null {
    const { connections, connectionsPerAddress, strangers, strangersPerAddress } = this.#limits;
    if (!this.#connections.fits(address, connections, connectionsPerAddress)) return null;
    if (!this.#strangers.fits(address, strangers, strangersPerAddress)) return null;
    this.#connections.add(address, 1);
    this.#strangers.add(address, 1);
    let stranger = true;
    let here = true;
    const authenticated = () => {
      if (stranger) this.#strangers.add(address, -1);
      stranger = false;
    };
    const left = () => {
      authenticated();
      if (here) this.#connections.add(address, -1);
      here = false;
      if (this.taken === 0) this.#emptied();
    };
    return { authenticated, left };
  }
}
