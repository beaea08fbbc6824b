/** Brings the tables up to date when a control plane starts. */
import { Kysely, PostgresDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import pg from 'pg';
import { migrations } from './migrations/index.ts';
import { connectionOptions } from './pool.ts';

/**
 * Runs what has not run yet, all in one transaction, under an advisory lock: of several control planes that start
 * together one does it and the others wait. Throws what the database said; the tables are then as they were.
 */
export async function migrate(url: string, onTrouble: (error: Error) => void): Promise<void> {
  // A pool of its own: migrations may take long, and none of the usual limits may cut them short.
  const pool = new pg.Pool({ ...connectionOptions(url), max: 2 });
  pool.on('error', onTrouble);
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    const migrator = new Migrator({
      db,
      provider: { getMigrations: async () => ({ ...migrations }) },
      migrationTableName: 'tidegate_migrations',
      migrationLockTableName: 'tidegate_migrations_lock',
    });
    const { error } = await migrator.migrateToLatest();
    if (error !== undefined) throw error;
  } finally {
    await db.destroy();
  }
}
