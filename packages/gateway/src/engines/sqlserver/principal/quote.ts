/** The one place where text becomes part of a T-SQL statement. */

/** `sysname`: UTF-16 units. */
export const NAME_MAX = 128;

function checked(text: string): string {
  if (text.includes('\0')) throw new RangeError('a NUL cannot stand in SQL text');
  if (!text.isWellFormed()) throw new RangeError('a lone surrogate cannot be written as UTF-16');
  return text;
}

/**
 * An identifier in brackets, by the rules of QUOTENAME: whatever QUOTED_IDENTIFIER says, only `]` ends it. Throws
 * RangeError on what SQL Server cannot have as a name.
 */
export function quoteName(name: string): string {
  if (name === '' || name.length > NAME_MAX) throw new RangeError(`a name must be 1 to ${NAME_MAX} characters`);
  return `[${checked(name).replaceAll(']', ']]')}]`;
}

/**
 * A Unicode literal. Throws RangeError on a backslash before a line end: T-SQL would take both away unseen, and where
 * these literals stand it allows no expression that would keep them.
 */
export function quoteText(text: string): string {
  if (/\\\r?\n/.test(text)) throw new RangeError('a backslash before a line end cannot stand in a T-SQL literal');
  return `N'${checked(text).replaceAll("'", "''")}'`;
}
