/**
 * One connection that listens for NOTIFY. It comes back by itself when it breaks; because what was announced in between
 * is lost, every listener is then told `null`: anything may have changed, read it all again.
 */
import pg from 'pg';
import { connectionOptions } from './pool.ts';

/** `payload` is what was announced; null: the connection is new, anything may have changed. */
export type Hears = (payload: string | null) => void;

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 3_000;
/** A peer that vanished without a word is noticed by a query that gets no answer. */
const PROBE_EVERY_MS = 10_000;
const PROBE_TIMEOUT_MS = 5_000;

export interface Listener {
  /** Hears `channel` until the returned function is called. */
  listen(channel: string, hears: Hears): () => void;
  close(): Promise<void>;
}

export function createListener(url: string, onTrouble: (error: Error) => void): Listener {
  const channels = new Map<string, Set<Hears>>();
  let client: pg.Client | null = null;
  let timer: NodeJS.Timeout | undefined;
  let probe: NodeJS.Timeout | undefined;
  let retryMs = FIRST_RETRY_MS;
  let closed = false;

  const tell = (hearers: Iterable<Hears>, payload: string | null): void => {
    // Of those there are now: one may stop listening, and another begin, while it is told.
    for (const hears of Array.from(hearers)) hears(payload);
  };

  const connect = async (): Promise<void> => {
    const fresh = new pg.Client({ ...connectionOptions(url), query_timeout: PROBE_TIMEOUT_MS });
    let lost = false;
    const lose = (error: Error): void => {
      if (lost) return;
      lost = true;
      if (client === fresh) client = null;
      clearInterval(probe);
      fresh.end().catch(() => undefined); // Already broken: there is nothing left to end politely.
      if (closed) return;
      onTrouble(error);
      timer = setTimeout(() => void connect(), retryMs);
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    };
    fresh.on('error', lose);
    fresh.on('end', () => lose(new Error('The store closed the connection that listens.')));
    fresh.on('notification', ({ channel, payload }) => tell(channels.get(channel) ?? [], payload ?? ''));
    try {
      await fresh.connect();
      for (const channel of channels.keys()) await fresh.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
    } catch (error) {
      lose(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (closed) {
      await fresh.end();
      return;
    }
    client = fresh;
    retryMs = FIRST_RETRY_MS;
    probe = setInterval(() => void fresh.query('SELECT 1').catch(lose), PROBE_EVERY_MS);
    // A channel may have been added while the LISTENs above were on their way; LISTEN twice does no harm.
    for (const channel of channels.keys()) fresh.query(`LISTEN ${pg.escapeIdentifier(channel)}`).catch(lose);
    for (const hearers of channels.values()) tell(hearers, null);
  };
  timer = setTimeout(() => void connect(), 0);

  return {
    listen(channel, hears) {
      const hearers = channels.get(channel) ?? new Set();
      const isNew = hearers.size === 0;
      hearers.add(hears);
      channels.set(channel, hearers);
      // What was announced before LISTEN took hold was missed: as with a new connection, all must be read.
      if (isNew) {
        client?.query(`LISTEN ${pg.escapeIdentifier(channel)}`).then(() => tell(hearers, null), onTrouble);
      }
      return () => hearers.delete(hears);
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      clearInterval(probe);
      await client?.end();
    },
  };
}
