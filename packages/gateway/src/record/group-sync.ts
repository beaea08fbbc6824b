/**
 * Group commit: however many wait, one sync runs at a time, and who comes while it runs waits for the next, which covers
 * all that was written before it began.
 */
export class GroupSync {
  readonly #sync: (done: (error: Error | null) => void) => void;
  #current: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  constructor(sync: (done: (error: Error | null) => void) => void) {
    this.#sync = sync;
  }

  /** The sync that covers all that was waited for so far; undefined when none runs. */
  get pending(): Promise<void> | undefined {
    return this.#next ?? this.#current ?? undefined;
  }

  /** Resolves when everything written before this call is on the disk. */
  wait(): Promise<void> {
    if (this.#next !== null) return this.#next;
    if (this.#current === null) return this.#start();
    const start = () => this.#start();
    this.#next = this.#current.then(start, start);
    return this.#next;
  }

  #start(): Promise<void> {
    this.#next = null;
    const current = new Promise<void>((resolve, reject) => {
      this.#sync((error) => {
        this.#current = null;
        if (error === null) resolve();
        else reject(error);
      });
    });
    this.#current = current;
    return current;
  }
}
