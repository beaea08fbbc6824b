/** Bulk load: `INSERT BULK t (…)` as a batch, then the rows in a message of type 7. */
import type { Buffer } from 'node:buffer';
import { asSqlError, SqlError } from '../sql/errors.ts';
import { isSign, isWord, type Token } from '../sql/lexer.ts';
import { Command } from '../sql/output.ts';
import { demandPermission } from '../sql/permissions.ts';
import { quoteName } from '../sql/quote.ts';
import type { Session } from '../sql/session.ts';
import { parseBulk } from '../wire/requests.ts';
import type { RequestContext } from './loop.ts';

const ROWS_AT_ONCE = 256;

export class BulkLoad {
  #table: string | null = null;

  announce(tokens: readonly Token[], session: Session): void {
    demandPermission(session, tokens);
    let at = isWord(tokens[1], 'BULK') ? 2 : 1;
    while (isSign(tokens[at + 1], '.')) at += isSign(tokens[at + 2], '.') ? 3 : 2;
    const name = tokens[at]?.text ?? '';
    const found = session.connection.prepare(
      'SELECT name FROM sqlite_schema WHERE name = ? COLLATE NOCASE UNION SELECT name FROM sqlite_temp_schema WHERE name = ? COLLATE NOCASE',
    );
    if (found.get(name, name) === undefined) throw new SqlError(208, `Invalid object name '${name}'.`);
    this.#table = name;
  }

  async load(payload: Buffer, tdsVersion: number, { session, answer, signal }: RequestContext): Promise<void> {
    const table = this.#table;
    this.#table = null;
    if (table === null) throw new SqlError(4002, 'A bulk load that was not announced.');
    const { columns, rows } = parseBulk(payload, tdsVersion);
    if (columns.length === 0) {
      answer.done(0n, Command.none);
      return;
    }
    const names = columns.map(({ name }) => quoteName(name)).join(', ');
    const holes = columns.map(() => '?').join(', ');
    const { connection } = session;
    let count = 0n;
    // All or nothing, also within a transaction.
    connection.exec('SAVEPOINT bulk_load');
    try {
      const insert = connection.prepare(`INSERT INTO ${quoteName(table)} (${names}) VALUES (${holes})`);
      for (const row of rows) {
        insert.run(...row);
        count++;
        if (count % BigInt(ROWS_AT_ONCE) !== 0n) continue;
        await answer.room();
        signal.throwIfAborted();
      }
      connection.exec('RELEASE bulk_load');
    } catch (error) {
      connection.exec('ROLLBACK TO bulk_load; RELEASE bulk_load');
      throw asSqlError(error, { database: session.database.name, verb: 'INSERT' });
    }
    session.rowCount = count;
    answer.done(count, Command.insert);
  }
}
