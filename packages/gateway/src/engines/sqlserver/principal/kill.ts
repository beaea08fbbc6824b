/**
 * The sessions of a principal, and their end. Neither DENY CONNECT nor a disabled login ends a session, and on Azure one
 * is looked at again only every ten hours or so: KILL is what keeps the grant's end.
 *
 * They are found by whom they came in as, which EXECUTE AS does not change: by name, and by SID, because a contained
 * user's name may be shown as its SID. A user of somebody else's with the same name would have to hold the same grant's
 * random id.
 */
import { z } from 'zod';
import { ProvisionError } from '../../provisioner.ts';
import { hangUpsFirst, untilGone } from '../../settle.ts';
import { codeOf } from './errors.ts';
import { quoteName } from './quote.ts';
import type { Administrator } from './sessions.ts';

/** At least one row: without the right to see others' sessions a server shows none, and says nothing. */
const sessionsOf = (azure: boolean, sids: readonly string[]) => {
  const right = azure ? `DB_NAME(), N'DATABASE', N'VIEW DATABASE STATE'` : `NULL, NULL, N'VIEW SERVER STATE'`;
  const by = sids.length === 0 ? '' : ` OR s.original_security_id IN (${sids.join(', ')})`;
  return `SELECT CONVERT(bit, COALESCE(HAS_PERMS_BY_NAME(${right}), 0)) AS sees, CONVERT(int, s.session_id) AS id
FROM (SELECT 1 AS one) x LEFT JOIN sys.dm_exec_sessions s
  ON s.is_user_process = 1 AND s.session_id <> @@SPID AND (s.original_login_name = @name${by})`;
};
const seenSession = z.object({ sees: z.boolean(), id: z.int().nullable() });

/** Ended meanwhile. */
const GONE = '6106';

export interface Ending {
  readonly administrator: Administrator;
  /** From where its sessions are seen: any database of a server; each one's own on Azure SQL Database. */
  readonly places: readonly string[];
  readonly loginName: string;
  /** Of its users and its login, as binary literals. */
  readonly sids: readonly string[];
}

/**
 * @returns how many were ended
 * @throws ProvisionError while a session lives: the grant's end is not kept until none does.
 */
export async function endSessions(ending: Ending): Promise<number> {
  let ended = 0;
  await hangUpsFirst(() => count(ending));
  const left = await untilGone(async () => {
    const found = await killAll(ending);
    ended += found;
    return found;
  });
  if (left === 0) return ended;
  throw new ProvisionError(
    'A session of this grant has not ended in the database yet.',
    'session_left',
    `${left} sessions of ${quoteName(ending.loginName)} do not end though killed; what they did may still be rolling back (sys.dm_exec_requests says KILLED/ROLLBACK).`,
  );
}

/** Their numbers. */
function seenFrom(place: string, { administrator, loginName, sids }: Ending): Promise<number[]> {
  return administrator.use(place, 'self', async (session) => {
    const rows = await session.rows(seenSession, sessionsOf(session.server.azure, sids), { name: loginName });
    if (rows.some(({ sees }) => !sees)) throw blind(session.server.administrator);
    return rows.flatMap(({ id }) => (id === null ? [] : [id]));
  });
}

async function count(ending: Ending): Promise<number> {
  let found = 0;
  for (const place of ending.places) found += (await seenFrom(place, ending)).length;
  return found;
}

async function killAll(ending: Ending): Promise<number> {
  let found = 0;
  for (const place of ending.places) {
    const seen = await seenFrom(place, ending);
    found += seen.length;
    for (const id of seen) {
      try {
        await ending.administrator.use(place, 'self', (session) => session.run([`KILL ${id}`]));
      } catch (error) {
        if (codeOf(error) !== GONE) throw error;
      }
    }
  }
  return found;
}

const blind = (administrator: string) =>
  new ProvisionError(
    "Tidegate's administrator cannot see the sessions of this grant.",
    'sessions_hidden',
    `The administrator ${quoteName(administrator)} lacks VIEW SERVER STATE (on Azure SQL Database VIEW DATABASE STATE), so sessions that should end cannot be found.`,
  );
