/**
 * The end of a principal. First it can't connect any more, and that is committed before anything else, because a login
 * that slips in between would outlive the cut. Then its roles go, its sessions, what it owns; last the user itself, and
 * its login. Each step looks at what is and can be killed and run again.
 */
import { parseMark } from '../../mark.ts';
import type { Closed, FindingNote, PrincipalRef } from '../../provisioner.ts';
import { belongings, giveAway, runsAs } from './belongings.ts';
import { codeOf, staysAsItIs } from './errors.ts';
import { inspectLogin, inspectUser, type Login, type User } from './inspect.ts';
import { type Ending, endSessions } from './kill.ts';
import { sidOf } from './login-mark.ts';
import { leave, loginSwitch } from './plan.ts';
import { quoteName } from './quote.ts';
import type { Administrator, Session } from './sessions.ts';

export interface Closing {
  readonly administrator: Administrator;
  readonly resource: string;
  readonly databases: readonly string[];
  /** Where logins are; null: there are none (Azure SQL Database). */
  readonly server: string | null;
  /** Who gets what it leaves. */
  readonly heir: string;
  readonly principal: PrincipalRef;
}

export async function close(closing: Closing): Promise<Closed> {
  const { principal } = closing;
  const found = await look(closing);
  const findings = found.foreign.map((what) => unmarked(principal, what));
  if (found.users.size === 0 && found.login === null) {
    rethrow(found.failures);
    // Somebody may have dropped it by hand: that ends no session.
    const ended = findings.length > 0 ? 0 : await endSessions(endingOf(closing, found));
    return { gone: findings.length === 0, changed: ended > 0, findings };
  }
  await shut(closing, found);
  for (const [database, user] of found.users) findings.push(...(await remove(closing, database, user)));
  if (found.login !== null) findings.push(...(await removeLogin(closing)));
  return { gone: findings.length === 0, changed: true, findings };
}

interface Found {
  readonly users: ReadonlyMap<string, User>;
  readonly login: Login | null;
  /** Of the same name and not ours, in words. */
  readonly foreign: readonly string[];
  /** Databases where we could look; elsewhere, why not. */
  readonly reached: readonly string[];
  readonly failures: readonly unknown[];
}

async function look({ administrator, resource, databases, server, principal }: Closing): Promise<Found> {
  const name = principal.loginName;
  const users = new Map<string, User>();
  const foreign: string[] = [];
  const reached: string[] = [];
  const failures: unknown[] = [];
  for (const database of databases) {
    await attempt(failures, async () => {
      const user = await administrator.use(database, 'dbo', (session) => inspectUser(session, name));
      reached.push(database);
      if (user === null) return;
      if (parseMark(name, user.mark)?.grant === principal.grant) users.set(database, user);
      else foreign.push(`The user ${quoteName(name)} in database ${quoteName(database)}`);
    });
  }
  let ours: Login | null = null;
  if (server !== null) {
    await attempt(failures, async () => {
      const login = await administrator.use(server, 'self', (session) => inspectLogin(session, name));
      if (login?.sid === sidOf(resource, principal.grant)) ours = login;
      else if (login !== null) foreign.push(`The login ${quoteName(name)}`);
    });
  }
  return { users, login: ours, foreign, reached, failures };
}

/**
 * Everywhere at once as far as it can be: what fails in one database (a trigger that rolls back, a lock, a database that
 * is offline) keeps neither the others open nor a session alive, and is thrown when the rest is shut. A session of its own
 * may be what holds the lock, so once they are ended it is tried again.
 */
async function shut(closing: Closing, found: Found): Promise<void> {
  const failures = await bar(closing, found);
  await endSessions(endingOf(closing, found));
  rethrow(found.failures);
  if (failures.length === 0) return;
  rethrow(await bar(closing, found));
  await endSessions(endingOf(closing, found));
}

/** @returns what failed */
async function bar(closing: Closing, { users, login }: Found): Promise<readonly unknown[]> {
  const { administrator, server, principal } = closing;
  const failures: unknown[] = [];
  const name = principal.loginName;
  const off = login === null ? null : loginSwitch(name, false, login);
  if (server !== null && off !== null) {
    await attempt(failures, () => administrator.use(server, 'self', (session) => session.run([off])));
  }
  for (const database of users.keys()) {
    const deny = `DENY CONNECT TO ${quoteName(name)}`;
    await attempt(failures, () => administrator.use(database, 'dbo', (session) => session.run([deny])));
  }
  return failures;
}

