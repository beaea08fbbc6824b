/** CREATE, ALTER and DROP of users, roles, logins and schemas; GRANT, REVOKE, DENY; ALTER AUTHORIZATION. */
import { SqlError } from '../errors.ts';
import type { Interpreter } from '../interpreter.ts';
import { isSign, isWord, type Token } from '../lexer.ts';
import { rolesOf } from '../permissions.ts';
import { hashPassword } from '../principals.ts';
import { splitAt } from '../translate.ts';

/** An option behind WITH: `PASSWORD = '…'`, `DEFAULT_SCHEMA = dbo`. */
function option(tokens: readonly Token[], name: string): string | null {
  const at = tokens.findIndex((token, i) => isWord(token, name) && isSign(tokens[i + 1], '='));
  return at < 0 ? null : (tokens[at + 2]?.text ?? null);
}

function has(tokens: readonly Token[], ...names: string[]): boolean {
  return names.every((name, i) =>
    tokens.some((token, at) => isWord(token, name) && (i === 0 || isWord(tokens[at - 1], names[i - 1] ?? ''))),
  );
}

/** What a command of these works on: its name, whether it may be missing, and all of its words. */
interface Subject {
  readonly name: string;
  readonly ifExists: boolean;
  readonly tokens: readonly Token[];
}

const COMMANDS: Readonly<Record<string, (subject: Subject, run: Interpreter) => void>> = {
  'CREATE USER': ({ name, tokens }, run) => createUser(name, tokens, run),
  'ALTER USER': ({ name, tokens }, run) => alterUser(name, tokens, run),
  'DROP USER': ({ name, ifExists }, run) => dropPrincipal('user', name, ifExists, run),
  'DROP ROLE': ({ name, ifExists }, run) => dropPrincipal('role', name, ifExists, run),
  'CREATE ROLE': ({ name }, run) =>
    insertPrincipal(run, { name, type: 'R', login: null, password: null, schema: null }),
  'ALTER ROLE': ({ name, tokens }, run) => alterRole(name, tokens, run),
  'CREATE SCHEMA': ({ tokens }, run) => createSchema(tokens, run),
  'DROP SCHEMA': ({ name, ifExists }, run) => dropSchema(name, ifExists, run),
  'CREATE LOGIN': ({ name, tokens }, run) => createLogin(name, tokens, run),
  'ALTER LOGIN': ({ name, tokens }, run) => alterLogin(name, tokens, run),
  'DROP LOGIN': ({ name }, run) => {
    if (!run.context.session.instance.dropLogin(name)) throw cannot('drop the login', name);
  },
  'CREATE DATABASE': ({ name }, run) => {
    run.context.session.instance.createDatabase(name);
  },
  'ALTER DATABASE': () => {},
};

export function principalCommand(tokens: readonly Token[], run: Interpreter): void {
  demandOwner(run, tokens);
  const what = tokens
    .slice(0, 2)
    .map((token) => token.text.toUpperCase())
    .join(' ');
  const command = COMMANDS[what];
  if (command === undefined) throw new SqlError(50_000, `${what} is not known to this test server.`);
  const ifExists = isWord(tokens[2], 'IF');
  command({ name: tokens[ifExists ? 4 : 2]?.text ?? '', ifExists, tokens }, run);
}

function demandOwner(run: Interpreter, tokens: readonly Token[]): void {
  const { session } = run.context;
  if (session.principal.owner) return;
  const roles = rolesOf(session);
  if (roles.has('db_owner') || (isWord(tokens[1], 'USER') && roles.has('db_accessadmin'))) return;
  throw new SqlError(15247, 'User does not have permission to perform this action.');
}

