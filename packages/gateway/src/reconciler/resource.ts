/**
 * One resource: its grants' tasks, and the round that checks the database, finds what was left behind there and looks
 * after what is open. Every resource has its own connections, lanes and timers, so a slow or dead database holds up
 * nobody else's.
 */
import type { DesiredGrant, DesiredResource } from '@tidegate/contract';
import type { GrantId } from '@tidegate/core';
import { Lane } from '../engines/lane.ts';
import { type Health, type Mark, ProvisionError, type Provisioner } from '../engines/provisioner.ts';
import { Findings } from './findings.ts';
import { Sightings } from './leftovers.ts';
import { backoff, jittered, type Pace } from './pace.ts';
import type { ReconcilerOptions } from './ports.ts';
import { Records } from './records.ts';
import { GrantTask, type TaskTools } from './task.ts';

/** Together they leave connections for closing: see MAX_CONNECTIONS of the engines. */
const OPENING_WIDTH = 2;
const CLOSING_WIDTH = 8;

export class ResourceReconciler {
  readonly #options: ReconcilerOptions;
  readonly #pace: Pace;
  readonly #findings: Findings;
  readonly #sightings: Sightings;
  readonly #tasks = new Map<GrantId, GrantTask>();
  readonly #known = new Map<GrantId, DesiredGrant>();
  readonly #running = new Set<Promise<void>>();
  readonly #tools: TaskTools;
  #resource: DesiredResource;
  #provisioner: Provisioner;
  #health: Health | null = null;
  #roundTimer: NodeJS.Timeout | null = null;
  #inRound = false;
  #downRounds = 0;
  #stopped = false;

