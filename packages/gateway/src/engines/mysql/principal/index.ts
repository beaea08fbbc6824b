/**
 * The principals of one MySQL or MariaDB resource: one account for each grant, named after its person, locked but while the
 * grant is open, with an event that locks it at the end, gone afterwards.
 *
 * Look (inspect), compare (plan), do what is missing, one statement after the other: there are no transactions around
 * accounts here, so the order is what keeps each promise, and every operation can be killed anywhere and run again. Two
 * reconcilers at once meet in the catalog, and the one that loses looks again.
 */
import type { ConnectionTest, DesiredGrant, LookAnswer, LookAt } from '@tidegate/contract';
import type { GrantId, GrantLine } from '@tidegate/core';
import { again as untilAlone } from '../../again.ts';
import { assertNothingMissing } from '../../lines.ts';
import { formatMark } from '../../mark.ts';
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
import { check } from './check.ts';
import { close } from './close.ts';
import { type Durable, ensureDurable } from './durable.ts';
import { codeOf, isConcurrentChange, staysAsItIs } from './errors.ts';
import { type Actual, inspect, inspectSwitch } from './inspect.ts';
import { enter, entryFor, marked } from './ledger.ts';
import { type Atom, atomsOf, heldBelow, lineChanges } from './lines/changes.ts';
import { locateIn } from './lines/find.ts';
import { look } from './look.ts';
import { assertLogin, assertNames, type Owner, ownerOf } from './names.ts';
import { plan, type Step, type Wanted } from './plan.ts';
import { type GrantChanges, grantChanges, privilegesOf } from './privileges.ts';
import { account } from './quote.ts';
import { stored } from './secret.ts';
import type { Server } from './server.ts';
import { type Administrator, Connections, overTls, type Session } from './sessions.ts';
import { test } from './test.ts';
import { preparedTransactions } from './transactions.ts';

/** What a grant's people need beside their sessions, to stop what those run. */
const CANCEL_CONNECTIONS = 2;

/** @param administrator connections of your own, for tests. */
export function mysqlProvisioner(context: ProvisionerContext, administrator?: Administrator): Provisioner {
  return new MysqlPrincipals(context, administrator ?? new Connections(context));
}

const again = <T>(work: () => Promise<T>): Promise<T> =>
  untilAlone(work, { concurrent: isConcurrentChange, pause: () => 20 });

class MysqlPrincipals implements Provisioner {
  readonly #context: ProvisionerContext;
  readonly #administrator: Administrator;
  readonly #owner: Owner;
  /** Ensured once and remembered; null: to be looked at. One look for all that wait for it. */
  #durable: Promise<Durable> | null = null;

  constructor(context: ProvisionerContext, administrator: Administrator) {
    this.#context = context;
    this.#administrator = administrator;
    this.#owner = ownerOf(context.resource);
  }

  async prepare(grant: DesiredGrant): Promise<Made> {
    return this.#make(grant, null);
  }

  async open(grant: DesiredGrant, expiresAt: Temporal.Instant): Promise<Made> {
    return this.#make(grant, expiresAt);
  }

