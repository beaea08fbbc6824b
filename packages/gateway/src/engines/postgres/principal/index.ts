/**
 * The principals of one PostgreSQL resource: one database user for each grant, named after its person, able to log in
 * only while the grant is open, member of a durable role that holds the privileges, gone at the end.
 *
 * Look (inspect), compare (plan), do what is missing in one transaction: so every operation can be killed anywhere and run
 * again. No advisory locks: a person's own session could hold them and keep their door open. Two reconcilers at once
 * meet in the catalog instead, and the one that loses looks again.
 */
import { randomBytes } from 'node:crypto';
import type { ConnectionTest, DesiredGrant, LookAnswer, LookAt } from '@tidegate/contract';
import type { GrantId, GrantLine } from '@tidegate/core';
import { postgres } from '@tidegate/wire';
import {
  type Closed,
  type Health,
  type Kind,
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
import { again, type Durable, type DurableOptions, ensureDurable } from './durable.ts';
import { inspect } from './inspect.ts';
import { marked } from './leftovers.ts';
import { give, type Listed, listed } from './lines/index.ts';
import { look } from './look.ts';
import { formatMark, parseMark } from './mark.ts';
import { assertName, groupFor, groupNames } from './names.ts';
import { plan, type Setting, type Wanted } from './plan.ts';
import { type Administrator, Connections } from './sessions.ts';
import { test } from './test.ts';

/** The principal's password is random, so stretching it buys nothing and would cost the relay at each login. */
const SCRAM_ITERATIONS = 4096;

/** @param administrator connections of your own, for tests. */
export function postgresProvisioner(context: ProvisionerContext, administrator?: Administrator): Provisioner {
  return new PostgresPrincipals(context, administrator ?? new Connections(context));
}

class PostgresPrincipals implements Provisioner {
  readonly #context: ProvisionerContext;
  readonly #administrator: Administrator;
  readonly #options: DurableOptions;
  readonly #verifiers = new Map<GrantId, { password: string; verifier: string }>();
  /** Ensured once and remembered; null: to be looked at. One look for all that wait for it. */
  #durable: Promise<Durable> | null = null;

  constructor(context: ProvisionerContext, administrator: Administrator) {
    const { resource } = context;
    this.#context = context;
    this.#administrator = administrator;
    this.#options = {
      administrator,
      resource: resource.name,
      databases: resource.databases,
      home: resource.databases[0] ?? '',
      names: groupNames(resource),
    };
  }

  async prepare(grant: DesiredGrant): Promise<Made> {
    return this.#make(grant, null);
  }

  async open(grant: DesiredGrant, expiresAt: Temporal.Instant): Promise<Made> {
    return this.#make(grant, expiresAt);
  }

  async close(principal: PrincipalRef): Promise<Closed> {
    this.#verifiers.delete(principal.grant);
    const { administrator, home, names, resource } = this.#options;
    return again(() => close({ administrator, home, names, resource, principal }));
  }

  async leftovers(known: ReadonlySet<GrantId>): Promise<readonly Mark[]> {
    const { administrator, home, resource } = this.#options;
    const marks = await administrator.use(home, (session) => marked(session, resource));
    return marks.filter((mark) => !known.has(mark.grant));
  }

  async check(): Promise<Health> {
    const { administrator, home } = this.#options;
    const viaSocket = 'socket' in this.#context.resource.address;
    return check({ administrator, home, viaSocket, ensure: () => this.#look() });
  }

  async look(wanted: LookAt): Promise<LookAnswer> {
    return look(this.#administrator, this.#context.resource.databases, wanted);
  }

  async test(): Promise<ConnectionTest> {
    const { administrator, databases, names } = this.#options;
    return tested(async (found) => {
      this.#assertNames();
      await test(administrator, databases, names, found);
    });
  }

  async end(): Promise<void> {
    await this.#administrator.end();
  }

  async #make(grant: DesiredGrant, expiresAt: Temporal.Instant | null): Promise<Made> {
    assertName('principal', grant.loginName);
    const durable = await this.#ensured();
    if ('lines' in grant.role) return this.#makeListed(grant, grant.role.lines, expiresAt, durable);
    return this.#bring(grant, expiresAt, durable, null);
  }

  /** First all is looked up, then it is there, then it has what is listed; only then it may log in. */
  async #makeListed(
    grant: DesiredGrant,
    lines: readonly GrantLine[],
    expiresAt: Temporal.Instant | null,
    durable: Durable,
  ): Promise<Made> {
    const { administrator, home, databases } = this.#options;
    const { loginName } = grant;
    const wanted = await listed(administrator, databases, lines);
    const lookUp = () => administrator.use(home, (session) => inspect(session, loginName));
    const before = await lookUp();
    const made = before === null || expiresAt === null ? await this.#bring(grant, null, durable, wanted) : UNCHANGED;
    const there = before ?? (await lookUp());
    if (there === null) throw taken(grant); // dropped by somebody this moment
    if (parseMark(loginName, there.comment)?.grant !== grant.id) throw taken(grant);
    const given = await give(administrator, { oid: there.oid, loginName }, wanted);
    const opened = expiresAt === null ? UNCHANGED : await this.#bring(grant, expiresAt, durable, wanted);
    return { changed: made.changed || given || opened.changed };
  }

  /**
   * The role itself, as it should be.
   *
   * @param expiresAt null: unable to log in
   * @param given what it is given by name; null: its level
   */
  async #bring(
    grant: DesiredGrant,
    expiresAt: Temporal.Instant | null,
    durable: Durable,
    given: Listed | null,
  ): Promise<Made> {
    const { administrator, home } = this.#options;
    return again(() =>
      administrator.use(home, async (session) => {
        const wanted = this.#wanted(grant, expiresAt, durable, session.server.skewMs, given);
        const actual = await inspect(session, grant.loginName);
        if (actual !== null && parseMark(grant.loginName, actual.comment)?.grant !== grant.id) throw taken(grant);
        const { statements, changed } = plan(wanted, actual, session.server);
        await session.run(statements);
        return { changed };
      }),
    );
  }

  #wanted(
    grant: DesiredGrant,
    expiresAt: Temporal.Instant | null,
    durable: Durable,
    skewMs: number,
    given: Listed | null,
  ): Wanted {
    const { resource } = this.#context;
    const kind = kindOf(grant.role);
    const group = groupFor(this.#options.names, kind);
    const since = grant.startsAt === null ? null : Temporal.Instant.from(grant.startsAt);
    return {
      loginName: grant.loginName,
      login: expiresAt !== null,
      validUntil: expiresAt === null ? 0 : expiresAt.epochMilliseconds + skewMs,
      tolerance: expiresAt === null || skewMs === 0 ? 0 : 2_000,
      connectionLimit: resource.maxSessionsPerGrant,
      verifier: this.#verifier(grant),
      comment: formatMark({
        grant: grant.id,
        person: grant.person,
        resource: resource.name,
        privileges: kind,
        since: expiresAt === null ? null : since,
        until: expiresAt,
      }),
      group: kind === 'lines' ? null : group,
      how: kind === 'own' ? 'set' : 'inherit',
      settings: settingsFor(kind, group, resource.databases),
      connectTo: connectTo(kind, durable, given),
    };
  }

  #verifier(grant: DesiredGrant): string {
    const known = this.#verifiers.get(grant.id);
    if (known !== undefined && known.password === grant.principalPassword) return known.verifier;
    const verifier = postgres.scramVerifier(grant.principalPassword, randomBytes(16), SCRAM_ITERATIONS);
    this.#verifiers.set(grant.id, { password: grant.principalPassword, verifier });
    return verifier;
  }

  #ensured(): Promise<Durable> {
    this.#durable ??= this.#look();
    return this.#durable;
  }

  /** Looks again; meanwhile what is remembered goes on to serve, and one look serves all that have nothing yet. */
  #look(): Promise<Durable> {
    this.#assertNames();
    const looking = ensureDurable(this.#options);
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

  #assertNames(): void {
    const { resource } = this.#context;
    assertName('owner role', this.#options.names.owner);
    for (const database of resource.databases) assertName('database', database);
    assertName('first database', this.#options.home);
  }
}

/**
 * A reader's sessions start read-only: a guard against slips, the privileges are what holds. An owner's start as the
 * durable role, also after RESET ROLE and DISCARD ALL, so that what they make is that role's (promise 6).
 */
function settingsFor(kind: Kind, group: string, databases: readonly string[]): Setting[] {
  switch (kind) {
    case 'read':
      return [{ database: null, name: 'default_transaction_read_only', value: 'on' }];
    case 'write':
    case 'lines':
      return [];
    case 'own':
      return databases.map((database) => ({ database, name: 'role', value: group }));
  }
}

/** Whoever is a member of a group has CONNECT by it; the others need it in their own name where PUBLIC has it not. */
function connectTo(kind: Kind, { closedToPublic }: Durable, given: Listed | null): readonly string[] {
  if (kind === 'own') return closedToPublic;
  return given === null ? [] : closedToPublic.filter((database) => (given.get(database)?.length ?? 0) > 0);
}

const UNCHANGED: Made = { changed: false };

function taken(grant: DesiredGrant): ProvisionError {
  const name = postgres.quoteIdent(grant.loginName);
  return new ProvisionError(
    'The database has another user of the name that this grant needs.',
    'name_taken',
    `The role ${name} exists and carries no mark of grant ${grant.id}: Tidegate does not touch it. Drop or rename it.`,
  );
}
