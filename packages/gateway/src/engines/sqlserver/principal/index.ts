/**
 * The principals of one SQL Server or Azure SQL resource: for each grant one contained user in each database (where a
 * database is not contained, one login and its users), named after its person, able to connect only while the grant is
 * open, gone at the end.
 *
 * Look (inspect), compare (plan), do what is missing in one transaction a database: so every operation can be killed
 * anywhere and run again. Two reconcilers at once meet in the catalog, and the one that loses looks again.
 */
import type { ConnectionTest, DesiredGrant, DesiredResource, LookAnswer, LookAt } from '@tidegate/contract';
import type { GrantId, GrantLine } from '@tidegate/core';
import { again as tryAgain } from '../../again.ts';
import { assertNothingMissing } from '../../lines.ts';
import { formatMark, parseMark } from '../../mark.ts';
import {
  type Closed,
  type Health,
  kindOf,
  type Made,
  type Mark,
  type PrincipalRef,
  ProvisionError,
  type Provisioner,
  type ProvisionerContext,
} from '../../provisioner.ts';
import { tested } from '../../test.ts';
import { check, lookAround } from './check.ts';
import { close } from './close.ts';
import { isConcurrentChange } from './errors.ts';
import { inspectLogin, inspectUser, type User } from './inspect.ts';
import { marked } from './leftovers.ts';
import { type Atom, atomsOf, heldBy, lineChanges } from './lines/changes.ts';
import { locateIn } from './lines/find.ts';
import { sidOf } from './login-mark.ts';
import { look } from './look.ts';
import { Passwords } from './passwords.ts';
import { changes, creation, loginCreation, loginPassword, loginSwitch, userPassword, type Wanted } from './plan.ts';
import { heirOf, powersOf } from './powers.ts';
import { NAME_MAX, quoteName } from './quote.ts';
import { type Administrator, Connections, type Session } from './sessions.ts';
import { connectTedious } from './tedious.ts';

/** By database: what the lines of a role come to there. */
type Listed = ReadonlyMap<string, readonly Atom[]>;

/** Where a server keeps its logins; Azure SQL Database is left out, its logins take minutes to change. */
const SERVER_DATABASE = 'master';
const BY_LOGIN = 1;

/** @param administrator connections of your own, for tests. */
export function sqlserverProvisioner(context: ProvisionerContext, administrator?: Administrator): Provisioner {
  const { resource, password } = context;
  return new SqlServerPrincipals(
    resource,
    administrator ?? new Connections({ resource, password, connect: connectTedious }),
  );
}

class SqlServerPrincipals implements Provisioner {
  readonly #resource: DesiredResource;
  readonly #administrator: Administrator;
  readonly #passwords = new Passwords();

  constructor(resource: DesiredResource, administrator: Administrator) {
    this.#resource = resource;
    this.#administrator = administrator;
  }

