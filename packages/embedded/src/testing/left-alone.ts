import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Cluster } from '../types.ts';

const WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 20;

/**
 * Resolves when nobody is connected any more. A pool says that it has ended before its connections are gone; whoever
 * stops the server then has it tell them so, and nobody listens: an error that ends the process.
 */
export async function leftAlone(cluster: Cluster): Promise<void> {
  const client = new pg.Client(cluster.connection('postgres'));
  await client.connect();
  try {
    const until = Date.now() + WITHIN_MS;
    while ((await others(client)) > 0) {
      if (Date.now() > until) throw new Error('Somebody is still connected to the cluster that is to be copied.');
      await delay(LOOK_EVERY_MS);
    }
  } finally {
    await client.end();
  }
}

async function others(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    "SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
  );
  return rows[0]?.count ?? 0;
}
