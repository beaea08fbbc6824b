/** The one place where text becomes part of a statement for MySQL or MariaDB. Values go by prepared statements. */

/** MySQL's limits, in characters; MariaDB's are wider. */
export const USER_MAX = 32;
export const NAME_MAX = 64;

function checked(text: string): string {
  if (text.includes('\0')) throw new RangeError('a NUL cannot stand in SQL text');
  if (!text.isWellFormed()) throw new RangeError('a lone surrogate cannot be written as UTF-8');
  return text;
}

/** An identifier in backticks: whatever `sql_mode` says, only a backtick ends it. Throws RangeError on an empty name. */
export function quoteIdent(name: string): string {
  if (name === '') throw new RangeError('an identifier cannot be empty');
  return `\`${checked(name).replaceAll('`', '``')}\``;
}

/** An account. Its parts are quoted as identifiers, which need no rule for backslashes. */
export const account = (user: string, host = '%'): string => `${quoteIdent(user)}@${quoteIdent(host)}`;

/**
 * A database in GRANT and REVOKE, where `_` and `%` are wildcards unless escaped: without this a grant on `my_shop` would
 * hold for `my1shop` too.
 */
export const granted = (database: string): string => `${quoteIdent(escaped(database))}.*`;

/** The database as GRANT stores it. */
export const escaped = (database: string): string => database.replaceAll(/[\\_%]/g, (special) => `\\${special}`);

/**
 * A text literal. Throws RangeError on a backslash, which means one thing or another by `sql_mode`: what is written here
 * (times, hashes, names of collations) has none.
 */
export function quoteText(text: string): string {
  if (text.includes('\\')) throw new RangeError('a backslash cannot stand in this literal');
  return `'${checked(text).replaceAll("'", "''")}'`;
}
