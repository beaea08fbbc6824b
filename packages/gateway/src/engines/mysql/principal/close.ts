/**
 * The end of a principal. First it can't log in any more, and that is committed before anything else (each statement is
 * its own transaction here), because a login that slips in between would outlive the cut. Then its sessions, its switch,
 * what it is the definer of; last the account and its mark. Each step looks at what is and can be killed and run again.
 */
import { z } from 'zod';
import { type Closed, type FindingNote, type PrincipalRef, ProvisionError } from '../../provisioner.ts';
import { hangUpsFirst, untilGone } from '../../settle.ts';
import { codeOf, staysAsItIs } from './errors.ts';
import { finishHandovers, type Handover, handOver } from './handover.ts';
import { type Actual, inspect } from './inspect.ts';
import { type Entry, ensureLedger, entryFor, strike } from './ledger.ts';
import { type Owner, ownerAccount } from './names.ts';
import { switchOf } from './plan.ts';
import { MAKES_DEFINERS } from './privileges.ts';
import { account, quoteIdent } from './quote.ts';
import type { Administrator, Session } from './sessions.ts';
import { eventsOf, type Thing, thingsOf } from './things.ts';
import { leftTransactions, preparedTransactions } from './transactions.ts';

export interface Closing {
  readonly administrator: Administrator;
  readonly databases: readonly string[];
  readonly owner: Owner;
  readonly principal: PrincipalRef;
}

interface Found {
  readonly actual: Actual | null;
  readonly entry: Entry | null;
}

export async function close(closing: Closing): Promise<Closed> {
  const { administrator, principal } = closing;
  const { actual, entry } = await administrator.use(null, (session) => look(session, principal.loginName));
  if (entry === null && actual === null) return { gone: true, changed: false, findings: [] };
  if (entry?.mark?.grant !== principal.grant)
    return { gone: actual === null, changed: false, findings: unmarked(closing, actual) };
  const stays = actual === null ? null : await endAccount(closing, actual);
  const left = await administrator.use(null, (session) => leftBehind(session, principal, entry));
  if (stays === null) {
    await administrator.use(null, async (session) => {
      await session.run([`DROP EVENT IF EXISTS ${switchOf(principal.loginName)}`]);
      await strike(session, principal.loginName);
    });
  }
  return { gone: stays === null, changed: true, findings: [...(stays === null ? [] : [stays]), ...left] };
}

async function look(session: Session, loginName: string): Promise<Found> {
  await ensureLedger(session);
  return { actual: await inspect(session, loginName), entry: await entryFor(session, loginName) };
}

/** @returns what stands in the way of dropping it; null: it is gone */
async function endAccount(closing: Closing, actual: Actual): Promise<FindingNote | null> {
  const { administrator, principal } = closing;
  const { loginName } = principal;
  await administrator.use(null, (session) => session.run([`ALTER USER ${account(loginName)} ACCOUNT LOCK`]));
  const failed = new Map<string, string>();
  const places = placesOf(closing, actual);
  await hangUpsFirst(() => count(closing));
  // Its sessions may hold locks that all the rest would wait for; its events would make new ones, so they come next.
  await tellAll(closing);
  await handEventsOver(closing, places, failed);
  await endSessions(closing);
  await handAllOver(closing, places, failed);
  return drop(closing, failed);
}

/** Databases where it could make something that runs as its definer. */
function placesOf({ databases, principal }: Closing, { held }: Actual): readonly string[] {
  const makes = principal.privileges === 'own' || held.some(({ privilege }) => MAKES_DEFINERS.has(privilege));
  return makes ? databases : [];
}

const sessionShape = z.object({ id: z.coerce.string().regex(/^\d+$/), command: z.string() });

type Seen = z.infer<typeof sessionShape>;

function seen(session: Session, { principal }: Closing): Promise<Seen[]> {
  const text = 'SELECT ID AS id, COMMAND AS command FROM information_schema.PROCESSLIST WHERE USER = ?';
  return session.rows(sessionShape, text, [principal.loginName]);
}

/**
 * All but those that are just trying to log in (the server has their name before it has checked it; a lock that is
 * committed keeps them out) and events at work (which end by themselves).
 */
const living = (there: readonly Seen[]) => there.filter(({ command }) => command !== 'Connect').length;

function count(closing: Closing): Promise<number> {
  return closing.administrator.use(null, async (session) => living(await seen(session, closing)));
}

/** @returns how many sessions were told to end */
async function tellAll(closing: Closing): Promise<number> {
  return closing.administrator.use(null, async (session) => {
    const there = await seen(session, closing);
    for (const { id } of there) await kill(session, id);
    return living(there);
  });
}

