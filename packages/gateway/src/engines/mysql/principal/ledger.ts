/**
 * Where the marks are: a table in a database of Tidegate's own. MySQL has attributes on accounts (8.0.21), MariaDB has
 * nothing of the kind, so one way serves both; and it is written before the account is made, so that an account that was
 * left behind is always found by it. No grant reaches that database. What was being handed over when a gateway died is
 * kept there too.
 */
import { z } from 'zod';
import { parseMark } from '../../mark.ts';
import type { Mark } from '../../provisioner.ts';
import { codeOf } from './errors.ts';
import { LEDGER } from './names.ts';
import { quoteIdent } from './quote.ts';
import type { Session } from './sessions.ts';

export const PRINCIPALS = `${quoteIdent(LEDGER)}.principals`;
export const HANDOVERS = `${quoteIdent(LEDGER)}.handovers`;

const TABLES = [
  `CREATE TABLE IF NOT EXISTS ${PRINCIPALS} (
  login_name VARCHAR(80) NOT NULL PRIMARY KEY,
  mark TEXT NOT NULL,
  transactions TEXT NOT NULL
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
  `CREATE TABLE IF NOT EXISTS ${HANDOVERS} (
  login_name VARCHAR(80) NOT NULL,
  place VARCHAR(64) NOT NULL,
  kind VARCHAR(16) NOT NULL,
  name VARCHAR(64) NOT NULL,
  thing LONGTEXT NOT NULL,
  PRIMARY KEY (login_name, place, kind, name)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
];

const there = z.object({ name: z.string() });

export async function ensureLedger(session: Session): Promise<void> {
  const names = await session.rows(
    there,
    `SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME IN ('principals', 'handovers')`,
    [LEDGER],
  );
  if (names.length === TABLES.length) return;
  await session.run([`CREATE DATABASE IF NOT EXISTS ${quoteIdent(LEDGER)} CHARACTER SET utf8mb4`, ...TABLES]);
}

/** A row of the ledger. */
export interface Entry {
  /** As written; `mark` is what it says, null: nothing of ours. */
  readonly text: string;
  readonly mark: Mark | null;
  /** Prepared transactions (XA) that were there before the principal was: not its own. */
  readonly transactions: readonly string[];
}

const row = z.object({ login_name: z.string(), mark: z.string(), transactions: z.string() });
const list = z.array(z.string());

const entryOf = ({ login_name, mark, transactions }: z.infer<typeof row>): Entry => ({
  text: mark,
  mark: parseMark(login_name, mark),
  transactions: list.parse(JSON.parse(transactions)),
});

export async function entryFor(session: Session, loginName: string): Promise<Entry | null> {
  const text = `SELECT login_name, mark, transactions FROM ${PRINCIPALS} WHERE login_name = ?`;
  const [found] = await session.rows(row, text, [loginName]);
  return found === undefined ? null : entryOf(found);
}

/** Idempotent; the transactions that were there first stay written. */
export async function enter(
  session: Session,
  loginName: string,
  mark: string,
  transactions: readonly string[],
): Promise<void> {
  await session.run(
    [
      `INSERT INTO ${PRINCIPALS} (login_name, mark, transactions) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE mark = VALUES(mark)`,
    ],
    [loginName, mark, JSON.stringify(transactions)],
  );
}

export async function strike(session: Session, loginName: string): Promise<void> {
  await session.run([`DELETE FROM ${PRINCIPALS} WHERE login_name = ?`], [loginName]);
}

/** All marks of a resource; none where there is no ledger yet. */
export async function marked(session: Session, resource: string): Promise<Mark[]> {
  try {
    const text = `SELECT login_name, mark, transactions FROM ${PRINCIPALS} ORDER BY login_name`;
    const entries = await session.rows(row, text);
    return entries.flatMap((each) => {
      const { mark } = entryOf(each);
      return mark !== null && mark.resource === resource ? [mark] : [];
    });
  } catch (error) {
    if (NO_LEDGER.has(codeOf(error))) return [];
    throw error;
  }
}

/** No such database, no such table. */
const NO_LEDGER = new Set(['1049', '1146']);
