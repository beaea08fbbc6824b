/**
 * The connections of this control plane and what they are told. Woken by announcements, by the time at which something
 * becomes due, and every few seconds for safety; then it reads the store once and tells each gateway what is different.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { EntraTrust } from '@tidegate/contract';
import { sql } from 'kysely';
import { grantProblem } from '../access/reports.ts';
import type { Context } from '../context.ts';
import { isOutage } from '../store/outage.ts';
import { STATE_CHANNEL } from '../store/store.ts';
import type { GatewayConnection } from './connection.ts';
import { type Desired, desiredState } from './desired.ts';
import { DesiredResources } from './desired-resources.ts';
import { endLostSessions } from './live-sessions.ts';
import { type Look, NO_GATEWAY } from './looks.ts';
import { OpenedSecrets } from './opened.ts';
import { keepAlive, takeVacantLeases } from './presence.ts';
import { readSnapshot, type Snapshot } from './snapshot.ts';
import { viewFor } from './told.ts';

const ALIVE_EVERY_MS = 2_500;
/** Rounds begin no closer together: while changes come by the hundred, one round tells of several. */
const ROUND_EVERY_MS = 25;
/** The longest that a timer of Node's can run, in milliseconds. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export interface HubOptions {
  /** Without contact for this long gateways end open sessions. */
  readonly cutAfterMs: number;
  /**
   * What was read longer ago than this is no base for telling gateways that all is well: a revoke at another control
   * plane would not be seen here. They then go by their own clocks (staleAfter, cutAfter). Read twice as often.
   */
  readonly freshMs: number;
  /** The tenants of Entra ID whose tokens let people in, as they are known now. */
  readonly trusts: () => readonly EntraTrust[];
}

export class Hub {
  readonly #context: Context;
  readonly #options: HubOptions;
  readonly #connections = new Set<GatewayConnection>();
  readonly #opened: OpenedSecrets;
  readonly #resources: DesiredResources;
  readonly #timers: NodeJS.Timeout[];
  readonly #deafen: () => void;
  #due: NodeJS.Timeout | undefined;
  #leases: Snapshot['leases'] = new Map();
  #readAt = Number.NEGATIVE_INFINITY;
  #wanted = false;
  #stopped = false;
  #publishing: Promise<void> | null = null;
  #keeping: Promise<void> | null = null;

  constructor(context: Context, options: HubOptions) {
    this.#context = context;
    this.#options = options;
    this.#opened = new OpenedSecrets(context.sealer);
    this.#resources = new DesiredResources(this.#opened);
    this.#deafen = context.store.listen(STATE_CHANNEL, () => this.wake());
    this.#timers = [
      setInterval(() => this.wake(), options.freshMs / 2),
      setInterval(() => this.#keep(), ALIVE_EVERY_MS),
    ];
    this.wake();
  }

  isFresh(): boolean {
    return performance.now() - this.#readAt < this.#options.freshMs;
  }

