/** The durable account of a resource: definer of what owners make. Made once, looked after at each check. */
import { randomBytes } from 'node:crypto';
import { ProvisionError } from '../../provisioner.ts';
import { inspect } from './inspect.ts';
import { ensureLedger } from './ledger.ts';
import { type Owner, ownerAccount } from './names.ts';
import { type Powers, powersOf, shortcomings } from './powers.ts';
import { grantChanges, type Held, privilegesOf } from './privileges.ts';
import { escaped, quoteText } from './quote.ts';
import { stored } from './secret.ts';
import type { Session } from './sessions.ts';

export interface Durable {
  /** What does not work as it should, in sentences. */
  readonly warnings: readonly string[];
}

export interface DurableOptions {
  readonly databases: readonly string[];
  readonly owner: Owner;
}

/** @throws ProvisionError with all that an operator must put right first. */
export async function ensureDurable(session: Session, { databases, owner }: DurableOptions): Promise<Durable> {
  const powers: Powers = await powersOf(session);
  const { problems, warnings } = shortcomings(session.server, powers, databases, owner.isOurs);
  if (problems.length > 0) throw unprepared(problems);
  await ensureLedger(session);
  const found = owner.isOurs
    ? await ensureOwner(session, owner, databases)
    : await lookAtOwner(session, owner, databases);
  if (found.length > 0) throw unprepared(found);
  return { warnings };
}

const unprepared = (problems: readonly string[]) =>
  new ProvisionError("Tidegate's administrator lacks a privilege in the database.", 'not_prepared', problems.join(' '));

/** Nobody ever logs in as it: locked, under a password that nobody was told. */
async function ensureOwner(session: Session, owner: Owner, databases: readonly string[]): Promise<string[]> {
  const name = ownerAccount(owner);
  const before = await inspect(session, owner.user, owner.host);
  if (before === null) {
    const { plugin, secret } = stored(session.server.flavour, randomBytes(24).toString('base64url'), null);
    await session.runSecret([
      `CREATE USER IF NOT EXISTS ${name} IDENTIFIED WITH ${plugin} AS ${quoteText(secret)} PASSWORD EXPIRE NEVER ACCOUNT LOCK`,
    ]);
  } else if (!before.locked) {
    return [`The account ${name} can log in and must not: run ALTER USER ${name} ACCOUNT LOCK.`];
  }
  const wanted = privilegesOf('own', session.server);
  // What a database that left the resource gave it stays: its views and routines there go on.
  const held = (before?.held ?? []).filter(({ database }) => database !== null);
  await session.run(grantChanges(name, databases, wanted, held, session.server).gives);
  return beyond(name, before?.held ?? [], null);
}

/** What keeps an owner account that is not ours from being used, in sentences. */
export async function lookAtOwner(session: Session, owner: Owner, databases: readonly string[]): Promise<string[]> {
  const name = ownerAccount(owner);
  const found = await inspect(session, owner.user, owner.host);
  if (found !== null) return beyond(name, found.held, new Set(databases.map(escaped)));
  return [
    `The resource's ownerRole ${name} does not exist: run CREATE USER ${name} ACCOUNT LOCK, and GRANT it what owners' views and routines need.`,
  ];
}

/**
 * What owners make runs with the definer's privileges, so the durable account must not reach further than they do.
 *
 * @param places as GRANT stores them; null: it may hold what it does on any database
 */
function beyond(name: string, held: readonly Held[], places: ReadonlySet<string> | null): string[] {
  const far = held.find(
    ({ database, grantable }) => grantable || database === null || (places !== null && !places.has(database)),
  );
  if (far === undefined) return [];
  const where = far.database === null ? '*.*' : far.database;
  const option = far.grantable ? ' WITH GRANT OPTION' : '';
  return [
    `The owner account ${name} is too powerful (${far.privilege} on ${where}${option}): owners' views and routines would act with it beyond this resource. Name another ownerRole, or take that from it.`,
  ];
}
