/**
 * How statements go to the store. Those that come again and again are prepared under a name, once a connection: the
 * store then neither parses nor plans them anew, which is a good part of what a short statement costs it. Where a plan for these very values is so
 * much better that it is worth making each time, the store goes on making it (`plan_cache_mode = auto`). What has no
 * answer worth waiting for (BEGIN, and what is marked so) goes together with the statement behind it.
 */
import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import type pg from 'pg';
import { asText } from './values.ts';

/** A text seen so often is worth a name. */
const WORTH_IT = 8;
/** Each connection keeps what it has prepared, in the store's memory, until it ends. */
const NAMES_AT_MOST = 256;
/** Texts that are counted: lists of any length make any number of them. */
const COUNTED_AT_MOST = 4096;

/**
 * Before a statement of a transaction whose answer is nothing but that it went well: it is not waited for, and what it
 * failed with is thrown by the next statement, by COMMIT at the latest.
 */
export const UNAWAITED = '/* unawaited */ ';
const isUnawaited = (text: string): boolean => text.startsWith(UNAWAITED) || /^(begin|start transaction)\b/.test(text);
const NO_ANSWER = { command: 'SELECT', rowCount: 0, rows: [] } as const;

/** The names of a process: the same text has the same name on every connection. */
class Names {
  readonly #names = new Map<string, string>();
  readonly #seen = new Map<string, number>();
  #generation = 0;

  /** Undefined: not worth one. */
  of(text: string): string | undefined {
    const known = this.#names.get(text);
    if (known !== undefined || this.#names.size >= NAMES_AT_MOST) return known;
    const seen = (this.#seen.get(text) ?? 0) + 1;
    if (seen < WORTH_IT) {
      if (seen === 1 && this.#seen.size >= COUNTED_AT_MOST) this.#seen.clear();
      this.#seen.set(text, seen);
      return undefined;
    }
    this.#seen.delete(text);
    const name = `s${this.#generation}_${this.#names.size}`;
    this.#names.set(text, name);
    return name;
  }

  /** What was prepared is out of date, on every connection. */
  renew(): void {
    this.#generation += 1;
    this.#names.clear();
  }
}

/** A table is no more what it was when the statement was prepared (a newer control plane migrated it). */
export const isStale = (error: unknown): boolean =>
  error instanceof Error && 'routine' in error && error.routine === 'RevalidateCachedQuery';

type Command = PostgresQueryResult<unknown>['command'];
const COMMANDS: readonly string[] = [
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'MERGE',
  'COMMIT',
  'ROLLBACK',
] satisfies Command[];
const isCommand = (command: string): command is Command => COMMANDS.includes(command);

/** What kysely wants to know. Commands it has no name for change no rows, as a SELECT does. */
const told = <R>({ command, rowCount, rows }: pg.QueryResult): PostgresQueryResult<R> => ({
  command: isCommand(command) ? command : 'SELECT',
  rowCount: rowCount ?? 0,
  rows,
});

class PreparingClient implements PostgresPoolClient {
  readonly #client: pg.PoolClient;
  readonly #names: Names;
  #unawaited: Promise<unknown>[] = [];

  constructor(client: pg.PoolClient, names: Names) {
    this.#client = client;
    this.#names = names;
  }

  query<R>(cursor: PostgresCursor<R>): PostgresCursor<R>;
  query<R>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  query<R>(
    text: string | PostgresCursor<R>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<R>> | PostgresCursor<R> {
    if (typeof text !== 'string') throw new TypeError('the store is read in pages, not by cursors');
    return this.#inTurn<R>(text, parameters);
  }

  release(destroy = false): void {
    this.#client.release(destroy);
  }

  async #inTurn<R>(text: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    const answer = this.#query(text, parameters);
    if (isUnawaited(text)) {
      answer.catch(() => undefined);
      this.#unawaited.push(answer);
      return { ...NO_ANSWER, rows: [] };
    }
    const before = this.#unawaited;
    if (before.length === 0) return told<R>(await answer);
    this.#unawaited = [];
    // The first that failed says why; the others only that the transaction is over.
    answer.catch(() => undefined);
    for (const one of before) await one;
    return told<R>(await answer);
  }

  /** Sends at once. */
  async #query(text: string, parameters: readonly unknown[]): Promise<pg.QueryResult> {
    const values = parameters.map(asText);
    // Without parameters it goes as a simple query: BEGIN, COMMIT, and texts that hold several statements.
    const name = values.length === 0 ? undefined : this.#names.of(text);
    if (name === undefined) return this.#client.query({ text, values });
    try {
      return await this.#client.query({ name, text, values });
    } catch (error) {
      if (!isStale(error)) throw error;
      this.#names.renew();
      // By itself it can be said again. A transaction is over with the error, and is run again as a whole (store.ts).
      return this.#client.query({ text, values }).catch(() => Promise.reject(error));
    }
  }
}

/** `pool` as kysely takes it. Ends with it. */
export function preparing(pool: pg.Pool): PostgresPool {
  const names = new Names();
  const clients = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  return {
    options: pool.options,
    async connect() {
      const client = await pool.connect();
      const known = clients.get(client);
      if (known !== undefined) return known;
      const fresh = new PreparingClient(client, names);
      clients.set(client, fresh);
      return fresh;
    },
    end: () => pool.end(),
  };
}
