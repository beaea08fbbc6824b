/**
 * The sessions of a principal, and their end. Neither DENY CONNECT nor a disabled login ends a session, and on Azure one
 * is looked at again only every ten hours or so: KILL is what keeps the grant's end.
 *
 * They are found by the name they came in with, which EXECUTE AS does not change. A contained user of somebody else's with
 * the same name would have to hold the same grant's random id.
 */
import { z } from 'zod';
import { ProvisionError } from '../../provisioner.ts';
import { codeOf } from './errors.ts';
import { quoteName } from './quote.ts';
import type { Administrator } from './sessions.ts';

/** Sessions that will not end by then are tried again by the reconciler. */
const KILL_WITHIN_MS = 5_000;
/**
 * A login that had passed its checks when it was shut out is seen a moment later, so "none" must be seen twice, this far
 * apart.
 */
const SETTLE_MS = 100;

const SESSIONS = `SELECT CONVERT(int, s.session_id) AS id FROM sys.dm_exec_sessions s
WHERE s.original_login_name = @name AND s.is_user_process = 1 AND s.session_id <> @@SPID`;

/** Ended meanwhile. */
const GONE = '6106';

export interface Ending {
  readonly administrator: Administrator;
  /** From where its sessions are seen: any database of a server; each one's own on Azure SQL Database. */
  readonly places: readonly string[];
  readonly loginName: string;
}

/** @throws ProvisionError while a session lives: the grant's end is not kept until none does. */
export async function endSessions(ending: Ending): Promise<number> {
  const until = performance.now() + KILL_WITHIN_MS;
  let ended = 0;
  for (let quiet = 0; ; ) {
    const found = await killAll(ending);
    ended += found;
    quiet = found === 0 ? quiet + 1 : 0;
    if (quiet === 2) return ended;
    if (performance.now() > until) {
      throw new ProvisionError(
        'A session of this grant has not ended in the database yet.',
        'session_left',
        `${found} sessions of ${quoteName(ending.loginName)} do not end though killed; what they did may still be rolling back (sys.dm_exec_requests says KILLED/ROLLBACK).`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  }
}

async function killAll({ administrator, places, loginName }: Ending): Promise<number> {
  let found = 0;
  for (const place of places) {
    const seen = await administrator.use(place, 'self', (session) =>
      session.rows(z.object({ id: z.int() }), SESSIONS, { name: loginName }),
    );
    found += seen.length;
    for (const { id } of seen) {
      try {
        await administrator.use(place, 'self', (session) => session.run([`KILL ${id}`]));
      } catch (error) {
        if (codeOf(error) !== GONE) throw error;
      }
    }
  }
  return found;
}
