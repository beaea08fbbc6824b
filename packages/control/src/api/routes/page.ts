/** Pages between the API's shapes and ours. */
import type { Page, PageQuery } from '../../store/cursor.ts';

/** The query's members as the lists want them. */
export const pageFrom = ({
  cursor,
  limit,
}: {
  readonly cursor?: string | undefined;
  readonly limit: number;
}): PageQuery => ({
  cursor: cursor ?? null,
  limit,
});

/** A page as the contract's schema has it. */
export const answerPage = <T>({ items, nextCursor }: Page<T>): { items: T[]; nextCursor: string | null } => ({
  items: [...items],
  nextCursor,
});

/** A list that fits in one page. */
export const onePage = <T>(items: readonly T[]): { items: T[]; nextCursor: null } => ({
  items: [...items],
  nextCursor: null,
});

/** A time of a query, if there is one. */
export const instantFrom = (text: string | undefined): Temporal.Instant | null =>
  text === undefined ? null : Temporal.Instant.from(text);
