/**
 * The end of a principal. First it can't log in any more, and that is committed before anything else, because a login
 * that slips in between would outlive the cut. Then its privileges go, its sessions, what it left half done, what it
 * owns; last the role itself. Each step looks at what is and can be killed and run again.
 */
import { postgres } from '@tidegate/wire';
import { z } from 'zod';
import { type Closed, type FindingNote, type PrincipalRef, ProvisionError } from '../../provisioner.ts';
import { hangUpsFirst, untilGone } from '../../settle.ts';
import { dependencies, giveAway, staysAsItIs } from './belongings.ts';
import { codeOf } from './errors.ts';
import { commandOver, ensureGroups, ensureHeir } from './groups.ts';
import { type Actual, inspect } from './inspect.ts';
import { takeAll } from './lines/index.ts';
import { parseMark } from './mark.ts';
import { type GroupNames, groupFor } from './names.ts';
import { revokeConnect, revokeMembership } from './plan.ts';
import { clearPrepared } from './prepared.ts';
import type { Administrator, Session } from './sessions.ts';

const { quoteIdent, quoteLiteral } = postgres;

export interface Closing {
  readonly administrator: Administrator;
  /** The database for what concerns the whole server. */
  readonly home: string;
  readonly names: GroupNames;
  readonly resource: string;
  readonly principal: PrincipalRef;
}

export async function close(closing: Closing): Promise<Closed> {
  const { administrator, home, principal } = closing;
  const found = await administrator.use(home, (session) => inspect(session, principal.loginName));
  if (found === null) {
    return { gone: true, changed: false, findings: await administrator.use(home, (s) => ownersPrepared(s, closing)) };
  }
  if (parseMark(principal.loginName, found.comment)?.grant !== principal.grant) {
    return { gone: false, changed: false, findings: [unmarked(principal)] };
  }
  await shut(closing, found);
  await strip(closing, found);
  await endSessions(closing, found);
  if (principal.privileges === 'lines') {
    await takeAll(administrator, home, { oid: found.oid, loginName: principal.loginName });
  }
  const prepared = await clearPrepared(administrator, home, principal.loginName);
  const dropped = await drop(closing, await leave(closing, found));
  const left = await administrator.use(home, (session) => ownersPrepared(session, closing));
  const findings = [...prepared, ...(dropped === null ? [] : [dropped]), ...left];
  return { gone: dropped === null, changed: true, findings };
}

/** No more logins: by itself, so that nothing that may fail can hold it up. */
async function shut(closing: Closing, found: Actual): Promise<void> {
  const { administrator, home, principal } = closing;
  const attributes = `NOLOGIN PASSWORD NULL VALID UNTIL '1970-01-01T00:00:00Z' CONNECTION LIMIT 0`;
  const alter = `ALTER ROLE ${quoteIdent(principal.loginName)} ${attributes}`;
  try {
    await administrator.use(home, (session) => session.run([alter]));
  } catch (error) {
    if (codeOf(error) !== '55P03') throw error;
    // Its own session can hold its row in the catalog (ALTER ROLE … PASSWORD in an open transaction, or in a prepared
    // one): end that first.
    await strip(closing, found);
    await terminate(closing, found);
    await clearPrepared(administrator, home, principal.loginName);
    await administrator.use(home, (session) => session.run([alter]));
  }
}

/**
 * Its open sessions lose at once what they inherit; and we get what it takes to end them and to act for it. A membership
 * that we may not revoke must not keep its sessions alive: what can't be done without this fails by itself further down.
 *
 * CONNECT is taken back by name, as it was given: an administrator that may give it in its own name gave it so, and
 * DROP OWNED, which takes back as whoever holds the most (the database's owner), passes over that.
 */
async function strip({ administrator, home, principal: { loginName } }: Closing, found: Actual): Promise<void> {
  const steps: ((session: Session) => string[])[] = [
    ...found.memberships.map((given) => (s: Session) => [revokeMembership(given.role, loginName, given, s.server)]),
    ...found.connects.map((database) => () => [revokeConnect(database, loginName)]),
    (session) => (session.server.superuser ? [] : [commandOver(loginName, session)]),
  ];
  for (const step of steps) {
    try {
      await administrator.use(home, (session) => session.run(step(session)));
    } catch (error) {
      if (codeOf(error) !== '42501') throw error;
    }
  }
}

const sessionCount = z.object({ sessions: z.int() });

async function count({ administrator, home }: Closing, found: Actual): Promise<number> {
  const text = 'SELECT count(*)::int AS sessions FROM pg_stat_activity WHERE usesysid = $1';
  const [row] = await administrator.use(home, (session) => session.rows(sessionCount, text, [found.oid]));
  return row?.sessions ?? 0;
}

const backend = z.object({ terminated: z.boolean() });

