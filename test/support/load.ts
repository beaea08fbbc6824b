/**
 * Clients that keep asking and remember what was answered: what was acknowledged must be on record. Each asks for whole
 * numbers that nobody else asks for, so that a number found on record is that statement and no other.
 */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Way } from './tidegate.ts';

export type Door = Pick<Way, 'host' | 'port' | 'user' | 'password' | 'database'>;

/** A client that is cut connects again, until stopped. */
export abstract class Load {
  /** What statements whose result the client has seen asked for. */
  readonly acknowledged: number[] = [];
  /** How the last connection ended, as the client was told. */
  lastError = '';
  /** How often a connection ended otherwise than by us. */
  cuts = 0;
  protected readonly door: Door;
  #next: number;
  #stopping = false;
  #paused: PromiseWithResolvers<void> | null = null;
  #ended: Promise<void> | null = null;

  /** @param from the first number it asks for; each is used once */
  constructor(door: Door, from: number) {
    this.door = door;
    this.#next = from;
  }

  start(): this {
    this.#ended = this.#run();
    return this;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.resume();
    await this.#ended;
  }

  /** Nothing new is asked until `resume`. */
  pause(): void {
    this.#paused ??= Promise.withResolvers();
  }

  resume(): void {
    this.#paused?.resolve();
    this.#paused = null;
  }

  /** Resolves when so many more statements have been answered. */
  async progress(statements: number): Promise<void> {
    const wanted = this.acknowledged.length + statements;
    while (this.acknowledged.length < wanted) await delay(5);
  }

  /** One connection, or one run of a program: until `mayAsk` says no, or an error. */
  protected abstract connected(): Promise<void>;

  /** To be awaited before each statement or batch. */
  protected async mayAsk(): Promise<boolean> {
    while (this.#paused !== null) await this.#paused.promise;
    return !this.#stopping;
  }

  /** The next `count` numbers. */
  protected take(count: number): number[] {
    const from = this.#next;
    this.#next += count;
    return Array.from({ length: count }, (_, index) => from + index);
  }

  async #run(): Promise<void> {
    while (await this.mayAsk()) {
      try {
        await this.connected();
      } catch (error) {
        this.cuts += 1;
        this.lastError = error instanceof Error ? error.message : String(error);
        // A short breath before the next try: the part that was killed is being started again.
        await delay(100);
      }
    }
  }
}

/** node-postgres, one prepared statement with a bound value after the other. */
export class NodePostgres extends Load {
  readonly #pace: number;

  /** @param pace milliseconds between two statements */
  constructor(door: Door, from: number, pace = 0) {
    super(door, from);
    this.#pace = pace;
  }

  protected async connected(): Promise<void> {
    const { host, port, user, password, database } = this.door;
    const client = new pg.Client({ host, port, user, password, database, ssl: false, connectionTimeoutMillis: 5_000 });
    client.on('error', (error: Error) => {
      this.lastError = error.message;
    });
    try {
      await client.connect();
      while (await this.mayAsk()) {
        const [value] = this.take(1);
        await client.query({ name: 'load', text: 'SELECT $1::int AS value', values: [value] });
        if (value !== undefined) this.acknowledged.push(value);
        if (this.#pace > 0) await delay(this.#pace);
      }
      await client.end();
    } finally {
      client.connection?.stream.destroy();
    }
  }
}