async function kill(session: Session, id: string): Promise<void> {
  try {
    await session.run([killStatement(session.server.azure, id)]);
  } catch (error) {
    if (codeOf(error) !== '1094') throw error; // gone by itself; the connection is not used again after an error
  }
}

export const killStatement = (azure: boolean, id: string) => (azure ? `CALL mysql.az_kill(${id})` : `KILL ${id}`);

/** @throws ProvisionError while a session lives: the grant's end is not kept until none does. */
async function endSessions(closing: Closing): Promise<void> {
  const left = await untilGone(() => tellAll(closing));
  if (left === 0) return;
  throw new ProvisionError(
    'A session of this grant has not ended in the database yet.',
    'session_left',
    `${left} sessions of ${account(closing.principal.loginName)} do not end though told to.`,
  );
}

async function handEventsOver(closing: Closing, places: readonly string[], failed: Map<string, string>): Promise<void> {
  const { administrator, principal } = closing;
  for (const place of places) {
    const events = await administrator.use(null, (session) => eventsOf(session, principal.loginName, place));
    for (const each of events) await tryHandOver(closing, each, failed);
  }
}

async function handAllOver(closing: Closing, places: readonly string[], failed: Map<string, string>): Promise<void> {
  const { administrator, principal } = closing;
  if (places.length === 0) return;
  await finishHandovers(handoverOf(closing));
  for (const place of places) {
    const things = await administrator.use(null, (session) => thingsOf(session, principal.loginName, place));
    for (const each of things) await tryHandOver(closing, each, failed);
  }
}

/**
 * To the durable account, which has what an owner had. What somebody else's principal is the definer of (somebody gave it
 * more than its role) stays as it is: a reader's view must never become an owner's.
 */
async function tryHandOver(closing: Closing, each: Thing, failed: Map<string, string>): Promise<void> {
  const what = `${each.kind} ${quoteIdent(each.place)}.${quoteIdent(each.name)}`;
  if (closing.principal.privileges !== 'own') {
    failed.set(what, 'not an owner’s');
    return;
  }
  try {
    await handOver(handoverOf(closing), each);
  } catch (error) {
    if (!staysAsItIs(error) && codeOf(error) !== 'definer') throw error;
    failed.set(what, codeOf(error) === 'definer' ? 'unknown kind' : `error ${codeOf(error)}`);
  }
}

const handoverOf = ({ administrator, principal, owner }: Closing): Handover => ({
  administrator,
  loginName: principal.loginName,
  heir: ownerAccount(owner),
});

/** MariaDB would drop it all the same, and leave what it defined without anybody: so both keep it. */
async function drop(closing: Closing, failed: ReadonlyMap<string, string>): Promise<FindingNote | null> {
  if (failed.size > 0) return undroppable(closing, failed);
  try {
    const text = `DROP USER IF EXISTS ${account(closing.principal.loginName)}`;
    await closing.administrator.use(null, (session) => session.run([text]));
    return null;
  } catch (error) {
    if (!staysAsItIs(error)) throw error;
    return undroppable(closing, new Map([['the account itself', `error ${codeOf(error)}`]]));
  }
}

function undroppable({ principal, owner }: Closing, failed: ReadonlyMap<string, string>): FindingNote {
  const name = account(principal.loginName);
  const list = [...failed].slice(0, 20).map(([what, why]) => `${what} (${why})`);
  const heir = ownerAccount(owner);
  return {
    kind: 'undroppable_principal',
    principal: principal.loginName,
    detail:
      `${name} is locked and has no session, but is kept, because it is the definer of: ${list.join(', ')}. Drop them or make ${heir} their definer (the health of the resource says what Tidegate needs to do so); Tidegate then drops it.`.slice(
        0,
        2000,
      ),
  };
}

function unmarked({ principal }: Closing, actual: Actual | null): FindingNote[] {
  if (actual === null) return [];
  const name = account(principal.loginName);
  return [
    {
      kind: 'undroppable_principal',
      principal: principal.loginName,
      detail: `The account ${name} is not in Tidegate's list for grant ${principal.grant}, so Tidegate does not touch it. If it is not yours, run DROP USER ${name}.`,
    },
  ];
}

async function leftBehind(session: Session, principal: PrincipalRef, entry: Entry): Promise<FindingNote[]> {
  if (principal.privileges === 'read' || principal.since === null) return [];
  return leftTransactions(principal.loginName, await preparedTransactions(session), entry.transactions);
}
