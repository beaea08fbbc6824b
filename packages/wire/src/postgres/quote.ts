/** The one place where PostgreSQL's SQL text is quoted. Whatever text goes into a statement goes through here. */

function checked(text: string): string {
  // PostgreSQL's text ends at a NUL, so what follows it would be cut off unseen.
  if (text.includes('\0')) throw new RangeError('a NUL cannot stand in SQL text');
  if (!text.isWellFormed()) throw new RangeError('a lone surrogate cannot be written as UTF-8');
  return text;
}

/**
 * An identifier, always in double quotes: case, dots, spaces and quotes stay as they are. Names longer than 63 bytes are
 * cut by PostgreSQL without an error: the caller sees to that. Throws RangeError on a NUL or an empty name.
 */
export function quoteIdent(name: string): string {
  if (name === '') throw new RangeError('an identifier cannot be empty');
  return `"${checked(name).replaceAll('"', '""')}"`;
}

/**
 * A text literal. With a backslash it becomes an E'' literal, where backslashes are doubled: right whatever
 * `standard_conforming_strings` says. Throws RangeError on a NUL.
 */
export function quoteLiteral(text: string): string {
  const quoted = checked(text).replaceAll("'", "''");
  return quoted.includes('\\') ? ` E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`;
}
