/** Looking at a PostgreSQL resource without changing it: is there what lines name; which tables are there at all. */
import {
  type LineNote,
  LOOK_COLUMNS_MAX,
  LOOK_TABLES_MAX,
  type LookAnswer,
  type LookAt,
  type SeenTable,
} from '@tidegate/contract';
import { z } from 'zod';
import { partsOf, shown } from '../../lines.ts';
import { gathered } from '../../look.ts';
import { NOT_OF_EXTENSION, TABLES } from './lines/find.ts';
import { locateIn } from './lines/index.ts';
import type { Administrator } from './sessions.ts';

export async function look(
  administrator: Administrator,
  databases: readonly string[],
  wanted: LookAt,
): Promise<LookAnswer> {
  if (wanted.kind === 'objects') {
    return gathered(databases, (database, room) => tablesOf(administrator, database, room));
  }
  const { places, missing } = await locateIn(administrator, databases, partsOf(wanted.lines));
  const warnings = [...places.values()].flatMap((found) =>
    [...found].flatMap(([part, { runsAs }]): LineNote[] => {
      if (runsAs === null) return [];
      const whose = `${runsAs.owner}${runsAs.superuser ? ', a superuser' : ''}`;
      const message = `The ${part.what} ${shown(part)} runs with the rights of its owner ${whose} (SECURITY DEFINER): whoever may run it can do whatever it does.`;
      return [{ line: part.line, kind: 'warning', message }];
    }),
  );
  return { kind: 'lines', notes: [...missing, ...warnings] };
}

const tableShape = z.object({
  schema: z.string(),
  name: z.string(),
  kind: z.enum(['table', 'view']),
  columns: z.array(z.string()),
});

function tablesOf(administrator: Administrator, database: string, room: number): Promise<SeenTable[]> {
  return administrator.use(database, async (session) => {
    const rows = await session.rows(
      tableShape,
      `SELECT n.nspname AS schema, c.relname AS name,
              CASE WHEN c.relkind IN ('v', 'm') THEN 'view' ELSE 'table' END AS kind,
              ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                    ORDER BY a.attnum LIMIT ${LOOK_COLUMNS_MAX}) AS columns
       FROM (SELECT c.oid, c.relname, c.relkind, c.relnamespace FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE ${TABLES} AND NOT c.relispartition AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND ${NOT_OF_EXTENSION}
             ORDER BY n.nspname, c.relname LIMIT $1) c
       JOIN pg_namespace n ON n.oid = c.relnamespace ORDER BY 1, 2`,
      [Math.min(room, LOOK_TABLES_MAX) + 1],
    );
    return rows.map((row) => ({ database, ...row }));
  });
}