  async close(principal: PrincipalRef): Promise<Closed> {
    const { databases } = this.#context.resource;
    return again(() => close({ administrator: this.#administrator, databases, owner: this.#owner, principal }));
  }

  async leftovers(known: ReadonlySet<GrantId>): Promise<readonly Mark[]> {
    const marks = await this.#administrator.use(null, (session) => marked(session, this.#context.resource.name));
    return marks.filter((mark) => !known.has(mark.grant));
  }

  async check(): Promise<Health> {
    const viaSocket = 'socket' in this.#context.resource.address;
    return check({ administrator: this.#administrator, viaSocket, ensure: () => this.#look() });
  }

  async look(wanted: LookAt): Promise<LookAnswer> {
    return look(this.#administrator, this.#context.resource.databases, wanted);
  }

  async test(): Promise<ConnectionTest> {
    const { resource } = this.#context;
    return tested(async (found) => {
      assertNames(resource, this.#owner);
      await this.#administrator.use(null, (session) => test(session, resource.databases, this.#owner, found));
    });
  }

  async end(): Promise<void> {
    await this.#administrator.end();
  }

  /** @param expiresAt null: unable to log in. */
  async #make(grant: DesiredGrant, expiresAt: Temporal.Instant | null): Promise<Made> {
    assertLogin(grant.loginName);
    await this.#ensured();
    const listed = 'lines' in grant.role ? await this.#listed(grant.role.lines) : null;
    return again(() => this.#administrator.use(null, (session) => this.#bring(session, grant, expiresAt, listed)));
  }

  /** All is looked up before anything is made. @throws ProvisionError `missing` with what is not there */
  async #listed(lines: readonly GrantLine[]): Promise<readonly Atom[]> {
    const located = await locateIn(this.#administrator, this.#context.resource.databases, lines);
    assertNothingMissing(located);
    return atomsOf(located.places);
  }

  /** @param listed what it is given by name; null: its level */
  async #bring(
    session: Session,
    grant: DesiredGrant,
    expiresAt: Temporal.Instant | null,
    listed: readonly Atom[] | null,
  ): Promise<Made> {
    const { loginName } = grant;
    // In this order: whoever makes it writes the entry first.
    const actual = await inspect(session, loginName);
    const entry = await entryFor(session, loginName);
    if (actual !== null && entry?.mark?.grant !== grant.id) throw taken(grant);
    const alarm = await inspectSwitch(session, loginName);
    const privileges = await this.#privileges(session, grant, actual, listed);
    const steps = plan(this.#wanted(grant, expiresAt, actual, session.server, privileges), actual, alarm);
    const mark = this.#mark(grant, expiresAt);
    // First the mark: whatever is made from here on is found by it.
    if (entry === null) await enter(session, loginName, mark, await preparedTransactions(session));
    else if (entry.text !== mark) await enter(session, loginName, mark, []);
    let changed = entry?.text !== mark;
    for (const step of steps) changed = (await this.#take(session, grant, step)) || changed;
    return { changed };
  }

  /** @returns whether it was done */
  async #take(session: Session, grant: DesiredGrant, { text, secret, optional }: Step): Promise<boolean> {
    try {
      await (secret ? session.runSecret([text]) : session.run([text]));
      return true;
    } catch (error) {
      if (!optional || !staysAsItIs(error)) throw error;
      const { resource, log } = this.#context;
      const fields = { resource: resource.name, grant: grant.id, statement: text, code: codeOf(error) };
      log.warn(
        fields,
        'a principal was given more than its role by somebody, and the administrator cannot take it back',
      );
      return false;
    }
  }

  async #privileges(
    session: Session,
    { role, loginName }: DesiredGrant,
    actual: Actual | null,
    listed: readonly Atom[] | null,
  ): Promise<GrantChanges> {
    const { server } = session;
    const name = account(loginName);
    const held = actual?.held ?? [];
    if (listed !== null) return lineChanges(name, listed, await heldBelow(session, loginName, held), server);
    const kind = kindOf(role);
    const wanted = kind === 'lines' ? [] : privilegesOf(kind, server);
    return grantChanges(name, this.#context.resource.databases, wanted, held, server);
  }

  #wanted(
    grant: DesiredGrant,
    expiresAt: Temporal.Instant | null,
    actual: Actual | null,
    server: Server,
    privileges: GrantChanges,
  ): Wanted {
    const { resource, controlNow } = this.#context;
    // An event in the past would never fire: who is late stays locked out.
    const open = expiresAt !== null && expiresAt.epochMilliseconds > controlNow();
    return {
      loginName: grant.loginName,
      privileges,
      stored: stored(server.flavour, grant.principalPassword, actual),
      requireTls: overTls(resource),
      // Stopping what a session runs takes a connection of its own, also when every session is taken.
      connectionLimit: resource.maxSessionsPerGrant + CANCEL_CONNECTIONS,
      openUntil: open ? expiresAt.epochMilliseconds + server.skewMs : null,
      tolerance: server.skewMs === 0 ? 0 : 2_000,
    };
  }

  #mark(grant: DesiredGrant, expiresAt: Temporal.Instant | null): string {
    return formatMark({
      grant: grant.id,
      person: grant.person,
      resource: this.#context.resource.name,
      privileges: kindOf(grant.role),
      since: expiresAt === null || grant.startsAt === null ? null : Temporal.Instant.from(grant.startsAt),
      until: expiresAt,
    });
  }

  #ensured(): Promise<Durable> {
    this.#durable ??= this.#look();
    return this.#durable;
  }

  /** Looks again; meanwhile what is remembered goes on to serve, and one look serves all that have nothing yet. */
  #look(): Promise<Durable> {
    const { databases } = this.#context.resource;
    assertNames(this.#context.resource, this.#owner);
    const looking = again(() =>
      this.#administrator.use(null, (session) => ensureDurable(session, { databases, owner: this.#owner })),
    );
    this.#durable ??= looking;
    looking.then(
      () => {
        this.#durable = looking;
      },
      () => {
        this.#durable = null; // whoever waits for it gets the error; the next looks again
      },
    );
    return looking;
  }
}

function taken(grant: DesiredGrant): ProvisionError {
  const name = account(grant.loginName);
  return new ProvisionError(
    'The database has another user of the name that this grant needs.',
    'name_taken',
    `The account ${name} exists and is not in Tidegate's list for grant ${grant.id}: Tidegate does not touch it. Drop or rename it.`,
  );
}
