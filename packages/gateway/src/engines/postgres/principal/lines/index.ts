/** Principals whose role lists what it gives: exactly that, in every database of the resource that has it. */

import type { GrantLine } from '@tidegate/core';
import { postgres } from '@tidegate/wire';
import { assertNothingMissing, locate, type Part, partsOf, withheld } from '../../../lines.ts';
import { dependencies } from '../belongings.ts';
import { again } from '../durable.ts';
import { codeOf } from '../errors.ts';
import type { Administrator, Session } from '../sessions.ts';
import { type Atom, atomsOf, atomText, changes, heldBy } from './atoms.ts';
import { type Found, find } from './find.ts';

/** By database: what the lines come to there. Empty where it has nothing of them. */
export type Listed = ReadonlyMap<string, readonly Atom[]>;

/** Looks it all up, before anything is made. @throws ProvisionError `missing` with what no database has */
export async function listed(
  administrator: Administrator,
  databases: readonly string[],
  lines: readonly GrantLine[],
): Promise<Listed> {
  const located = await locateIn(administrator, databases, partsOf(lines));
  assertNothingMissing(located);
  return new Map([...located.places].map(([database, found]) => [database, atomsOf(found)]));
}

export const locateIn = (administrator: Administrator, databases: readonly string[], parts: readonly Part[]) =>
  locate<Found>(parts, databases, (database, here) => administrator.use(database, (session) => find(session, here)));

/**
 * Gives what is missing and takes what is too much, database by database.
 *
 * @returns whether anything was changed
 * @throws ProvisionError `withheld` where the administrator may not give it
 */
export async function give(administrator: Administrator, principal: Principal, wanted: Listed): Promise<boolean> {
  let changed = false;
  for (const [database, atoms] of wanted) {
    const here = await again(() => administrator.use(database, (session) => giveHere(session, principal, atoms)));
    changed ||= here;
  }
  return changed;
}

export interface Principal {
  readonly oid: string;
  readonly loginName: string;
}

/** Statements in one message. */
const MESSAGE = 20;

async function giveHere(session: Session, { oid, loginName }: Principal, atoms: readonly Atom[]): Promise<boolean> {
  const { statements } = changes(loginName, atoms, await heldBy(session, oid));
  if (statements.length === 0) return false;
  for (let at = 0; at < statements.length; at += MESSAGE) await session.run(statements.slice(at, at + MESSAGE));
  // A server gives what it may and only warns of the rest.
  const { missing } = changes(loginName, atoms, await heldBy(session, oid));
  if (missing.length > 0) {
    throw withheld(missing.map(atomText), `The administrator ${postgres.quoteIdent(session.server.administrator)}`);
  }
  return true;
}

/**
 * Takes everything back, by name as it was given: DROP OWNED takes back as whoever holds the most, and passes over what
 * the administrator gave in its own name. What it may not take now fails by itself further down.
 */
export async function takeAll(administrator: Administrator, home: string, principal: Principal): Promise<void> {
  const held = await administrator.use(home, (session) => dependencies(session, principal.oid));
  for (const { database } of held) {
    if (database === null) continue;
    try {
      await administrator.use(database, async (session) => {
        const { statements } = changes(principal.loginName, [], await heldBy(session, principal.oid));
        await session.run(statements);
      });
    } catch (error) {
      if (!['42501', '2BP01', '3D000', '28000', '55000'].includes(codeOf(error))) throw error;
    }
  }
}
