/** What each kind of role holds on each of the resource's databases, and what that takes from what is there. */
import type { Level } from '@tidegate/core';
import { escaped, granted, quoteIdent } from './quote.ts';
import type { Server } from './server.ts';

const READ = ['SELECT', 'SHOW VIEW'];
const WRITE = [...READ, 'INSERT', 'UPDATE', 'DELETE', 'EXECUTE'];
/** All that there is on a database, without GRANT OPTION: nobody passes on what they were given for a while. */
const OWN = [
  ...WRITE,
  'CREATE',
  'DROP',
  'REFERENCES',
  'INDEX',
  'ALTER',
  'CREATE TEMPORARY TABLES',
  'LOCK TABLES',
  'CREATE VIEW',
  'CREATE ROUTINE',
  'ALTER ROUTINE',
  'EVENT',
  'TRIGGER',
];
/** System-versioned tables are MariaDB's. */
const OWN_MARIADB = [...OWN, 'DELETE HISTORY'];

export function privilegesOf(kind: Level, { flavour }: Pick<Server, 'flavour'>): readonly string[] {
  return { read: READ, write: WRITE, own: flavour === 'mariadb' ? OWN_MARIADB : OWN }[kind];
}

/** Whoever holds none of these can be the definer of nothing. */
export const MAKES_DEFINERS: ReadonlySet<string> = new Set(['CREATE VIEW', 'CREATE ROUTINE', 'EVENT', 'TRIGGER']);

/** A privilege that an account holds in its own name; `database` as GRANT stores it, null: everywhere. */
export interface Held {
  readonly database: string | null;
  readonly privilege: string;
  readonly grantable: boolean;
}

export interface GrantChanges {
  /** REVOKE what somebody gave it beyond its role: an administrator that lacks it itself can't. */
  readonly takes: readonly string[];
  /** GRANT what is missing. */
  readonly gives: readonly string[];
}

/** What is missing between what it holds and what it should; both empty: nothing. */
export function grantChanges(
  grantee: string,
  databases: readonly string[],
  wanted: readonly string[],
  held: readonly Held[],
  { lowerCaseNames }: Pick<Server, 'lowerCaseNames'>,
): GrantChanges {
  const same = (name: string) => (lowerCaseNames ? name.toLowerCase() : name);
  const here = new Map(databases.map((database) => [same(escaped(database)), database]));
  const isWanted = ({ database, privilege }: Held) =>
    database !== null && here.has(same(database)) && wanted.includes(privilege);
  const missing = databases.flatMap((database) => {
    const own = held.filter((each) => each.database !== null && same(each.database) === same(escaped(database)));
    const lacks = wanted.filter((privilege) => !own.some((each) => each.privilege === privilege));
    return lacks.length === 0 ? [] : [`GRANT ${lacks.join(', ')} ON ${granted(database)} TO ${grantee}`];
  });
  return { takes: takenBack(grantee, held, isWanted), gives: missing };
}

/** GRANT OPTION belongs to the place, not to one privilege there: it is taken alone, and the rest stays. */
function takenBack(grantee: string, held: readonly Held[], isWanted: (each: Held) => boolean): string[] {
  const places = Map.groupBy(held, ({ database }) => database);
  return [...places].flatMap(([database, rows]) => {
    const privileges = rows.filter((each) => !isWanted(each)).map(({ privilege }) => privilege);
    const option = rows.some(({ grantable }) => grantable) ? ['GRANT OPTION'] : [];
    const all = [...privileges, ...option];
    // As it is stored, which may be a pattern.
    const where = database === null ? '*.*' : `${quoteIdent(database)}.*`;
    return all.length === 0 ? [] : [`REVOKE ${all.join(', ')} ON ${where} FROM ${grantee}`];
  });
}
