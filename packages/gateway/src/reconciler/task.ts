/**
 * One grant on its way to where it should be. One step at a time; after each it asks again where it should be, so that a
 * revoke or an extension that comes meanwhile is next. What fails is tried again, more slowly each time.
 */
import type { DesiredGrant } from '@tidegate/contract';
import type { Lane } from '../engines/lane.ts';
import {
  kindOf,
  type PrincipalRef,
  ProvisionError,
  type Provisioner,
  type ProvisionLog,
} from '../engines/provisioner.ts';
import type { Findings } from './findings.ts';
import { type End, endOf, type Goal, goalOf, sameGoal } from './goal.ts';
import { backoff, type Pace } from './pace.ts';
import type { GrantReport, PrincipalEntry, ReconcilerClock } from './ports.ts';
import type { Records } from './records.ts';

/** What a task needs of its resource. */
export interface TaskTools {
  readonly provisioner: () => Provisioner;
  /** Opening is narrow and closing has its own, so that closing never waits behind opening. */
  readonly opening: Lane;
  readonly closing: Lane;
  readonly clock: ReconcilerClock;
  readonly pace: Pace;
  readonly findings: Findings;
  readonly report: (report: GrantReport) => void;
  readonly records: Records;
  readonly log: ProvisionLog;
  /** Counts as work until it settles. */
  readonly running: (work: Promise<void>) => void;
}

const DID = { prepared: 'prepared', open: 'opened', closed: 'closed' } as const;

