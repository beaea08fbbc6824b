import { type RawBuilder, sql } from 'kysely';

/** For `where(column, '=', anyOf(values))`: one parameter however many there are, and true for none of none. */
export const anyOf = <T>(values: readonly T[]): RawBuilder<T> => sql<T>`ANY (${[...values]})`;
