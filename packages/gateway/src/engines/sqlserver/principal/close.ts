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
import { sidOf } from './login-mark.ts';
import { leave, loginSwitch } from './plan.ts';
import { quoteName } from './quote.ts';
import type { Administrator, Session } from './sessions.ts';
import { endSessions } from './sessions-of.ts';

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
  const { administrator, databases, server, principal } = closing;
  const name = principal.loginName;
  const login =
    server === null ? null : await administrator.use(server, 'self', (session) => inspectLogin(session, name));
  const ourLogin = login !== null && login.sid === sidOf(closing.resource, principal.grant) ? login : null;
  const users = new Map<string, User>();
  const findings: FindingNote[] = [];
  for (const database of databases) {
    const user = await administrator.use(database, 'dbo', (session) => inspectUser(session, name));
    if (user === null) continue;
    if (parseMark(name, user.mark)?.grant === principal.grant) users.set(database, user);
    else findings.push(unmarked(principal, `The user ${quoteName(name)} in database ${quoteName(database)}`));
  }
  if (login !== null && ourLogin === null) findings.push(unmarked(principal, `The login ${quoteName(name)}`));
  if (users.size === 0 && ourLogin === null) {
    // Somebody may have dropped it by hand: that ends no session.
    const ended =
      findings.length > 0 ? 0 : await endSessions({ administrator, places: placesOf(closing), loginName: name });
    return { gone: findings.length === 0, changed: ended > 0, findings };
  }

  await shut(closing, users.keys(), ourLogin);
  for (const [database, user] of users) findings.push(...(await remove(closing, database, user)));
  if (ourLogin !== null) findings.push(...(await removeLogin(closing)));
  return { gone: findings.length === 0, changed: true, findings };
}

/**
 * Everywhere at once as far as it can be: what fails in one database (a trigger that rolls back, a lock) keeps neither
 * the others open nor a session alive, and is thrown when the rest is shut.
 */
async function shut(closing: Closing, databases: Iterable<string>, login: Login | null): Promise<void> {
  const { administrator, server, principal } = closing;
  const name = principal.loginName;
  const failures: unknown[] = [];
  const attempt = async (work: () => Promise<unknown>) => {
    try {
      await work();
    } catch (error) {
      failures.push(error);
    }
  };
  const off = login === null ? null : loginSwitch(name, false, login);
  if (server !== null && off !== null) {
    await attempt(() => administrator.use(server, 'self', (session) => session.run([off])));
  }
  for (const database of databases) {
    const deny = `DENY CONNECT TO ${quoteName(name)}`;
    await attempt(() => administrator.use(database, 'dbo', (session) => session.run([deny])));
  }
  await attempt(() => endSessions({ administrator, places: placesOf(closing), loginName: name }));
  if (failures.length > 0) throw failures[0];
}

/** A server shows all sessions anywhere; Azure SQL Database each database's own. */
const placesOf = ({ server, databases }: Closing): readonly string[] => (server === null ? databases : [server]);

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
