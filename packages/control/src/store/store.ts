/**
 * The store: PostgreSQL, always. The embedded cluster by default, the one behind `TIDEGATE_DATABASE_URL` otherwise.
 * It may go away and come back at any time; what runs meanwhile fails with an error that `isOutage` knows.
 */
import { CamelCasePlugin, Kysely, PostgresDialect, sql } from 'kysely';
import { committedEarly, Flush } from './flush.ts';
import { createListener, type Hears } from './listener.ts';
import { migrate } from './migrate.ts';
import { brokenConstraint } from './outage.ts';
import { createPool } from './pool.ts';
import { isStale, preparing } from './prepared.ts';
import type { Database, Tx } from './schema.ts';

/** Announced at commit with a resource's name whenever what gateways must know of it changed; '' for the configuration. */
export const STATE_CHANNEL = 'tidegate_state';

export interface StoreOptions {
  readonly url: string;
  /** Connections in the pool; one more listens. Default 16. */
  readonly maxConnections?: number;
  /** Hears of connections that broke and are being replaced; never of secrets. */
  readonly onTrouble?: (error: Error) => void;
}

export interface Store {
  readonly db: Kysely<Database>;
  /**
   * Runs `work` in a transaction (READ COMMITTED; lock the rows you decide on). Run again from the start when the
   * database asks for it (deadlock, serialisation, an id that was taken), so `work` must have no effect outside `tx`.
   */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** When all that is committed now is on disk: before anybody outside is told of it. */
  flushed(): Promise<void>;
  /** Hears what is announced on `channel`; `null` whenever the connection is new: anything may have changed. */
  listen(channel: string, hears: Hears): () => void;
  close(): Promise<void>;
}

/** Announces `payload` on `channel` when `tx` commits. */
export async function notify(tx: Tx, channel: string, payload: string): Promise<void> {
  await sql`SELECT pg_notify(${channel}, ${payload})`.execute(tx);
}

/** Connects, brings the tables up to date (under a lock: several control planes may start at once), and answers. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const onTrouble = options.onTrouble ?? (() => undefined);
  await migrate(options.url, onTrouble);
  const pool = createPool(options.url, options.maxConnections ?? 16, onTrouble);
  const db = new Kysely<Database>({
    dialect: new PostgresDialect({ pool: preparing(pool) }),
    plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
  });
  const listener = createListener(options.url, onTrouble);
  const flushing = createPool(options.url, 1, onTrouble);
  const flush = new Flush(flushing);

  return {
    db,
    async transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
      const { result, early } = await repeated(() =>
        db
          .transaction()
          .setIsolationLevel('read committed')
          .execute(async (tx) => ({ result: await work(tx), early: committedEarly(tx) })),
      );
      if (early) await flush.done();
      return result;
    },
    flushed: () => flush.done(),
    listen: (channel, hears) => listener.listen(channel, hears),
    async close() {
      await listener.close();
      await flushing.end();
      await db.destroy();
    },
  };
}

const ATTEMPTS = 5;
/** Primary keys that are random; a name somebody chose is no reason to try again. */
const TAKEN_ID = /^(requests|grants|tickets)_are_named_once$/;

async function repeated<T>(attempt: () => Promise<T>): Promise<T> {
  for (let count = 1; ; count += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (count === ATTEMPTS || !worthRepeating(error)) throw error;
    }
  }
}

/** Serialisation failure, deadlock, a statement prepared before a change; or a random id that somebody has: another roll of the dice settles it. */
function worthRepeating(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false;
  return (
    error.code === '40001' || error.code === '40P01' || isStale(error) || TAKEN_ID.test(brokenConstraint(error) ?? '')
  );
}
