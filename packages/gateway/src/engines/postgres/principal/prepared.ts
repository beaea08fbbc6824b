/** Transactions that a principal prepared and nobody will finish: they outlive its sessions and hold their locks. */
import { postgres } from '@tidegate/wire';
import { z } from 'zod';
import type { FindingNote } from '../../provisioner.ts';
import { codeOf } from './errors.ts';
import type { Administrator } from './sessions.ts';

const { quoteIdent, quoteLiteral } = postgres;

const shape = z.object({ gid: z.string(), database: z.string() });

/** Rolls back what is the principal's own. @returns what could not be. */
export async function clearPrepared(
  administrator: Administrator,
  home: string,
  loginName: string,
): Promise<FindingNote[]> {
  const left = await administrator.use(home, (session) =>
    session.rows(shape, 'SELECT gid, database FROM pg_prepared_xacts WHERE owner = $1', [loginName]),
  );
  const findings: FindingNote[] = [];
  for (const { gid, database } of left) {
    try {
      await administrator.use(database, async (session) => {
        // Only who prepared it or a superuser may end it; and it can't be ended inside a transaction.
        if (!session.server.superuser) await session.run([`SET ROLE ${quoteIdent(loginName)}`]);
        await session.run([`ROLLBACK PREPARED ${quoteLiteral(gid)}`]);
        if (!session.server.superuser) await session.run(['RESET ROLE']);
      });
    } catch (error) {
      const code = codeOf(error);
      if (code === '42704') continue; // ended by somebody else meanwhile
      if (code !== '42501' && code !== '3D000') throw error;
      findings.push({
        kind: 'prepared_transaction',
        principal: loginName,
        detail: `A prepared transaction of ${quoteIdent(loginName)} holds locks in database ${quoteIdent(database)} and could not be ended (SQLSTATE ${code}): run ROLLBACK PREPARED ${quoteLiteral(gid)} there as a superuser.`,
      });
    }
  }
  return findings;
}
