/** Looking at a SQL Server resource without changing it: is there what lines name; which tables are there at all. */
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
    [...found].flatMap(([part, { runsAs }]): LineNote[] => {
      if (!runsAs) return [];
      const message = `The ${part.what} ${shown(part)} runs with the rights of another user (EXECUTE AS): whoever may run it can do whatever it does.`;
      return [{ line: part.line, kind: 'warning', message }];
    }),
  );
  return { kind: 'lines', notes: [...missing, ...warnings] };
}

const columnShape = z.object({ schema: z.string(), name: z.string(), type: z.string(), column: z.string() });

function tablesOf(administrator: Administrator, database: string, room: number): Promise<SeenTable[]> {
  return administrator.use(database, 'dbo', async (session) => {
    const rows = await session.rows(
      columnShape,
      `SELECT TOP (${LOOK_COLUMNS_MAX + 1}) t.[schema] AS [schema], t.name AS name, t.type AS type, c.name AS [column]
FROM (SELECT TOP (${Math.trunc(room) + 1}) s.name AS [schema], o.name AS name, RTRIM(o.type) AS type, o.object_id AS id
      FROM sys.objects o JOIN sys.schemas s ON s.schema_id = o.schema_id
      WHERE RTRIM(o.type) IN (N'U', N'V') AND o.is_ms_shipped = 0 ORDER BY s.name, o.name) t
JOIN sys.columns c ON c.object_id = t.id ORDER BY t.[schema], t.name, c.column_id`,
    );
    const tables = Map.groupBy(rows, ({ schema, name }) => JSON.stringify([schema, name]));
    return [...tables.values()].flatMap((all): SeenTable[] => {
      const [first] = all;
      if (first === undefined) return [];
      const { schema, name, type } = first;
      const kind = type === 'V' ? 'view' : 'table';
      return [{ database, schema, name, kind, columns: all.map(({ column }) => column) }];
    });
  });
}
