/** What a user may do, by its roles: enough to tell a reader from an editor from an owner. */
import { SqlError } from './errors.ts';
import { isSign, isWord, type Token } from './lexer.ts';
import type { Session } from './session.ts';

const ROLES_FOR: Readonly<Record<string, readonly string[]>> = {
  SELECT: ['db_datareader'],
  INSERT: ['db_datawriter'],
  UPDATE: ['db_datawriter'],
  DELETE: ['db_datawriter'],
  TRUNCATE: ['db_ddladmin'],
  CREATE: ['db_ddladmin'],
  ALTER: ['db_ddladmin'],
  DROP: ['db_ddladmin'],
};

/** The names of a user's roles, through other roles too; the session's own user's, unless another is named. */
export function rolesOf(session: Session, user = session.principal.name): ReadonlySet<string> {
  const rows = session.connection
    .prepare(
      `WITH RECURSIVE held(id) AS (
         SELECT id FROM main."sys.principals" WHERE name = ?
         UNION SELECT m.role_id FROM main."sys.members" m JOIN held ON m.member_id = held.id)
       SELECT p.name FROM main."sys.principals" p JOIN held ON p.id = held.id`,
    )
    .all(user);
  return new Set(rows.map((row) => String(row.name)));
}

/** Throws SqlError 229 or 262. */
export function demandPermission(session: Session, tokens: readonly Token[]): void {
  if (session.principal.owner) return;
  const verb = mainVerb(tokens);
  const needed = ROLES_FOR[verb];
  if (needed === undefined || readsOnlyCatalog(verb, tokens) || isTemporary(tokens)) return;
  const roles = rolesOf(session);
  if (roles.has('db_owner') || needed.some((role) => roles.has(role)) || granted(session, roles, verb, tokens)) return;
  const database = session.database.name;
  if (['CREATE', 'ALTER', 'DROP', 'TRUNCATE'].includes(verb)) {
    const what = tokens[1]?.text.toUpperCase() ?? '';
    throw new SqlError(262, `${verb} ${what} permission denied in database '${database}'.`, { severity: 14 });
  }
  const object = objectOf(tokens);
  throw new SqlError(
    229,
    `The ${verb} permission was denied on the object '${object}', database '${database}', schema 'dbo'.`,
    { severity: 14, state: 5 },
  );
}

function mainVerb(tokens: readonly Token[]): string {
  if (!isWord(tokens[0], 'WITH')) return tokens[0]?.text.toUpperCase() ?? '';
  const changes = tokens.find((token) => isWord(token, 'INSERT', 'UPDATE', 'DELETE'));
  return changes?.text.toUpperCase() ?? 'SELECT';
}

/** GRANT … TO the user or one of its roles: on the database, or on all that the statement names. */
function granted(session: Session, roles: ReadonlySet<string>, verb: string, tokens: readonly Token[]): boolean {
  const rows = session.connection
    .prepare(
      `SELECT p.name, x.permission, x.state, x.class, x.major, x.minor
       FROM main."sys.permissions" x JOIN main."sys.principals" p ON p.id = x.grantee_id WHERE x.permission IN (?, 'CONTROL')`,
    )
    .all(verb)
    .map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, String(value).toLowerCase()])));
  const fitting = rows.filter(({ name = '' }) => [...roles].some((role) => role.toLowerCase() === name));
  if (fitting.some(({ state }) => state === 'deny')) return false;
  const objects = objectsIn(tokens);
  const holds = ({ schema, name }: Named): boolean =>
    fitting.some((row) => {
      if (row.class === '0') return true;
      if (row.class === '3') return row.major === schema;
      if (row.major !== (schema === 'dbo' ? name : `${schema}.${name}`)) return false;
      return (
        row.minor === '' ||
        onlyColumns(
          tokens,
          verb,
          fitting.filter((each) => each.major === row.major),
        )
      );
    });
  return objects.length > 0 && objects.every(holds);
}

interface Named {
  readonly schema: string;
  readonly name: string;
}

/** Tables and views behind FROM, JOIN, INTO and UPDATE, in small letters. */
function objectsIn(tokens: readonly Token[]): Named[] {
  return tokens.flatMap((token, at) => {
    if (!isWord(token, 'FROM', 'JOIN', 'INTO', 'UPDATE') || isSign(tokens[at + 1], '(')) return [];
    const dotted = isSign(tokens[at + 2], '.');
    const schema = dotted ? (tokens[at + 1]?.text ?? '') : 'dbo';
    const name = tokens[dotted ? at + 3 : at + 1]?.text ?? '';
    return [{ schema: schema.toLowerCase(), name: name.toLowerCase() }];
  });
}

/** Does a SELECT's list, or an UPDATE's SET, name no other columns than those that were granted? */
function onlyColumns(tokens: readonly Token[], verb: string, rows: readonly Record<string, string>[]): boolean {
  const from = tokens.findIndex((token) => (verb === 'UPDATE' ? isWord(token, 'SET') : isWord(token, 'SELECT')));
  const end = tokens.findIndex((token, at) => at > from && isWord(token, 'FROM', 'WHERE'));
  const listed = tokens.slice(from + 1, end < 0 ? tokens.length : end);
  if (listed.some((token) => isSign(token, '*'))) return false;
  const named = listed.filter(({ kind }, at) => (verb === 'UPDATE' ? isSign(listed[at + 1], '=') : kind !== 'sign'));
  return named.every(({ text }) => rows.some(({ minor }) => minor === text.toLowerCase()));
}

/** Reading constants, variables and system views needs no permission. */
function readsOnlyCatalog(verb: string, tokens: readonly Token[]): boolean {
  if (verb !== 'SELECT') return false;
  return (
    tokens.every((token, at) => {
      if (!isWord(token, 'FROM', 'JOIN')) return true;
      const next = tokens[at + 1];
      return isWord(next, 'SYS', 'INFORMATION_SCHEMA') || next?.text.toLowerCase() === 'sys' || isSign(next, '(');
    }) && !tokens.some((token, at) => isSign(token, ',') && tokens[at - 1]?.text === 'FROM')
  );
}

function isTemporary(tokens: readonly Token[]): boolean {
  return tokens.slice(0, 4).some((token) => token.text.startsWith('#'));
}

function objectOf(tokens: readonly Token[]): string {
  const at = tokens.findIndex((token) => isWord(token, 'FROM', 'INTO', 'UPDATE'));
  let end = at + 1;
  while (isSign(tokens[end + 1], '.')) end += 2;
  return tokens[end]?.text ?? '';
}