function createUser(name: string, tokens: readonly Token[], run: Interpreter): void {
  const { instance } = run.context.session;
  const password = option(tokens, 'PASSWORD');
  const schema = option(tokens, 'DEFAULT_SCHEMA');
  const external = has(tokens, 'FROM', 'EXTERNAL');
  const at = tokens.findIndex((token) => isWord(token, 'LOGIN'));
  const login =
    at >= 0 ? (tokens[at + 1]?.text ?? name) : password === null && !has(tokens, 'WITHOUT') && !external ? name : null;
  if (login !== null && !instance.logins.some((one) => one.name.toLowerCase() === login.toLowerCase())) {
    throw new SqlError(15007, `'${login}' is not a valid login or you do not have permission.`);
  }
  if (password !== null) demandStrong(password);
  insertPrincipal(run, { name, type: external ? 'E' : 'S', login, password, schema });
}

/** Windows' rule, which SQL Server keeps: eight characters of three kinds. */
function demandStrong(password: string): void {
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^a-zA-Z0-9]/].filter((kind) => kind.test(password)).length;
  if (password.length >= 8 && kinds >= 3) return;
  throw new SqlError(
    15118,
    'Password validation failed. The password does not meet the operating system policy requirements because it is not complex enough.',
  );
}

interface NewPrincipal {
  readonly name: string;
  readonly type: 'S' | 'R' | 'E';
  readonly login: string | null;
  readonly password: string | null;
  readonly schema: string | null;
}

function insertPrincipal(run: Interpreter, { name, type, login, password, schema }: NewPrincipal): void {
  const { connection } = run.context.session;
  if (connection.prepare('SELECT 1 FROM main."sys.principals" WHERE name = ?').get(name) !== undefined) {
    throw new SqlError(15023, `User, group, or role '${name}' already exists in the current database.`);
  }
  const hashed = password === null ? null : hashPassword(password);
  connection
    .prepare(
      'INSERT INTO main."sys.principals" (id, name, type, login, salt, hash, default_schema, owner_id) VALUES ((SELECT max(id, 4) + 1 FROM (SELECT max(id) AS id FROM main."sys.principals" WHERE id < 16384)), ?, ?, ?, ?, ?, ?, 1)',
    )
    .run(name, type, login, hashed?.salt ?? null, hashed?.hash ?? null, schema ?? (type === 'R' ? null : 'dbo'));
}

function alterUser(name: string, tokens: readonly Token[], run: Interpreter): void {
  const { connection } = run.context.session;
  const id = demandId(run, name, 'user');
  const password = option(tokens, 'PASSWORD');
  if (password !== null) {
    demandStrong(password);
    const { salt, hash } = hashPassword(password);
    connection.prepare('UPDATE main."sys.principals" SET salt = ?, hash = ? WHERE id = ?').run(salt, hash, id);
  }
  const renamed = option(tokens, 'NAME');
  if (renamed !== null) connection.prepare('UPDATE main."sys.principals" SET name = ? WHERE id = ?').run(renamed, id);
  const schema = option(tokens, 'DEFAULT_SCHEMA');
  if (schema !== null)
    connection.prepare('UPDATE main."sys.principals" SET default_schema = ? WHERE id = ?').run(schema, id);
}

function dropPrincipal(kind: string, name: string, ifExists: boolean, run: Interpreter): void {
  const { connection } = run.context.session;
  const id = idOf(run, name);
  if (id === null) {
    if (ifExists) return;
    throw cannot(`drop the ${kind}`, name);
  }
  if (connection.prepare('SELECT 1 FROM main."sys.user_schemas" WHERE owner_id = ?').get(id) !== undefined) {
    throw new SqlError(15138, 'The database principal owns a schema in the database, and cannot be dropped.');
  }
  if (
    kind === 'role' &&
    connection.prepare('SELECT 1 FROM main."sys.members" WHERE role_id = ?').get(id) !== undefined
  ) {
    throw new SqlError(15144, 'The role has members. It must be empty before it can be dropped.');
  }
  for (const sql of [
    'DELETE FROM main."sys.members" WHERE member_id = ?',
    'DELETE FROM main."sys.permissions" WHERE grantee_id = ?',
    'DELETE FROM main."sys.properties" WHERE class = 4 AND major_id = ?',
    'DELETE FROM main."sys.principals" WHERE id = ?',
  ]) {
    connection.prepare(sql).run(id);
  }
}

