/** Transaction manager requests (2.2.6.9). */
import type { Buffer } from 'node:buffer';
import { SqlError } from '../sql/errors.ts';
import { quoteName } from '../sql/quote.ts';
import { parseTransactionAsk } from '../wire/requests.ts';
import type { RequestContext } from './loop.ts';

export function runTransactionAsk(payload: Buffer, tdsVersion: number, { session }: RequestContext): void {
  const ask = parseTransactionAsk(payload, tdsVersion);
  switch (ask.ask) {
    case 'begin':
      session.begin();
      return;
    case 'save':
      session.savepoint(quoteName(ask.name));
      return;
    case 'commit':
      session.commit();
      if (ask.begin) session.begin();
      return;
    case 'rollback':
      if (ask.name !== '' && session.rollbackTo(quoteName(ask.name))) return;
      session.rollback();
      if (ask.begin) session.begin();
      return;
    default:
      throw new SqlError(50_000, `Transaction manager request ${ask.number} is not known to this test server.`);
  }
}