  async prepare(grant: DesiredGrant): Promise<Made> {
    return again(() => this.#make(grant, null));
  }

  /** `expiresAt` goes into the mark; nothing in SQL Server would keep it (docs/SQLSERVER.md, While the gateway is down). */
  async open(grant: DesiredGrant, expiresAt: Temporal.Instant): Promise<Made> {
    return again(() => this.#make(grant, expiresAt));
  }

  async close(principal: PrincipalRef): Promise<Closed> {
    this.#passwords.forget(principal.grant);
    const { databases, name, ownerRole } = this.#resource;
    const server = await this.#server();
    const heir = heirOf(principal.privileges, ownerRole);
    return again(() =>
      close({ administrator: this.#administrator, resource: name, databases, server, heir, principal }),
    );
  }

  async leftovers(known: ReadonlySet<GrantId>): Promise<readonly Mark[]> {
    const { databases, name } = this.#resource;
    const server = await this.#server();
    const marks = await marked({ administrator: this.#administrator, resource: name, databases, server });
    return marks.filter((mark) => !known.has(mark.grant));
  }

  async check(): Promise<Health> {
    const { databases, ownerRole } = this.#resource;
    return check({ administrator: this.#administrator, databases, ownerRole });
  }

  async look(wanted: LookAt): Promise<LookAnswer> {
    return look(this.#administrator, this.#resource.databases, wanted);
  }

  async test(): Promise<ConnectionTest> {
    const { databases, ownerRole } = this.#resource;
    return tested(async (found) => {
      await lookAround({ administrator: this.#administrator, databases, ownerRole }, found, (server) => {
        found.server = server.name;
        found.administrator = quoteName(server.administrator);
        found.tls = server.tls;
      });
    });
  }

  async end(): Promise<void> {
    await this.#administrator.end();
  }

  /** @param expiresAt null: unable to connect. */
  async #make(grant: DesiredGrant, expiresAt: Temporal.Instant | null): Promise<Made> {
    this.#assertNames(grant);
    const listed = 'lines' in grant.role ? await this.#listed(grant.role.lines) : null;
    const wanted = this.#wanted(grant, expiresAt);
    const users = new Map<string, User | null>();
    let byLogin = false;
    for (const database of this.#resource.databases) {
      const { user, contained } = await this.#inside(database, async (session) => ({
        user: await inspectUser(session, grant.loginName),
        contained: session.server.contained,
      }));
      if (user !== null && parseMark(grant.loginName, user.mark)?.grant !== grant.id) throw taken(grant, 'user');
      // Who has nothing to do in a database is nobody there.
      if (user === null && listed !== null && (listed.get(database)?.length ?? 0) === 0) continue;
      users.set(database, user);
      byLogin ||= user === null ? !contained : user.authentication === BY_LOGIN;
    }
    // The login is there, and shut if it must be, before its users are made; it is opened after.
    let changed = byLogin && (await this.#login(grant, wanted.open ? 'there' : 'shut'));
    for (const [database, user] of users)
      changed = (await this.#user(grant, wanted, database, user, listed)) || changed;
    if (byLogin && wanted.open) changed = (await this.#login(grant, 'open')) || changed;
    return { changed };
  }

  /** All is looked up before anything is made. @throws ProvisionError `missing` with what is not there */
  async #listed(lines: readonly GrantLine[]): Promise<Listed> {
    const located = await locateIn(this.#administrator, this.#resource.databases, lines);
    assertNothingMissing(located);
    return new Map([...located.places].map(([database, found]) => [database, atomsOf(found)]));
  }

  #wanted(grant: DesiredGrant, expiresAt: Temporal.Instant | null): Wanted {
    const privileges = kindOf(grant.role);
    const since = expiresAt === null || grant.startsAt === null ? null : Temporal.Instant.from(grant.startsAt);
    const { id, person } = grant;
    const resource = this.#resource.name;
    return {
      loginName: grant.loginName,
      open: expiresAt !== null,
      mark: formatMark({ grant: id, person, resource, privileges, since, until: expiresAt }),
      powers: powersOf(privileges, this.#resource.ownerRole),
    };
  }

  /**
   * @param listed what it is given by name; null: its level
   * @returns whether something was changed, but for a password put again
   */
  async #user(
    grant: DesiredGrant,
    wanted: Wanted,
    database: string,
    user: User | null,
    listed: Listed | null,
  ): Promise<boolean> {
    return this.#inside(database, async (session) => {
      const byLogin = user === null ? !session.server.contained : user.authentication === BY_LOGIN;
      const password = grant.principalPassword;
      const given = listed === null ? [] : await this.#given(session, grant, user, listed.get(database) ?? []);
      const statements =
        user === null
          ? [...creation(wanted, byLogin ? 'login' : { password }), ...given]
          : [...given, ...changes(wanted, user)];
      const stale = user !== null && !byLogin && !this.#passwords.isSet(grant, database, user.modified);
      if (stale) await session.runSecret([userPassword(grant.loginName, password)]);
      if (user === null) await session.runSecret(statements);
      else await session.run(statements);
      if (!byLogin && (stale || statements.length > 0)) {
        const now = await inspectUser(session, grant.loginName);
        if (now !== null) this.#passwords.remember(grant, database, now.modified);
      }
      return statements.length > 0;
    });
  }

  /** Before it may connect it has what it should, and no more. */
  async #given(
    session: Session,
    { loginName }: DesiredGrant,
    user: User | null,
    wanted: readonly Atom[],
  ): Promise<readonly string[]> {
    return lineChanges(loginName, wanted, user === null ? [] : await heldBy(session, loginName));
  }

  /**
   * A new login is always shut.
   *
   * @param to `there`: however it is
   * @returns whether something was changed, but for a password put again
   */
  async #login(grant: DesiredGrant, to: 'there' | 'shut' | 'open'): Promise<boolean> {
    const { loginName, principalPassword: password } = grant;
    const sid = sidOf(this.#resource.name, grant.id);
    return this.#administrator.use(SERVER_DATABASE, 'self', async (session) => {
      const login = await inspectLogin(session, loginName);
      if (login !== null && login.sid !== sid) throw taken(grant, 'login');
      const home = this.#resource.databases[0] ?? SERVER_DATABASE;
      if (login === null) await session.runSecret([loginCreation(loginName, password, sid, home)]);
      const stale = login !== null && !this.#passwords.isSet(grant, '', login.modified);
      if (stale) await session.runSecret([loginPassword(loginName, password)]);
      const turn =
        login !== null && to === 'there' ? null : loginSwitch(loginName, to === 'open', login ?? { disabled: false });
      if (turn !== null) await session.run([turn]);
      if (login === null || stale || turn !== null) {
        const now = await inspectLogin(session, loginName);
        if (now !== null) this.#passwords.remember(grant, '', now.modified);
      }
      return login === null || turn !== null;
    });
  }

  #inside<T>(database: string, work: (session: Session) => Promise<T>): Promise<T> {
    return this.#administrator.use(database, 'dbo', work);
  }

  /** Where logins are; null: a server that has none for us. Any database that answers can tell. */
  async #server(): Promise<string | null> {
    let failure: unknown = null;
    for (const database of this.#resource.databases) {
      try {
        const azure = await this.#inside(database, async (session) => session.server.azure);
        return azure ? null : SERVER_DATABASE;
      } catch (error) {
        failure ??= error;
      }
    }
    throw failure ?? new ProvisionError('The resource names no database.', 'name', 'The resource names no database.');
  }

  #assertNames(grant: DesiredGrant): void {
    const { databases, ownerRole } = this.#resource;
    for (const name of [grant.loginName, ...databases, ...(ownerRole === null ? [] : [ownerRole])]) {
      if (name !== '' && name.length <= NAME_MAX && !name.includes('\0') && name.isWellFormed()) continue;
      throw new ProvisionError(
        'The configuration names something that SQL Server cannot have.',
        'name',
        `A name must be 1 to ${NAME_MAX} characters: ${JSON.stringify(name)}.`,
      );
    }
  }
}

/** Somebody else changed the same principal meanwhile: look again at what is, then do what is still missing. */
const again = <T>(work: () => Promise<T>) => tryAgain(work, { concurrent: isConcurrentChange });

function taken(grant: DesiredGrant, what: 'user' | 'login'): ProvisionError {
  const name = quoteName(grant.loginName);
  return new ProvisionError(
    'The database has another user of the name that this grant needs.',
    'name_taken',
    `The ${what} ${name} exists and carries no mark of grant ${grant.id}: Tidegate does not touch it. Drop or rename it.`,
  );
}
