/** Principals found by their mark alone. A user or login without one is not looked at. */
import { z } from 'zod';
import { MARK_PATTERN, parseMark } from '../../mark.ts';
import type { Mark } from '../../provisioner.ts';
import { MARK_PROPERTY, sid } from './inspect.ts';
import { markOfLogin, SID_BEGINNING } from './login-mark.ts';
import { quoteText } from './quote.ts';
import type { Administrator } from './sessions.ts';

export interface Looking {
  readonly administrator: Administrator;
  readonly resource: Mark['resource'];
  readonly databases: readonly string[];
  /** Where logins are; null: there are none. */
  readonly server: string | null;
}

const user = z.object({ name: z.string(), mark: z.string() });
const MARKED_USERS = `SELECT p.name AS name, CONVERT(nvarchar(3700), e.value) AS mark
FROM sys.extended_properties e JOIN sys.database_principals p ON p.principal_id = e.major_id
WHERE e.class = 4 AND e.minor_id = 0 AND e.name = N'${MARK_PROPERTY}' AND CONVERT(nvarchar(3700), e.value) LIKE ${quoteText(MARK_PATTERN)} ORDER BY p.name`;

const login = z.object({ name: z.string(), sid });
const MARKED_LOGINS = `SELECT l.name AS name, l.sid AS sid
FROM sys.sql_logins l WHERE SUBSTRING(l.sid, 1, 8) = ${SID_BEGINNING} ORDER BY l.name`;

/** One mark for each principal, though it is in several databases: the first that is found. */
export async function marked({ administrator, resource, databases, server }: Looking): Promise<Mark[]> {
  const found = new Map<string, Mark>();
  const add = (mark: Mark | null) => {
    if (mark !== null && mark.resource === resource && !found.has(mark.loginName)) found.set(mark.loginName, mark);
  };
  for (const database of databases) {
    const rows = await administrator.use(database, 'dbo', (session) => session.rows(user, MARKED_USERS));
    for (const row of rows) add(parseMark(row.name, row.mark));
  }
  if (server !== null) {
    const rows = await administrator.use(server, 'self', (session) => session.rows(login, MARKED_LOGINS));
    for (const row of rows) add(markOfLogin(resource, row.name, row.sid));
  }
  return [...found.values()];
}