/** @returns how many sessions were told to end */
async function terminate({ administrator, home }: Closing, found: Actual): Promise<number> {
  const text = 'SELECT pg_terminate_backend(pid) AS terminated FROM pg_stat_activity WHERE usesysid = $1';
  const told = await administrator.use(home, (session) => session.rows(backend, text, [found.oid]));
  return told.length;
}

/** @throws ProvisionError while a session lives: the grant's end is not kept until none does. */
async function endSessions(closing: Closing, found: Actual): Promise<void> {
  await hangUpsFirst(() => count(closing, found));
  const left = await untilGone(() => terminate(closing, found));
  if (left === 0) return;
  throw new ProvisionError(
    'A session of this grant has not ended in the database yet.',
    'session_left',
    `${left} sessions of ${quoteIdent(closing.principal.loginName)} do not end though told to.`,
  );
}

/** @returns databases where it could not be parted from what it owns, with the reason's code */
async function leave(closing: Closing, found: Actual): Promise<Map<string, string>> {
  const { administrator, home, names, resource, principal } = closing;
  const held = await administrator.use(home, (session) => dependencies(session, found.oid));
  if (held.length === 0) return new Map();
  await administrator.use(home, (session) => ensureGroups(session, names, resource));
  if (principal.privileges === 'lines') {
    await administrator.use(home, (session) => ensureHeir(session, names.lines, resource));
  }
  const databases = new Set(held.map((row) => row.database ?? home));
  return giveAway(administrator, databases, principal.loginName, groupFor(names, principal.privileges));
}

/** @returns what stands in the way, null when the role is gone. */
async function drop(closing: Closing, failed: ReadonlyMap<string, string>): Promise<FindingNote | null> {
  const { administrator, home, principal } = closing;
  try {
    await administrator.use(home, (session) => session.run([`DROP ROLE IF EXISTS ${quoteIdent(principal.loginName)}`]));
    return null;
  } catch (error) {
    if (!staysAsItIs(error)) throw error;
    return undroppable(closing, codeOf(error), failed);
  }
}

async function undroppable(closing: Closing, code: string, failed: ReadonlyMap<string, string>): Promise<FindingNote> {
  const { administrator, home, principal } = closing;
  const name = quoteIdent(principal.loginName);
  const { held, admin } = await administrator.use(home, async (session) => {
    const now = await inspect(session, principal.loginName);
    return { held: now === null ? [] : await dependencies(session, now.oid), admin: session.server.administrator };
  });
  const places = held.map(({ database, objects }) => {
    const why = failed.get(database ?? home);
    const where = database === null ? 'the server as a whole' : `database ${quoteIdent(database)}`;
    return `${objects} in ${where}${why === undefined ? '' : ` (SQLSTATE ${why})`}`;
  });
  const what =
    places.length === 0
      ? `The server refuses to drop it (SQLSTATE ${code}).`
      : `Objects hold it: ${places.join(', ')}.`;
  return {
    kind: 'undroppable_principal',
    principal: principal.loginName,
    detail: `${name} cannot log in and has no privileges, but cannot be dropped. ${what} As a superuser run REASSIGN OWNED BY ${name} TO ${quoteIdent(groupFor(closing.names, principal.privileges))} and DROP OWNED BY ${name} in each of these databases, or GRANT ${name} TO ${quoteIdent(admin)} WITH ADMIN OPTION; Tidegate then drops it.`,
  };
}

function unmarked(principal: PrincipalRef): FindingNote {
  const name = quoteIdent(principal.loginName);
  return {
    kind: 'undroppable_principal',
    principal: principal.loginName,
    detail: `The role ${name} carries no mark of grant ${principal.grant}, so Tidegate does not touch it. If it is not yours, run ALTER ROLE ${name} NOLOGIN and drop it.`,
  };
}

const leftTransaction = z.object({ gid: z.string(), database: z.string() });

/**
 * An owner's prepared transactions belong to the owner role, and could be another's: they are told, never ended. They hold
 * locks until somebody ends them.
 */
async function ownersPrepared(session: Session, { names, principal }: Closing): Promise<FindingNote[]> {
  if (principal.privileges !== 'own' || principal.since === null) return [];
  const rows = await session.rows(
    leftTransaction,
    `SELECT gid, database FROM pg_prepared_xacts WHERE owner = $1 AND prepared >= $2::timestamptz ORDER BY prepared LIMIT 20`,
    [names.owner, principal.since.toString()],
  );
  if (rows.length === 0) return [];
  const list = rows.map(({ gid, database }) => `ROLLBACK PREPARED ${quoteLiteral(gid)} in ${quoteIdent(database)}`);
  return [
    {
      kind: 'prepared_transaction',
      principal: principal.loginName,
      detail: `Prepared transactions of ${quoteIdent(names.owner)} since the grant began hold locks. If no application waits for them, run ${list.join('; ')}.`,
    },
  ];
}
