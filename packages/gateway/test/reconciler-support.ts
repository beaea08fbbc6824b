/** The rest of a gateway around the reconciler, and a database that does as it is told. */
import type { DesiredGrant, DesiredResource, LookAnswer } from '@tidegate/contract';
import type { GrantId } from '@tidegate/core';
import {
  type Closed,
  type Health,
  kindOf,
  type Made,
  type Mark,
  type PrincipalRef,
  type Provisioner,
} from '../src/engines/provisioner.ts';
import {
  type DesiredSource,
  type Finding,
  type GrantReport,
  type HealthNote,
  type Pace,
  type PrincipalEntry,
  startReconciler,
} from '../src/reconciler/index.ts';

/** Fast enough for a test, slow enough to tell a retry from a first try. */
export const FAST: Partial<Pace> = {
  roundMs: 60_000,
  downFirstMs: 10,
  downLastMs: 20,
  retryFirstMs: 5,
  openRetryLastMs: 20,
  closeRetryLastMs: 20,
  sightingMs: 20,
  clockMs: 20,
  stopMs: 500,
};

/** What the link would hold. */
export class Desired implements DesiredSource {
  resources: DesiredResource[] = [];
  grants: DesiredGrant[] = [];
  contact = 1;
  inTouch = true;
  #listeners = new Set<() => void>();

  snapshot() {
    return { contact: this.contact, resources: this.resources, grants: this.grants };
  }
  lastContact() {
    return this.inTouch ? performance.now() : null;
  }
  onChange(listener: () => void) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  set(grants: DesiredGrant[]): void {
    this.grants = grants;
    this.changed();
  }
  /** One grant in another phase or with another end. */
  put(grant: DesiredGrant): void {
    this.set([...this.grants.filter((known) => known.id !== grant.id), grant]);
  }
  changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Everything the reconciler said, and a way to wait for it. */
export class Said {
  readonly reports: GrantReport[] = [];
  readonly health: HealthNote[] = [];
  readonly findings: Finding[] = [];
  readonly records: PrincipalEntry[] = [];
  readonly #waiting = new Set<() => void>();

  /** Resolves as soon as `condition` holds, asked whenever something was said. */
  async until(condition: () => boolean, what: string): Promise<void> {
    if (condition()) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = () => condition() && resolve();
    const timer = setTimeout(() => reject(new Error(`not within 20 s: ${what}; ${JSON.stringify(this)}`)), 20_000);
    this.#waiting.add(look);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(look);
    }
  }
  /** The grant's reports so far. */
  phases(grant: DesiredGrant): string[] {
    return this.reports.filter((report) => report.grant === grant.id).map((report) => report.phase);
  }
  async reported(grant: DesiredGrant, phase: string): Promise<void> {
    await this.until(() => this.phases(grant).at(-1) === phase, `${grant.id} ${phase}`);
  }
  add<T>(list: T[], item: T): void {
    list.push(item);
    for (const look of this.#waiting) look();
  }
}

export function gateway(desired: Desired, provisionerFor: (resource: DesiredResource) => Provisioner, pace = FAST) {
  const said = new Said();
  const clock = { offset: 0, controlNow: () => Date.now() + clock.offset };
  const logged: object[] = [];
  const disk = { full: false };
  const reconciler = startReconciler({
    desired,
    report: (reports) => reports.map((report) => said.add(said.reports, report)),
    health: (note) => said.add(said.health, note),
    finding: (finding) => said.add(said.findings, finding),
    recordPrincipal: (entry) => {
      if (disk.full) throw new Error('ENOSPC');
      said.add(said.records, entry);
    },
    clock,
    provisionerFor,
    log: { info: (fields) => logged.push(fields), warn: (fields) => logged.push(fields) },
    pace,
  });
  return { reconciler, said, clock, logged, disk };
}

/** A database in memory; `fail` and `hold` are asked before each step. */
export class FakeDatabase implements Provisioner {
  readonly roles = new Map<string, Mark & { login: boolean }>();
  readonly calls: string[] = [];
  health: Health = { ok: true, detail: 'fine' };
  undroppable = false;
  ended = false;
  before: (call: string) => Promise<void> | void = () => undefined;

  async #step(call: string): Promise<void> {
    this.calls.push(call);
    await this.before(call);
  }
  async prepare(grant: DesiredGrant): Promise<Made> {
    await this.#step(`prepare ${grant.loginName}`);
    const changed = this.roles.get(grant.loginName)?.login !== false;
    this.roles.set(grant.loginName, this.#role(grant, null));
    return { changed };
  }
  async open(grant: DesiredGrant, until: Temporal.Instant): Promise<Made> {
    await this.#step(`open ${grant.loginName}`);
    const known = this.roles.get(grant.loginName);
    const changed = known?.login !== true || known.until?.equals(until) !== true;
    this.roles.set(grant.loginName, this.#role(grant, until));
    return { changed };
  }
  async close(principal: PrincipalRef): Promise<Closed> {
    await this.#step(`close ${principal.loginName}`);
    const known = this.roles.get(principal.loginName);
    if (known === undefined) return { gone: true, changed: false, findings: [] };
    if (this.undroppable) {
      this.roles.set(principal.loginName, { ...known, login: false });
      const finding = { kind: 'undroppable_principal', principal: principal.loginName, detail: 'held' } as const;
      return { gone: false, changed: true, findings: [finding] };
    }
    this.roles.delete(principal.loginName);
    return { gone: true, changed: true, findings: [] };
  }
  async leftovers(known: ReadonlySet<GrantId>): Promise<readonly Mark[]> {
    await this.#step('leftovers');
    return [...this.roles.values()].filter((role) => !known.has(role.grant));
  }
  async look(): Promise<LookAnswer> {
    return { kind: 'failed', message: 'There is nothing to look at.' };
  }
  async test(): Promise<never> {
    throw new Error('not to be asked');
  }
  async check(): Promise<Health> {
    await this.#step('check');
    return this.health;
  }
  async end(): Promise<void> {
    this.ended = true;
  }
  #role({ id, person, resource, role, loginName }: DesiredGrant, until: Temporal.Instant | null) {
    const privileges = kindOf(role);
    return { grant: id, person, resource, privileges, loginName, since: null, until, login: until !== null };
  }
}