  constructor(resource: DesiredResource, options: ReconcilerOptions, pace: Pace) {
    this.#resource = resource;
    this.#options = options;
    this.#pace = pace;
    this.#provisioner = options.provisionerFor(resource);
    this.#sightings = new Sightings(pace.sightingMs);
    this.#findings = new Findings(
      (note, resolved) => options.finding({ ...note, resource: resource.name, resolved }),
      () => options.desired.lastContact() !== null,
    );
    this.#tools = {
      provisioner: () => this.#provisioner,
      opening: new Lane(OPENING_WIDTH),
      closing: new Lane(CLOSING_WIDTH),
      clock: options.clock,
      pace,
      findings: this.#findings,
      report: (report) => options.report([report]),
      records: new Records(options.recordPrincipal),
      log: options.log,
      running: (work) => this.#run(work),
    };
  }

  /** The desired state of this resource as it is now. */
  update(resource: DesiredResource, grants: readonly DesiredGrant[]): void {
    if (resource !== this.#resource && JSON.stringify(resource) !== JSON.stringify(this.#resource))
      this.#replace(resource);
    const gone = new Set(this.#known.keys());
    for (const grant of grants) {
      gone.delete(grant.id);
      const before = this.#known.get(grant.id);
      this.#known.set(grant.id, grant);
      const task = this.#tasks.get(grant.id);
      if (task === undefined) this.#tasks.set(grant.id, new GrantTask(grant, this.#tools));
      else if (before !== grant) task.update(grant);
    }
    for (const id of gone) {
      this.#tasks.get(id)?.stop();
      this.#tasks.delete(id);
      this.#known.delete(id);
    }
    if (this.#roundTimer === null && !this.#inRound) this.#round();
  }

  /** A new connection to the control plane: it may have missed what was said before. */
  retell(): void {
    for (const task of this.#tasks.values()) task.retell();
    this.#findings.retell();
    if (this.#health !== null) this.#tellHealth(this.#health);
  }

  get running(): ReadonlySet<Promise<void>> {
    return this.#running;
  }

  /** Starts no more work; ends the connections when what runs is done, or after `stopMs`. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#roundTimer ?? undefined);
    for (const task of this.#tasks.values()) task.stop();
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, this.#pace.stopMs);
    await Promise.race([Promise.allSettled(this.#running), late]);
    clearTimeout(timer);
    await this.#provisioner.end();
  }

  #run(work: Promise<void>): void {
    const counted = work
      .catch((error: unknown) =>
        this.#options.log.warn({ resource: this.#resource.name, error: String(error) }, 'a bug'),
      )
      .finally(() => this.#running.delete(counted));
    this.#running.add(counted);
  }

  /** Another address, credential, list of databases: new connections; what runs ends on the old ones. */
  #replace(resource: DesiredResource): void {
    const old = this.#provisioner;
    this.#resource = resource;
    this.#provisioner = this.#options.provisionerFor(resource);
    this.#run(Promise.allSettled(this.#running).then(() => old.end()));
    for (const task of this.#tasks.values()) task.verify();
    clearTimeout(this.#roundTimer ?? undefined);
    this.#roundTimer = null;
  }

  #round(): void {
    if (this.#stopped) return;
    this.#inRound = true;
    this.#run(
      this.#lookAround().finally(() => {
        this.#inRound = false;
        if (!this.#stopped) this.#roundTimer = setTimeout(() => this.#round(), this.#untilNext());
      }),
    );
  }

  #untilNext(): number {
    const { downFirstMs, downLastMs, roundMs, sightingMs } = this.#pace;
    if (this.#health?.ok !== true) return backoff(this.#downRounds, downFirstMs, downLastMs);
    return jittered(this.#sightings.waiting ? Math.min(sightingMs, roundMs) : roundMs);
  }

  async #lookAround(): Promise<void> {
    const provisioner = this.#provisioner;
    const health = await this.#check(provisioner);
    if (provisioner !== this.#provisioner) return;
    this.#downRounds = health.ok ? 0 : this.#downRounds + 1;
    this.#health = health;
    this.#tellHealth(health);
    if (health.ok) for (const task of this.#tasks.values()) task.verify();
    try {
      this.#tools.records.flush();
      await this.#sweep(provisioner);
    } catch (error) {
      if (health.ok) this.#warn(error, 'leftovers could not be looked for'); // else the health has said why
    }
  }

  async #check(provisioner: Provisioner): Promise<Health> {
    try {
      return await provisioner.check();
    } catch (error) {
      this.#warn(error, 'the database could not be checked');
      return { ok: false, detail: 'The check failed in an unexpected way: see the log of the gateway.' };
    }
  }

  async #sweep(provisioner: Provisioner): Promise<void> {
    const marks = await provisioner.leftovers(new Set(this.#known.keys()));
    // What became known while we looked is no leftover.
    const unknown = marks.filter((mark) => !this.#known.has(mark.grant));
    const { clock, desired } = this.#options;
    const going = this.#sightings.judge(unknown, performance.now(), clock.controlNow(), desired.lastContact());
    await Promise.all(going.map((mark) => this.#tools.closing.run(() => this.#remove(provisioner, mark))));
  }

  async #remove(provisioner: Provisioner, mark: Mark): Promise<void> {
    if (this.#known.has(mark.grant)) return;
    const until = mark.until === null ? 'never opened' : `open until ${mark.until.toString()}`;
    const what = `Left behind by grant ${mark.grant} of ${mark.person} (${until})`;
    const leftover = { kind: 'leftover_principal', principal: mark.loginName, detail: `${what}.` } as const;
    this.#findings.raise(leftover);
    try {
      const { gone, changed, findings } = await provisioner.close(mark);
      if (!gone) {
        this.#findings.now(mark.loginName, [leftover, ...findings]);
        return;
      }
      this.#findings.gone(mark.loginName, `${what}; removed.`);
      for (const note of findings) this.#findings.raise(note);
      if (!changed) return;
      const { loginName: principal, grant, resource } = mark;
      this.#tools.records.add({ resource, principal, grant, did: 'leftover_removed', detail: `${what}.` });
      this.#tools.records.flush();
    } catch (error) {
      this.#warn(error, 'a leftover could not be removed; it is tried again');
    }
  }

  #tellHealth({ ok, detail }: Health): void {
    this.#options.health({ resource: this.#resource.name, ok, detail });
  }

  #warn(error: unknown, message: string): void {
    const told = error instanceof ProvisionError;
    const detail = told ? error.detail : error instanceof Error ? error.message : String(error);
    this.#options.log.warn({ resource: this.#resource.name, code: told ? error.code : 'unexpected', detail }, message);
  }
}
