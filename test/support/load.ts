/** A client that keeps asking and remembers what was answered: what was acknowledged must be on record. */
import { once } from 'node:events';
import pg from 'pg';
import type { Way } from './tidegate.ts';

export class Load {
  /** Values of statements whose result the client has seen. */
  readonly acknowledged: number[] = [];
  readonly ended: Promise<void>;
  /** How the last connection ended, as the client was told. */
  lastError = '';
  readonly #way: Way;
  readonly #from: number;
  #stopping = false;

  /** Values from `from` on, each used once. Connects again when cut, until stopped or refused for good. */
  constructor(way: Way, from: number) {
    this.#way = way;
    this.#from = from;
    this.ended = this.#run();
  }

  stop(): Promise<void> {
    this.#stopping = true;
    return this.ended;
  }

  /** Resolves when so many more statements have been answered. */
  async progress(statements: number): Promise<void> {
    const wanted = this.acknowledged.length + statements;
    while (this.acknowledged.length < wanted) await new Promise((resolve) => setImmediate(resolve));
  }

  async #run(): Promise<void> {
    let value = this.#from;
    while (!this.#stopping) {
      const client = new pg.Client({ ...this.#way, ssl: false, connectionTimeoutMillis: 5_000 });
      client.on('error', (error: Error) => {
        this.lastError = error.message;
      });
      try {
        await client.connect();
        while (!this.#stopping) {
          value += 1;
          const sent = value;
          await client.query({ name: 'load', text: 'SELECT $1::int AS value', values: [sent] });
          this.acknowledged.push(sent);
        }
        await client.end();
      } catch (error) {
        this.lastError = error instanceof Error ? error.message : String(error);
        client.connection?.stream.destroy();
        // A short breath before the next try: the part that was killed is being started again.
        const wake = new AbortController();
        const timer = setTimeout(() => wake.abort(), 100);
        await once(wake.signal, 'abort');
        clearTimeout(timer);
      }
    }
  }
}
