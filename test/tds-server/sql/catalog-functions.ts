/** Functions that look names up in the catalog, and what a session may. */
import type { DatabaseSync } from 'node:sqlite';
import type { SqlValue } from '../types/types.ts';
import { rolesOf } from './permissions.ts';
import type { Session } from './session.ts';

type Define = (name: string, run: (...args: SqlValue[]) => SqlValue) => void;

export function defineCatalogFunctions(connection: DatabaseSync, session: Session, define: Define): void {
  const one = (sql: string, ...values: SqlValue[]): SqlValue => {
    const statement = connection.prepare(sql);
    statement.setReadBigInts(true);
    statement.setReturnArrays(true);
    const row: unknown = statement.get(...values);
    return Array.isArray(row) ? row[0] : null;
  };
  const plain = (name: SqlValue = null): SqlValue =>
    name === null
      ? null
      : String(name)
          .replace(/^\[?dbo\]?\./i, '')
          .replace(/^\[|\]$/g, '');
  define('database_principal_id', (name = session.principal.name) =>
    one('SELECT id FROM main."sys.principals" WHERE name = ?', name),
  );
  define('schema_id', (name = 'dbo') => one('SELECT id FROM main."sys.user_schemas" WHERE name = ?', name));
  define('schema_name', (id = 1n) => one('SELECT name FROM main."sys.user_schemas" WHERE id = ?', id));
  define('object_id', (name) =>
    one('SELECT object_id FROM temp."sys.objects" WHERE name = ? COLLATE NOCASE', plain(name)),
  );
  define('object_name', (id = null) => one('SELECT name FROM temp."sys.objects" WHERE object_id = ?', id));
  define('object_schema_name', (id = null) =>
    one(
      'SELECT s.name FROM temp."sys.objects" o JOIN main."sys.user_schemas" s ON s.id = o.schema_id WHERE o.object_id = ?',
      id,
    ),
  );
  define('col_name', (id = null, column = null) =>
    one('SELECT name FROM temp."sys.columns" WHERE object_id = ? AND column_id = ?', id, column),
  );
  define('is_rolemember', (role, user) => {
    const { principal } = session;
    if (user === undefined && principal.owner) return 1n;
    return rolesOf(session, user === undefined ? principal.name : String(user)).has(String(role)) ? 1n : 0n;
  });
  define('has_perms_by_name', () => (session.principal.owner || rolesOf(session).has('db_owner') ? 1n : 0n));
}