  /** The newest connection of a gateway wins: an older one is of a socket that it has given up. */
  add(connection: GatewayConnection): void {
    for (const other of this.#connections) if (other.gateway === connection.gateway) other.close('replaced');
    this.#connections.add(connection);
    this.wake();
  }

  remove(connection: GatewayConnection): void {
    this.#connections.delete(connection);
  }

  /**
   * Through the gateway that makes principals there, where it is linked here; else through any: all know all resources.
   */
  readonly look: Look = async (resource, wanted) => {
    const ready = [...this.#connections];
    const lease = this.#leases.get(resource);
    const connection = ready.find(({ gateway }) => gateway === lease) ?? ready[0];
    return connection === undefined ? NO_GATEWAY : connection.look(resource, wanted);
  };

  /** Something may be different: read it and tell. Calls while that goes on lead to one more round. */
  wake(): void {
    this.#wanted = true;
    this.#publishing ??= this.#publish().finally(() => {
      this.#publishing = null;
      if (this.#wanted && !this.#stopped) this.wake();
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#deafen();
    clearTimeout(this.#due);
    for (const timer of this.#timers) clearInterval(timer);
    await this.#publishing;
    await this.#keeping;
  }

  async #publish(): Promise<void> {
    while (this.#wanted && !this.#stopped) {
      this.#wanted = false;
      // Taken before reading: a connection that comes meanwhile is not in what is read.
      const served = [...this.#connections];
      const startedAt = performance.now();
      try {
        const { store } = this.#context;
        const snapshot = await readSnapshot(store.db);
        // Gateways act on it: not before a lost store could no longer take it back.
        await store.flushed();
        this.#readAt = startedAt;
        await this.#tell(snapshot, served);
      } catch (error) {
        // The timer tries again. Until then gateways go by what they know.
        this.#log(error, 'gateways could not be told what is desired');
      }
      await pause(Math.max(0, startedAt + ROUND_EVERY_MS - performance.now()));
    }
  }

  async #tell(snapshot: Snapshot, served: readonly GatewayConnection[]): Promise<void> {
    const { now } = this.#context;
    const resources = this.#resources.texts(snapshot, this.#options.trusts());
    const desired = desiredState(snapshot, resources, this.#opened, now());
    this.#wakeAt(desired.changesAt);
    this.#leases = snapshot.leases;
    for (const connection of served) {
      const { gateway, id } = connection;
      const cuts = snapshot.cuts.filter((cut) => cut.gateway === gateway);
      if (snapshot.revoked.has(gateway)) {
        // Its last orders: what it has open ends now, and not when it notices that nobody talks to it any more.
        connection.cut(cuts);
        connection.close('refused');
        continue;
      }
      if (snapshot.connections.get(gateway) !== id) {
        connection.close('replaced');
        continue;
      }
      connection.tell(viewFor(gateway, desired, snapshot.leases), cuts);
    }
    await this.#explainBlocked(snapshot, desired);
    await this.#takeLeases(snapshot, desired, served);
  }

  /** Their people see what keeps their grants from opening. */
  async #explainBlocked({ grants }: Snapshot, { blocked }: Desired): Promise<void> {
    for (const { grant, row } of grants) {
      const why = blocked.get(grant.id);
      if (why !== undefined && row.problem !== why) await grantProblem(this.#context, grant.id, why);
    }
  }

  async #takeLeases(snapshot: Snapshot, { resources }: Desired, served: readonly GatewayConnection[]): Promise<void> {
    if (served.length === 0) return;
    const vacant = [...resources.keys()].filter((name) => !snapshot.leases.has(name));
    const gateways = served.filter((connection) => this.#connections.has(connection)).map(({ gateway }) => gateway);
    const { db } = this.#context.store;
    if (await takeVacantLeases(db, vacant, gateways)) {
      await sql`SELECT pg_notify(${STATE_CHANNEL}, '')`.execute(db);
      this.#wanted = true;
    }
  }

  #wakeAt(at: Temporal.Instant | null): void {
    clearTimeout(this.#due);
    if (at === null) return;
    const ms = at.epochMilliseconds - this.#context.now().epochMilliseconds;
    this.#due = setTimeout(() => this.wake(), Math.min(TIMER_MAX_MS, Math.max(0, ms) + 1));
  }

  #keep(): void {
    this.#keeping ??= this.#keepOnce()
      .catch((error: unknown) => this.#log(error, 'the gateways’ presence could not be kept'))
      .finally(() => {
        this.#keeping = null;
      });
  }

  async #keepOnce(): Promise<void> {
    const { store, now } = this.#context;
    const connections = [...this.#connections];
    const good = await keepAlive(
      store.db,
      connections.map((connection) => connection.heard()),
    );
    for (const connection of connections) if (!good.has(connection.id)) connection.close('refused');
    await endLostSessions(store.db, this.#options.cutAfterMs + 60_000, now());
  }

  #log(error: unknown, message: string): void {
    if (isOutage(error)) this.#context.log.warn({ err: error }, message);
    else this.#context.log.error({ err: error }, message);
  }
}
