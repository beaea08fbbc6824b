/** Principals found by their mark alone. A role without one is not looked at. */
import { z } from 'zod';
import type { Mark } from '../../provisioner.ts';
import { MARK_PATTERN, parseMark } from './mark.ts';
import type { Session } from './sessions.ts';

const shape = z.object({ name: z.string(), comment: z.string() });

export async function marked(session: Session, resource: string): Promise<Mark[]> {
  const rows = await session.rows(
    shape,
    `SELECT r.rolname AS name, d.description AS comment
     FROM pg_shdescription d JOIN pg_roles r ON r.oid = d.objoid
     WHERE d.classoid = 'pg_authid'::regclass AND d.description LIKE $1 ORDER BY 1`,
    [MARK_PATTERN],
  );
  return rows.flatMap(({ name, comment }) => {
    const mark = parseMark(name, comment);
    return mark !== null && mark.resource === resource ? [mark] : [];
  });
}
