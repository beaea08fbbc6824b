/**
 * Prepared transactions (XA): they outlive their session and hold its locks. The server tells nobody whose they are, so
 * none is ended here: those that came up during a grant are told.
 */
import { z } from 'zod';
import type { FindingNote } from '../../provisioner.ts';
import { codeOf } from './errors.ts';
import type { Session } from './sessions.ts';

const shape = z.object({
  formatID: z.coerce.number(),
  gtrid_length: z.coerce.number(),
  bqual_length: z.coerce.number(),
  data: z.union([z.string(), z.instanceof(Buffer)]).transform(String),
});

/** As `XA ROLLBACK` takes them; empty where the administrator may not see them (MySQL: XA_RECOVER_ADMIN). */
export async function preparedTransactions(session: Session): Promise<string[]> {
  const mariadb = session.server.flavour === 'mariadb';
  try {
    const rows = await session.rows(shape, mariadb ? "XA RECOVER FORMAT = 'SQL'" : 'XA RECOVER CONVERT XID');
    return rows.map((row) => (mariadb ? row.data : fromHex(row)));
  } catch (error) {
    if (NOT_ALLOWED.has(codeOf(error))) return [];
    throw error;
  }
}

const NOT_ALLOWED = new Set(['1227', '1401']);

/** `0x` and both parts, one after the other. */
function fromHex({ formatID, gtrid_length, bqual_length, data }: z.infer<typeof shape>): string {
  const hex = data.replace(/^0x/, '');
  const gtrid = hex.slice(0, gtrid_length * 2);
  const bqual = hex.slice(gtrid_length * 2, (gtrid_length + bqual_length) * 2);
  return `X'${gtrid}',X'${bqual}',${formatID}`;
}

export function leftTransactions(principal: string, now: readonly string[], before: readonly string[]): FindingNote[] {
  const left = now.filter((each) => !before.includes(each)).slice(0, 20);
  if (left.length === 0) return [];
  const list = left.map((each) => `XA ROLLBACK ${each}`).join('; ');
  return [
    {
      kind: 'prepared_transaction',
      principal,
      detail:
        `Prepared transactions that came up during the grant hold locks; the server does not tell whose they are. If no application waits for them, run ${list}.`.slice(
          0,
          2000,
        ),
    },
  ];
}