/** ALTER ROLE db_datareader ADD MEMBER [alice]. */
function alterRole(name: string, tokens: readonly Token[], run: Interpreter): void {
  const { connection } = run.context.session;
  const role = demandId(run, name, 'role');
  const member = tokens[5]?.text ?? '';
  const id = idOf(run, member);
  if (id === null)
    throw new SqlError(15151, `Cannot alter the role '${name}', because member '${member}' does not exist.`);
  if (isWord(tokens[3], 'ADD'))
    connection.prepare('INSERT OR IGNORE INTO main."sys.members" VALUES (?, ?)').run(role, id);
  else connection.prepare('DELETE FROM main."sys.members" WHERE role_id = ? AND member_id = ?').run(role, id);
}

function createSchema(tokens: readonly Token[], run: Interpreter): void {
  const at = tokens.findIndex((token) => isWord(token, 'AUTHORIZATION'));
  const owner = at < 0 ? 1 : demandId(run, tokens[at + 1]?.text ?? '', 'user');
  const name = at === 2 ? (tokens[3]?.text ?? '') : (tokens[2]?.text ?? '');
  const { connection } = run.context.session;
  if (connection.prepare('SELECT 1 FROM main."sys.user_schemas" WHERE name = ?').get(name) !== undefined) {
    throw new SqlError(2714, `There is already an object named '${name}' in the database.`, { state: 6 });
  }
  connection
    .prepare(
      'INSERT INTO main."sys.user_schemas" (id, name, owner_id) VALUES ((SELECT max(id) + 1 FROM main."sys.user_schemas"), ?, ?)',
    )
    .run(name, owner);
}

function dropSchema(name: string, ifExists: boolean, run: Interpreter): void {
  const { changes } = run.context.session.connection
    .prepare('DELETE FROM main."sys.user_schemas" WHERE name = ? AND id > 4')
    .run(name);
  if (changes === 0 && !ifExists) throw cannot('drop the schema', name);
}

/** ALTER AUTHORIZATION ON SCHEMA::[x] TO [dbo]. */
export function authorization(tokens: readonly Token[], run: Interpreter): void {
  demandOwner(run, tokens);
  const to = tokens.findLastIndex((token) => isWord(token, 'TO'));
  const owner = demandId(run, tokens[to + 1]?.text ?? '', 'user');
  const what = tokens[3]?.text.toUpperCase();
  const name = tokens[to - 1]?.text ?? '';
  if (what !== 'SCHEMA') return;
  const { changes } = run.context.session.connection
    .prepare('UPDATE main."sys.user_schemas" SET owner_id = ? WHERE name = ?')
    .run(owner, name);
  if (changes === 0) throw cannot('find the schema', name);
}

/** GRANT SELECT, INSERT ON SCHEMA::dbo TO [a], [b]. */
export function grant(tokens: readonly Token[], run: Interpreter): void {
  demandOwner(run, tokens);
  const state = tokens[0]?.text.toUpperCase() ?? '';
  const on = tokens.findIndex((token) => isWord(token, 'ON'));
  const to = tokens.findLastIndex((token) => isWord(token, 'TO', 'FROM'));
  const option = has(tokens, 'GRANT', 'OPTION', 'FOR') ? 4 : 1;
  const names = splitAt(tokens.slice(option, on >= 0 ? on : to), ',').map((part) =>
    part.map((token) => token.text.toUpperCase()).join(' '),
  );
  const { securable, columns } = securableOf(on < 0 ? [] : tokens.slice(on + 1, to));
  const kind = on < 0 ? 0 : isWord(securable[0], 'SCHEMA') ? 3 : isWord(securable[0], 'DATABASE') ? 0 : 1;
  const major = kind === 0 ? '' : kind === 1 ? objectNamed(securable) : (securable.at(-1)?.text ?? '');
  for (const part of splitAt(tokens.slice(to + 1), ',')) {
    const id = demandId(run, part[0]?.text ?? '', 'user');
    for (const name of names) {
      for (const minor of columns) setPermission(run, id, state, { name, kind, major, minor });
    }
  }
}