export class GrantTask {
  readonly #tools: TaskTools;
  #grant: DesiredGrant;
  #end: End | null;
  #reached: Goal | null = null;
  /** Look again though it was reached. */
  #verify = false;
  #failure: string | null = null;
  #warned: string | null = null;
  #attempts = 0;
  #busy = false;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(grant: DesiredGrant, tools: TaskTools) {
    this.#tools = tools;
    this.#grant = grant;
    this.#end = endOf(grant, tools.clock, null);
    this.kick();
  }

  get busy(): boolean {
    return this.#busy;
  }

  /** The desired state says something else of it. */
  update(grant: DesiredGrant): void {
    const asked = grant.phase !== this.#grant.phase;
    this.#grant = grant;
    this.#end = endOf(grant, this.#tools.clock, this.#end);
    this.#attempts = 0;
    // Closed by the clock here before the control plane's own had it so: what was said then may not have been heeded.
    if (asked && this.#arrived()) this.retell();
    this.kick();
  }

  /** Look at the database again: somebody may have changed it. A principal that was seen gone is not looked for again. */
  verify(): void {
    this.#verify = this.#reached?.phase !== 'closed';
    this.kick();
  }

  /** Reports made out of touch are lost: say again where it is. */
  retell(): void {
    if (this.#reached !== null && sameGoal(this.#reached, this.#goal())) this.#tell(this.#reached.phase, '');
    else if (this.#failure !== null) this.#tell('failed', this.#failure);
  }

  kick(): void {
    if (this.#busy || this.#stopped) return;
    this.#clearTimer();
    if (this.#arrived()) {
      this.#arm();
      return;
    }
    this.#busy = true;
    this.#tools.running(this.#work());
  }

  stop(): void {
    this.#stopped = true;
    this.#clearTimer();
  }

  #goal(): Goal {
    return goalOf(this.#grant, this.#end);
  }

  #arrived(): boolean {
    return !this.#verify && this.#reached !== null && sameGoal(this.#reached, this.#goal());
  }

  async #work(): Promise<void> {
    let retryMs: number | null = null;
    while (!this.#stopped && retryMs === null && !this.#arrived()) {
      this.#verify = false;
      const goal = this.#goal();
      try {
        retryMs = await this.#reach(goal);
      } catch (error) {
        retryMs = this.#failed(goal, error);
      }
      // A retry that comes after the end would close late.
      if (retryMs !== null && goal.phase !== 'closed') retryMs = Math.min(retryMs, this.#untilEnd());
    }
    this.#busy = false;
    if (this.#stopped) return;
    if (retryMs === null) this.#arm();
    else this.#wake(retryMs);
  }

  /** @returns null when it is there, else when to try again, in ms */
  async #reach(goal: Goal): Promise<number | null> {
    const { provisioner, opening, closing } = this.#tools;
    const grant = this.#grant;
    switch (goal.phase) {
      case 'prepared': {
        const { changed } = await opening.run(() => provisioner().prepare(grant));
        return this.#arrive(goal, changed, 'Made, unable to log in.');
      }
      case 'open': {
        const { changed } = await opening.run(() => provisioner().open(grant, goal.until));
        return this.#arrive(goal, changed, `Can log in until ${goal.until.toString()}.`);
      }
      case 'closed': {
        const { gone, changed, findings } = await closing.run(() => provisioner().close(refOf(grant)));
        this.#tools.findings.now(grant.loginName, findings);
        if (gone) return this.#arrive(goal, changed, 'Gone.');
        // Nobody can use it; a round (or an operator) will get rid of it, there is no hurry left.
        this.#reached = null;
        this.#say('It is closed to everyone, but its database user cannot be dropped yet.');
        return this.#tools.pace.roundMs;
      }
    }
  }

  #arrive(goal: Goal, changed: boolean, detail: string): null {
    const again = this.#reached !== null && sameGoal(this.#reached, goal);
    if (changed)
      this.#record(DID[goal.phase], again ? `Put right, it had been changed in the database. ${detail}` : detail);
    this.#tools.records.flush();
    this.#reached = goal;
    this.#failure = null;
    this.#warned = null;
    this.#attempts = 0;
    if (!again) this.#tell(goal.phase, '');
    return null;
  }

  /** @returns when to try again, in ms; null: it is where it should be all the same */
  #failed(goal: Goal, error: unknown): number | null {
    const { pace } = this.#tools;
    const told = error instanceof ProvisionError;
    this.#warn(goal, told ? error.code : 'unexpected', told ? error.detail : String(error));
    // An open grant that could not be looked after is still open; the resource's health says what is wrong.
    const still = this.#reached !== null && sameGoal(this.#reached, this.#goal());
    if (still) return null;
    this.#say(told ? error.message : 'The database could not be changed.');
    const last = goal.phase === 'closed' ? pace.closeRetryLastMs : pace.openRetryLastMs;
    this.#attempts += 1;
    return backoff(this.#attempts - 1, pace.retryFirstMs, last);
  }

  /** Once for each kind of failure in a row, not at each attempt. */
  #warn(goal: Goal, code: string, detail: string): void {
    if (this.#warned === `${goal.phase} ${code}`) return;
    this.#warned = `${goal.phase} ${code}`;
    const fields = { grant: this.#grant.id, resource: this.#grant.resource, goal: goal.phase, code, detail };
    this.#tools.log.warn(fields, 'a grant could not be brought to its goal; it is tried again');
  }

  /** A failure is said once, not at each attempt. */
  #say(detail: string): void {
    if (this.#failure === detail) return;
    this.#failure = detail;
    this.#record('failed', detail); // on record with whatever is written next
    this.#tell('failed', detail);
  }

  #tell(phase: GrantReport['phase'], detail: string): void {
    this.#tools.report({ grant: this.#grant.id, phase, detail });
  }

  #record(did: PrincipalEntry['did'], detail: string): void {
    const { id: grant, loginName: principal, resource } = this.#grant;
    this.#tools.records.add({ resource, principal, grant, did, detail });
  }

  /** Wakes at the grant's end, and before that now and then, because the clock's offset may change. */
  #arm(): void {
    if (this.#reached?.phase === 'open') this.#wake(Math.min(this.#untilEnd(), this.#tools.pace.clockMs));
  }

  #untilEnd(): number {
    return Math.max(this.#end?.left() ?? Number.POSITIVE_INFINITY, 0);
  }

  #wake(ms: number): void {
    this.#clearTimer();
    this.#timer = setTimeout(() => this.kick(), ms);
  }

  #clearTimer(): void {
    clearTimeout(this.#timer ?? undefined);
    this.#timer = null;
  }
}

const refOf = (grant: DesiredGrant): PrincipalRef => ({
  grant: grant.id,
  loginName: grant.loginName,
  privileges: kindOf(grant.role),
  since: grant.startsAt === null ? null : Temporal.Instant.from(grant.startsAt),
});
