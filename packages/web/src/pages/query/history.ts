/** What was run, for this tab alone: SQL may hold what nobody else at this machine should find. */
const MOST = 50;

export interface Past {
  readonly sql: string;
  /** RFC 3339; also what tells two apart. */
  readonly at: string;
}

const keyOf = (resource: string): string => `tidegate.query.${resource}`;

/** Newest first. */
export function recall(resource: string): readonly Past[] {
  const kept: unknown = JSON.parse(sessionStorage.getItem(keyOf(resource)) ?? '[]');
  return Array.isArray(kept) ? kept.filter(isPast) : [];
}

export function remember(resource: string, sql: string): readonly Past[] {
  const past = recall(resource).filter((each) => each.sql !== sql);
  const now = [{ sql, at: new Date().toISOString() }, ...past].slice(0, MOST);
  sessionStorage.setItem(keyOf(resource), JSON.stringify(now));
  return now;
}

const isPast = (value: unknown): value is Past =>
  typeof value === 'object' && value !== null && 'sql' in value && typeof value.sql === 'string' && 'at' in value;
