/** Tables of several databases in one answer, within the contract's limits. */
import { LOOK_COLUMNS_MAX, LOOK_TABLES_MAX, type LookAnswer, type SeenTable } from '@tidegate/contract';

/** @param tables those of one database, by name: at most one more than `room`, so that it shows that there are more */
export async function gathered(
  databases: readonly string[],
  tables: (database: string, room: number) => Promise<readonly SeenTable[]>,
): Promise<LookAnswer> {
  const all: SeenTable[] = [];
  let columns = 0;
  for (const database of databases) {
    for (const table of await tables(database, LOOK_TABLES_MAX - all.length)) {
      columns += table.columns.length;
      if (all.length >= LOOK_TABLES_MAX || columns > LOOK_COLUMNS_MAX)
        return { kind: 'objects', tables: all, more: true };
      all.push(table);
    }
  }
  return { kind: 'objects', tables: all, more: false };
}
