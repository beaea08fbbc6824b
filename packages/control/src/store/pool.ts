/** Connections to the store: their limits, and the settings `store/values.ts` relies on. */
import pg from 'pg';
import { types } from './values.ts';

/** How long a request waits for a connection before it is answered 503. */
const CONNECT_TIMEOUT_MS = 5_000;

/** What every connection to the store is opened with. */
export const connectionOptions = (url: string): pg.ClientConfig => ({
  connectionString: url,
  application_name: 'tidegate',
  // Dates are read by `values.ts`, which counts on this notation; the rest of the world may have its own defaults.
  options: '-c TimeZone=UTC -c IntervalStyle=iso_8601 -c DateStyle=ISO',
  types,
  connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  keepAlive: true,
  // What is asked is sent without waiting for the answers to what was asked before (prepared.ts).
  pipeline: true,
});

/** No query of ours takes this long unless something is stuck: better a 503 than a pile of waiting requests. */
const LIMITS = {
  statement_timeout: 30_000,
  lock_timeout: 10_000,
  idle_in_transaction_session_timeout: 30_000,
};

/** `onTrouble` hears of idle connections that broke; the pool replaces them by itself. */
export function createPool(url: string, max: number, onTrouble: (error: Error) => void): pg.Pool {
  const pool = new pg.Pool({ ...connectionOptions(url), ...LIMITS, max });
  // Without a listener a connection that breaks while idle would end the process.
  pool.on('error', onTrouble);
  // The same of one that breaks while it is out, between two queries of a transaction: its next query tells.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
