/** What completion knows of a database: the tables and columns this session's principal can see, asked of itself. */
import type { QuerySchema } from '@tidegate/contract';
import type { Engine } from '@tidegate/core';
import type { Driver } from './driver.ts';

/** Columns that are told at most. */
const COLUMNS = 5_000;

const columnsOf = (system: readonly string[], top = '', limit = ` LIMIT ${COLUMNS + 1}`): string =>
  `SELECT ${top}table_schema, table_name, column_name, data_type FROM information_schema.columns ` +
  `WHERE table_schema NOT IN (${system.map((name) => `'${name}'`).join(', ')}) ` +
  `ORDER BY table_schema, table_name, ordinal_position${limit}`;

const ASKED: Readonly<Record<Engine, string>> = {
  postgres: columnsOf(['pg_catalog', 'information_schema']),
  mysql: columnsOf(['information_schema', 'mysql', 'performance_schema', 'sys']),
  // In capitals, for databases whose collation tells them apart.
  sqlserver: columnsOf(['sys', 'INFORMATION_SCHEMA'], `TOP (${COLUMNS + 1}) `, '').replace(
    /information_schema\.columns|table_schema|table_name|column_name|data_type|ordinal_position/g,
    (name) => name.toUpperCase(),
  ),
};

/** One statement like any other: as the same principal, and on record. */
export async function readSchema(driver: Driver, engine: Engine): Promise<QuerySchema> {
  const rows: (readonly (string | null)[])[] = [];
  await driver.run(ASKED[engine], {
    columns: () => undefined,
    row(values) {
      rows.push(values);
      return true;
    },
    result: () => undefined,
    notice: () => undefined,
  });
  const tables = new Map<string, QuerySchema['tables'][number]>();
  for (const [schema, name, column, type] of rows.slice(0, COLUMNS)) {
    if (!schema || !name || !column) continue;
    const key = JSON.stringify([schema, name]);
    const table = tables.get(key) ?? { schema, name, columns: [] };
    table.columns.push({ name: column, type: type ?? '' });
    tables.set(key, table);
  }
  return { tables: [...tables.values()], truncated: rows.length > COLUMNS };
}