async function attempt(failures: unknown[], work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    failures.push(error);
  }
}

function rethrow(failures: readonly unknown[]): void {
  if (failures.length > 0) throw failures[0];
}

/** A server shows all sessions anywhere; Azure SQL Database each database's own. */
function endingOf({ administrator, server, principal }: Closing, { users, login, reached }: Found): Ending {
  const sids = [...users.values(), ...(login === null ? [] : [login])].map(({ sid }) => sid);
  const places = server === null ? reached : [server];
  return { administrator, places, loginName: principal.loginName, sids: [...new Set(sids)] };
}

async function remove(closing: Closing, database: string, user: User): Promise<FindingNote[]> {
  const { administrator, heir, principal } = closing;
  const name = principal.loginName;
  const inside = <T>(work: (session: Session) => Promise<T>) => administrator.use(database, 'dbo', work);
  // Should it have to stay, it stays with nothing.
  if (user.roles.length > 0) await inside((session) => session.run(user.roles.map((role) => leave(role, name))));
  let kept: unknown = null;
  try {
    await inside((session) => giveAway(session, name, heir));
  } catch (error) {
    if (!staysAsItIs(error)) throw error;
    kept = error;
  }
  try {
    await inside((session) => session.run([`DROP USER IF EXISTS ${quoteName(name)}`]));
    return [];
  } catch (error) {
    if (!staysAsItIs(error)) throw error;
    return [
      await inside((session) => undroppable(session, closing, codeOf(error), kept === null ? null : codeOf(kept))),
    ];
  }
}

async function removeLogin({ administrator, server, principal }: Closing): Promise<FindingNote[]> {
  if (server === null) return [];
  const name = quoteName(principal.loginName);
  try {
    await administrator.use(server, 'self', (session) => session.run([`DROP LOGIN ${name}`]));
    return [];
  } catch (error) {
    if (!staysAsItIs(error)) throw error;
    const detail = `The login ${name} is disabled but cannot be dropped (error ${codeOf(error)}): it may own a database or a job, or have given permissions. See sys.databases.owner_sid, msdb.dbo.sysjobs.owner_sid and sys.server_permissions; Tidegate then drops it.`;
    return [{ kind: 'undroppable_principal', principal: principal.loginName, detail }];
  }
}

async function undroppable(
  session: Session,
  { principal, heir }: Closing,
  code: string,
  kept: string | null,
): Promise<FindingNote> {
  const name = quoteName(principal.loginName);
  const modules = await runsAs(session, principal.loginName);
  const owned = await belongings(session, principal.loginName);
  const why = [
    ...(modules.length === 0
      ? []
      : [`These run as it: ${some(modules)}. Alter them to EXECUTE AS CALLER or another user.`]),
    ...(owned.length === 0
      ? []
      : [
          `It owns ${some(owned.map((each) => `${each.word} ${each.name}`))}${kept === null ? '' : ` (error ${kept})`}: run ALTER AUTHORIZATION ON … TO ${quoteName(heir)} for each.`,
        ]),
    ...(code === '15284' ? ['It gave permissions: see sys.database_permissions.grantor_principal_id.'] : []),
  ];
  const what = why.length === 0 ? 'The administrator may not, or something not known here holds it.' : why.join(' ');
  const where = quoteName(session.database);
  return {
    kind: 'undroppable_principal',
    principal: principal.loginName,
    detail: cut(
      `In database ${where} the user ${name} cannot connect and is in no role, but cannot be dropped (error ${code}). ${what} Tidegate then drops it.`,
    ),
  };
}

function unmarked(principal: PrincipalRef, what: string): FindingNote {
  const detail = `${what} carries no mark of grant ${principal.grant}, so Tidegate does not touch it. If it is not yours, drop it.`;
  return { kind: 'undroppable_principal', principal: principal.loginName, detail };
}

const some = (list: readonly string[]) => list.slice(0, 10).join(', ') + (list.length > 10 ? ' and more' : '');
/** The link carries 2000 characters. */
const cut = (text: string) => (text.length <= 2000 ? text : `${text.slice(0, 1999)}…`);
