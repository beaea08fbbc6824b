import { readFile } from 'node:fs/promises';
import { type Client, escapeIdentifier, escapeLiteral } from 'pg';

/** The administrator that Tidegate is given on the sample server (sql/1-roles.sql). */
export const ADMIN = 'tidegate_admin';

/** On the database, which its users cannot change: tables they may drop would not do as a sign. */
const LOADED = 'The sample shop of Tidegate';

const sql = (name: string) => readFile(new URL(`../sql/${name}.sql`, import.meta.url), 'utf8');

export async function isLoaded(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ comment: string | null }>(
    "SELECT shobj_description(oid, 'pg_database') AS comment FROM pg_database WHERE datname = current_database()",
  );
  return rows[0]?.comment === LOADED;
}

/** Makes roles, tables and rows, all or nothing. About 450,000 rows in 2 to 3 s. */
export async function load(client: Client): Promise<void> {
  const [roles, schema, rows, keys] = await Promise.all(['1-roles', '2-schema', '3-rows', '4-keys'].map(sql));
  await client.query('BEGIN');
  try {
    await client.query(`SET LOCAL maintenance_work_mem = '128MB'; SET LOCAL work_mem = '64MB'; ${roles}`);
    await client.query(`SET LOCAL ROLE orders_app; ${schema}; ${rows}; ${keys}; RESET ROLE`);
    await client.query(`COMMENT ON DATABASE orders IS ${escapeLiteral(LOADED)}`);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  }
}

export async function setAdminPassword(client: Client, password: string): Promise<void> {
  await client.query(`ALTER ROLE ${escapeIdentifier(ADMIN)} PASSWORD ${escapeLiteral(password)}`);
}
