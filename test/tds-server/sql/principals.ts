/** The users, roles and schemas of one database, kept in the database itself, so that transactions hold for them too. */
import { pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';

/** Who a session is. */
export interface Principal {
  /** Of the user in the database. */
  readonly name: string;
  /** What it logged in as. */
  readonly login: string;
  /** May do everything: the server's administrator. */
  readonly owner: boolean;
}

export const FIXED_ROLES = [
  'db_owner',
  'db_accessadmin',
  'db_securityadmin',
  'db_ddladmin',
  'db_backupoperator',
  'db_datareader',
  'db_datawriter',
  'db_denydatareader',
  'db_denydatawriter',
];

/** Types as `sys.database_principals` has them: S SQL user, R role, E external user. */
export function createPrincipalTables(connection: DatabaseSync): void {
  connection.exec(`
    CREATE TABLE "sys.principals" (
      id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE, type TEXT NOT NULL, login TEXT,
      salt BLOB, hash BLOB, default_schema TEXT, owner_id INTEGER, is_fixed_role INTEGER NOT NULL DEFAULT 0,
      created TEXT NOT NULL DEFAULT (datetime('now')), connects INTEGER NOT NULL DEFAULT 1, sid BLOB DEFAULT (randomblob(16)));
    CREATE TABLE "sys.members" (role_id INTEGER NOT NULL, member_id INTEGER NOT NULL, PRIMARY KEY (role_id, member_id));
    CREATE TABLE "sys.user_schemas" (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE, owner_id INTEGER NOT NULL);
    CREATE TABLE "sys.permissions" (
      grantee_id INTEGER NOT NULL, state TEXT NOT NULL, permission TEXT NOT NULL, class INTEGER NOT NULL,
      major TEXT NOT NULL, minor TEXT NOT NULL DEFAULT '', grantor_id INTEGER NOT NULL DEFAULT 1,
      PRIMARY KEY (grantee_id, permission, class, major, minor));
    CREATE TABLE "sys.properties" (
      class INTEGER NOT NULL, major_id INTEGER NOT NULL, name TEXT NOT NULL, value TEXT, PRIMARY KEY (class, major_id, name));
    CREATE TABLE "sys.modules" (name TEXT PRIMARY KEY COLLATE NOCASE, definition TEXT NOT NULL, owner_id INTEGER);
    INSERT INTO "sys.principals" (id, name, type, login) VALUES (1, 'dbo', 'S', 'sa'), (2, 'guest', 'S', NULL);
    INSERT INTO "sys.principals" (id, name, type, owner_id, is_fixed_role) VALUES (0, 'public', 'R', 1, 0);
    INSERT INTO "sys.user_schemas" VALUES (1, 'dbo', 1), (2, 'guest', 2), (3, 'INFORMATION_SCHEMA', 3), (4, 'sys', 4);
  `);
  const role = connection.prepare(
    `INSERT INTO "sys.principals" (id, name, type, owner_id, is_fixed_role) VALUES (?, ?, 'R', 1, 1)`,
  );
  for (const [index, name] of FIXED_ROLES.entries()) role.run(16_384 + index, name);
}

export interface PasswordHash {
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
}

export function hashPassword(password: string, salt: Uint8Array = randomBytes(16)): PasswordHash {
  return { salt, hash: pbkdf2Sync(password, salt, 1000, 32, 'sha256') };
}

/** Reads them outside of any session, for logins. */
export class Principals {
  readonly #connection: DatabaseSync;

  constructor(connection: DatabaseSync) {
    this.#connection = connection;
  }

  /** The user with a password of its own, if that is the password and it may connect. */
  contained(name: string, password: string): Principal | null {
    const row = this.#connection
      .prepare('SELECT name, salt, hash FROM "sys.principals" WHERE name = ? AND hash IS NOT NULL AND connects = 1')
      .get(name);
    if (!(row?.salt instanceof Uint8Array && row.hash instanceof Uint8Array)) return null;
    if (!timingSafeEqual(hashPassword(password, row.salt).hash, row.hash)) return null;
    return { name: String(row.name), login: String(row.name), owner: false };
  }

  ofLogin(login: string): Principal | null {
    const row = this.#connection
      .prepare('SELECT name FROM "sys.principals" WHERE login = ? COLLATE NOCASE AND id > 2 AND connects = 1')
      .get(login);
    return row === undefined ? null : { name: String(row.name), login, owner: false };
  }

  external(name: string): Principal | null {
    const row = this.#connection
      .prepare(`SELECT name FROM "sys.principals" WHERE name = ? AND type IN ('E', 'X')`)
      .get(name);
    return row === undefined ? null : { name: String(row.name), login: name, owner: false };
  }
}
