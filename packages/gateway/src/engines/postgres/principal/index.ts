/**
 * The principals of one PostgreSQL resource: one database user for each grant, named after its person, able to log in
 * only while the grant is open, member of a durable role that holds the privileges, gone at the end.
 *
 * Look (inspect), compare (plan), do what is missing in one transaction: so every operation can be killed anywhere and run
 * again. No advisory locks: a person's own session could hold them and keep their door open. Two reconcilers at once
 * meet in the catalog instead, and the one that loses looks again.
 */
import { randomBytes } from 'node:crypto';
import type { DesiredGrant } from '@tidegate/contract';
import type { GrantId } from '@tidegate/core';
import { postgres } from '@tidegate/wire';
import {
  type Closed,
  type Health,
  type Made,
  type Mark,
  type PrincipalRef,
  ProvisionError,
  type Provisioner,
  type ProvisionerContext,
} from '../../provisioner.ts';
import { check } from './check.ts';
import { close } from './close.ts';
import { again, type Durable, type DurableOptions, ensureDurable } from './durable.ts';
import { inspect } from './inspect.ts';
import { marked } from './leftovers.ts';
import { formatMark, parseMark } from './mark.ts';
import { assertName, groupFor, groupNames } from './names.ts';
import { plan, type Setting, type Wanted } from './plan.ts';
import { type Administrator, Connections } from './sessions.ts';

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

  async end(): Promise<void> {
    await this.#administrator.end();
  }

  /** @param expiresAt null: unable to log in. */
  async #make(grant: DesiredGrant, expiresAt: Temporal.Instant | null): Promise<Made> {
    assertName('principal', grant.loginName);
    const durable = await this.#ensured();
    const { administrator, home } = this.#options;
    return again(() =>
      administrator.use(home, async (session) => {
        const wanted = this.#wanted(grant, expiresAt, durable, session.server.skewMs);
        const actual = await inspect(session, grant.loginName);
        if (actual !== null && parseMark(grant.loginName, actual.comment)?.grant !== grant.id) throw taken(grant);
        const { statements, changed } = plan(wanted, actual, session.server);
        await session.run(statements);
        return { changed };
      }),
    );
  }

  #wanted(grant: DesiredGrant, expiresAt: Temporal.Instant | null, durable: Durable, skewMs: number): Wanted {
    const { resource } = this.#context;
    const { privileges } = grant.role;
    const group = groupFor(this.#options.names, privileges);
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
        privileges,
        since: expiresAt === null ? null : since,
        until: expiresAt,
      }),
      group,
      how: privileges === 'own' ? 'set' : 'inherit',
      settings: settingsFor(privileges, group, resource.databases),
      connectTo: privileges === 'own' ? durable.closedToPublic : [],
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
function settingsFor(privileges: 'read' | 'write' | 'own', group: string, databases: readonly string[]): Setting[] {
  switch (privileges) {
    case 'read':
      return [{ database: null, name: 'default_transaction_read_only', value: 'on' }];
    case 'write':
      return [];
    case 'own':
      return databases.map((database) => ({ database, name: 'role', value: group }));
  }
}

function taken(grant: DesiredGrant): ProvisionError {
  const name = postgres.quoteIdent(grant.loginName);
  return new ProvisionError(
    'The database has another user of the name that this grant needs.',
    'name_taken',
    `The role ${name} exists and carries no mark of grant ${grant.id}: Tidegate does not touch it. Drop or rename it.`,
  );
}