/** `OBJECT::[s].[t] ([a], [b])`: what it is, and its columns; one empty name for the whole. */
function securableOf(tokens: readonly Token[]): { securable: readonly Token[]; columns: readonly string[] } {
  const open = tokens.findIndex((token) => isSign(token, '('));
  if (open < 0) return { securable: tokens, columns: [''] };
  const columns = splitAt(tokens.slice(open + 1, -1), ',').map((part) => part[0]?.text ?? '');
  return { securable: tokens.slice(0, open), columns };
}

/** As it is called beneath: tables outside of dbo are `schema.table`. */
function objectNamed(securable: readonly Token[]): string {
  const name = securable.at(-1)?.text ?? '';
  const schema = isSign(securable.at(-2), '.') ? (securable.at(-3)?.text ?? 'dbo') : 'dbo';
  return schema.toLowerCase() === 'dbo' ? name : `${schema}.${name}`;
}

interface Permission {
  readonly name: string;
  readonly kind: number;
  readonly major: string;
  /** A column; empty: the whole. */
  readonly minor: string;
}

function setPermission(run: Interpreter, id: number, state: string, { name, kind, major, minor }: Permission): void {
  const { connection } = run.context.session;
  if (name === 'CONNECT')
    connection.prepare('UPDATE main."sys.principals" SET connects = ? WHERE id = ?').run(state === 'GRANT' ? 1 : 0, id);
  connection
    .prepare(
      `DELETE FROM main."sys.permissions"
       WHERE grantee_id = ? AND permission = ? AND class = ? AND major = ? AND (minor = ? OR ? = '')`,
    )
    .run(id, name, kind, major, minor, minor);
  if (state === 'REVOKE') return;
  connection
    .prepare(
      'INSERT INTO main."sys.permissions" (grantee_id, state, permission, class, major, minor) VALUES (?, ?, ?, ?, ?, ?)',
    )
    .run(id, state, name, kind, major, minor);
}

function createLogin(name: string, tokens: readonly Token[], run: Interpreter): void {
  const { instance } = run.context.session;
  const password = option(tokens, 'PASSWORD');
  if (password === null) throw new SqlError(102, "Incorrect syntax near 'LOGIN'.", { severity: 15 });
  demandStrong(password);
  if (instance.logins.some((login) => login.name.toLowerCase() === name.toLowerCase())) {
    throw new SqlError(15025, `The server principal '${name}' already exists.`);
  }
  const sid = option(tokens, 'SID');
  instance.addLogin({ name, password, ...(sid === null ? {} : { sid }) });
}

function alterLogin(name: string, tokens: readonly Token[], run: Interpreter): void {
  const { instance } = run.context.session;
  if (!instance.logins.some((login) => login.name.toLowerCase() === name.toLowerCase()))
    throw cannot('alter the login', name);
  const password = option(tokens, 'PASSWORD');
  if (password === null) return;
  demandStrong(password);
  instance.dropLogin(name);
  instance.addLogin({ name, password });
}

function idOf(run: Interpreter, name: string): number | null {
  const row = run.context.session.connection.prepare('SELECT id FROM main."sys.principals" WHERE name = ?').get(name);
  return row === undefined ? null : Number(row.id);
}

function demandId(run: Interpreter, name: string, kind: string): number {
  const id = idOf(run, name);
  if (id === null) throw cannot(`find the ${kind}`, name);
  return id;
}

function cannot(what: string, name: string): SqlError {
  return new SqlError(15151, `Cannot ${what} '${name}', because it does not exist or you do not have permission.`);
}
