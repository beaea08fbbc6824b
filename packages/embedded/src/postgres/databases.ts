import { Client, escapeIdentifier } from 'pg';
import type { ClusterConnection } from '../types.ts';

/** Makes the databases that are not there yet. */
export async function ensureDatabases(connection: ClusterConnection, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  const client = new Client({ ...connection, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    const { rows } = await client.query<{ datname: string }>('SELECT datname FROM pg_database');
    const there = new Set(rows.map((row) => row.datname));
    for (const name of names) {
      if (!there.has(name)) await client.query(`CREATE DATABASE ${escapeIdentifier(name)}`);
    }
  } finally {
    await client.end();
  }
}
