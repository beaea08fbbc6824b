/** Looking at a MySQL or MariaDB resource without changing it: is there what lines name; which tables are there at all. */
import { type LineNote, LOOK_COLUMNS_MAX, type LookAnswer, type LookAt, type SeenTable } from '@tidegate/contract';
import { z } from 'zod';
import { shown } from '../../lines.ts';
import { gathered } from '../../look.ts';
import { locateIn } from './lines/find.ts';
import type { Administrator } from './sessions.ts';

export async function look(
  administrator: Administrator,
  databases: readonly string[],
  wanted: LookAt,
): Promise<LookAnswer> {
  if (wanted.kind === 'objects') {
    return gathered(databases, (database, room) => tablesOf(administrator, database, room));
  }
  const { places, missing } = await locateIn(administrator, databases, wanted.lines);
  const warnings = [...places.values()].flatMap((found) =>
    [...found].flatMap(([part, { definer }]): LineNote[] => {
      if (definer === null) return [];
      const message = `The ${part.what} ${shown(part)} runs with the rights of its definer ${definer} (SQL SECURITY DEFINER): whoever may run it can do whatever it does.`;
      return [{ line: part.line, kind: 'warning', message }];
    }),
  );
  return { kind: 'lines', notes: [...missing, ...warnings] };
}

const columnShape = z.object({ name: z.string(), type: z.string(), column: z.string() });

function tablesOf(administrator: Administrator, database: string, room: number): Promise<SeenTable[]> {
  return administrator.use(null, async (session) => {
    const rows = await session.rows(
      columnShape,
      `SELECT t.TABLE_NAME AS name, t.TABLE_TYPE AS type, c.COLUMN_NAME AS \`column\`
       FROM (SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?
             ORDER BY TABLE_NAME LIMIT ${Math.trunc(room) + 1}) t
       JOIN information_schema.COLUMNS c ON c.TABLE_SCHEMA = ? AND c.TABLE_NAME = t.TABLE_NAME
       ORDER BY t.TABLE_NAME, c.ORDINAL_POSITION LIMIT ${LOOK_COLUMNS_MAX + 1}`,
      [database, database],
    );
    const tables = Map.groupBy(rows, ({ name }) => name);
    return [...tables].map(([name, all]) => ({
      database,
      schema: database,
      name,
      kind: all[0]?.type.includes('VIEW') === true ? ('view' as const) : ('table' as const),
      columns: all.map(({ column }) => column),
    }));
  });
}
