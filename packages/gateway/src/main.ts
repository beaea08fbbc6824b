/**
 * The gateway's main process: the link, the reconciler, the shipper and the relay workers, wired together. Nothing else
 * happens here. Run as a child it tells its supervisor when it is ready, and ends with it.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DesiredResource } from '@tidegate/contract';
import { type GrantId, randomText, type StreamId } from '@tidegate/core';
import { type Logger, pino } from 'pino';
import packageJson from '../package.json' with { type: 'json' };
import { engines } from './engines/engines.ts';
import type { Provisioner } from './engines/provisioner.ts';
import { provisionerFor } from './engines/provisioning.ts';
import { type HomeLock, lockHome } from './home-lock.ts';
import { LinkHttp, parseAddress } from './link/http.ts';
import { type Identity, writeIdentity } from './link/identity.ts';
import { Link } from './link/link.ts';
import { keepRenewed } from './link/renewal.ts';
import { Looking } from './looking.ts';
import { becomeMember } from './membership.ts';
import { type GatewayOptions, listenerNames, optionsFrom, segmentBytes } from './options.ts';
import { hashKey, type OwnRecord, openOwnRecord } from './own-record.ts';
import { passwordOf, type Reconciler, startReconciler } from './reconciler/index.ts';
import { Shipper } from './record/shipper/shipper.ts';
import { Uploader } from './record/shipper/uploader.ts';
import { RelayState } from './relay-state.ts';
import type { RelayListener } from './worker-protocol.ts';
import { WorkerPool } from './workers/pool.ts';
import { assertPortsFree, isLoopback } from './workers/ports.ts';
import { relayRuntime } from './workers/runtime.ts';

export interface RunningGateway {
  /** Where clients connect. */
  readonly ports: readonly { readonly engine: string; readonly host: string; readonly port: number }[];
  /** Resolves when the control plane's state is in force here for the first time. */
  readonly linked: Promise<void>;
  /** Process ids of the relay workers. */
  workers(): number[];
  /** Ends all sessions, uploads what it can within seconds, and lets go of everything. Idempotent. */
  stop(): Promise<void>;
}

/** From SIGTERM to the end, in milliseconds: a supervisor kills after 8 s. */
const STOP_MS = 7_000;
const DRAIN_MS = 5_000;
const RECONCILER_STOP_MS = 2_000;
const STATUS_MS = 2_000;

/**
 * Resolves when all workers listen. Rejects with words for an operator when this gateway can't start: a port in use, a
 * home in use, a join that is refused.
 */
export async function startGateway(options: GatewayOptions, log: Logger): Promise<RunningGateway> {
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  const lock = lockHome(join(options.folder, 'lock'));
  try {
    const listeners = listenersOf(options);
    await assertPortsFree(listeners);
    const identityFile = join(options.folder, 'identity.json');
    const identity = await becomeMember(identityFile, options.joinToken, listenerNames(options));
    return await new Gateway({ options, identity, identityFile, listeners, lock, log }).start();
  } catch (error) {
    lock.release();
    throw error;
  }
}

function listenersOf({ bind, ports, workers }: GatewayOptions): RelayListener[] {
  const shared = { host: bind, reusePort: workers > 1 };
  return engines.map(({ engine, plainOnLoopback }) => ({
    engine,
    port: ports.get(engine) ?? 0,
    tlsRequired: !(plainOnLoopback && isLoopback(bind)),
    ...shared,
  }));
}

interface Wiring {
  readonly options: GatewayOptions;
  readonly identity: Identity;
  readonly identityFile: string;
  readonly listeners: readonly RelayListener[];
  readonly lock: HomeLock;
  readonly log: Logger;
}

class Gateway {
  readonly #wiring: Wiring;
  readonly #boot = randomText(randomBytes, 10);
  readonly #hashKey: Buffer;
  readonly #linked = Promise.withResolvers<void>();
  readonly #state = new RelayState(() => this.#link.snapshot());
  readonly #link: Link;
  readonly #shipper: Shipper;
  readonly #looking: Looking;
  readonly #pool: WorkerPool;
  #identity: Identity;
  #http: LinkHttp;
  #listeners: readonly RelayListener[];
  #stopping: Promise<void> | null = null;

  constructor(wiring: Wiring) {
    const { options, identity, listeners, log } = wiring;
    this.#wiring = wiring;
    this.#identity = identity;
    this.#http = httpFor(identity);
    this.#listeners = listeners;
    this.#hashKey = hashKey(join(options.folder, 'record.key'));
    this.#link = new Link({
      identity: () => this.#identity,
      version: packageJson.version,
      about: () => ({ listeners: this.#advertised(), listenerCa: null, sessions: this.#pool.sessions() }),
      apply: (message) => this.#pool.apply(this.#state.message(message)).then(() => this.#linked.resolve()),
      cut: (session, reason, by) => this.#pool.cut(session, reason, by),
      look: (resource, wanted) => this.#looking.look(resource, wanted),
      onContact: () => this.#pool.contact(this.#link.contact()),
      onUp: () => this.#shipper.kick(),
      log,
    });
    this.#looking = new Looking({
      resources: () => this.#link.snapshot()?.resources ?? [],
      provisionerFor: (resource) => this.#provisionerFor(resource),
      log,
    });
    this.#shipper = new Shipper({
      folder: join(options.folder, 'spool'),
      gateway: identity.gateway,
      limitBytes: options.spoolLimitBytes,
      workers: options.workers,
      uploader: new Uploader(() => this.#http),
      log,
      onAllowance: (stream, bytes) => this.#pool.allow(stream, bytes),
    });
    const runtime = relayRuntime(options.relayRuntime);
    log.info({ runtime: runtime.name }, 'what relay workers run on');
    this.#pool = new WorkerPool({
      count: options.workers,
      runtime,
      listeners,
      knowledge: () => ({ tls: tlsOf(this.#identity), contact: this.#link.contact(), ...this.#state.whole() }),
      openSpool: (worker, start) => this.#openSpool(worker, start),
      onStreamOver: (stream) => this.#shipper.release(stream),
      onSessionOpened: (session) => this.#link.send({ type: 'session-opened', session }),
      onSessionClosed: ({ session, because, statements }) =>
        this.#link.send({ type: 'session-closed', session, because, statements }),
      log,
    });
  }

  async start(): Promise<RunningGateway> {
    try {
      this.#listeners = await this.#pool.start();
    } catch (error) {
      await this.#pool.stop();
      throw error;
    }
    const stop = this.#begin();
    return {
      ports: this.#advertised().map(({ engine, host, port }) => ({ engine, host, port })),
      linked: this.#linked.promise,
      workers: () => this.#pool.pids(),
      stop: () => {
        this.#stopping ??= stop();
        return this.#stopping;
      },
    };
  }

  /** All but the workers, which listen already; answers how to end it. */
  #begin(): () => Promise<void> {
    const { options, lock, log } = this.#wiring;
    const own = this.#streamOf('main');
    const record = openOwnRecord({
      folder: this.#shipper.folderOf(own),
      stream: own,
      durability: options.durability,
      hashKey: this.#hashKey,
      controlNow: () => this.#link.controlNow(),
    });
    this.#shipper.openOwnStream(own);
    this.#shipper.start();
    const reconciler = this.#reconcile(record);
    const names = listenerNames(options);
    const renewal = keepRenewed(
      () => this.#identity,
      names,
      (fresh) => this.#renewed(fresh),
      log,
    );
    const status = this.#reportSpool();
    this.#link.start();
    return async () => {
      const deadline = performance.now() + STOP_MS;
      renewal.stop();
      await Promise.all([this.#pool.stop(), within(RECONCILER_STOP_MS, reconciler.stop())]);
      record.close();
      this.#shipper.release(own);
      await this.#shipper.drain(Math.min(DRAIN_MS, deadline - performance.now()));
      clearInterval(status);
      await this.#shipper.stop();
      await this.#link.stop();
      await within(RECONCILER_STOP_MS, this.#looking.stop());
      this.#http.close();
      lock.release();
    };
  }

  #reconcile(record: OwnRecord): Reconciler {
    const { log } = this.#wiring;
    const controlNow = () => this.#link.controlNow();
    return startReconciler({
      desired: this.#link,
      report: (grants) => {
        // Clients may come as soon as the principal can log in: workers hear it before the control plane does.
        for (const { grant, phase } of grants) if (phase === 'open') this.#opened(grant);
        this.#link.send({ type: 'report', grants: [...grants] });
      },
      health: (note) => this.#link.send({ type: 'health', ...note }),
      finding: (finding) => this.#link.send({ type: 'finding', ...finding }),
      recordPrincipal: (entry) => record.principal(entry),
      clock: { controlNow },
      provisionerFor: (resource) => this.#provisionerFor(resource),
      log,
    });
  }

  #provisionerFor(resource: DesiredResource): Provisioner {
    const controlNow = () => this.#link.controlNow();
    const password = passwordOf(resource.credential);
    return provisionerFor({ resource, password, controlNow, log: this.#wiring.log });
  }

  #opened(grant: GrantId): void {
    this.#state.opened(grant);
    this.#pool.opened(grant);
  }

  /** Each start of a worker writes a stream of its own. */
  #openSpool(worker: number, start: number) {
    const { options } = this.#wiring;
    const stream = this.#streamOf(start === 1 ? `w${worker}` : `w${worker}r${start}`);
    return {
      folder: this.#shipper.folderOf(stream),
      stream,
      durability: options.durability,
      allowanceBytes: this.#shipper.openStream(stream),
      segmentBytes: segmentBytes(options),
      hashKey: this.#hashKey.toString('base64'),
    };
  }

  #streamOf(writer: string): StreamId {
    return `${this.#wiring.identity.gateway}.${this.#boot}.${writer}` as StreamId;
  }

  #advertised() {
    const host = this.#wiring.options.advertise;
    return this.#listeners.map(({ engine, port, tlsRequired }) => ({ engine, host, port, tlsRequired }));
  }

  #renewed(identity: Identity): void {
    writeIdentity(this.#wiring.identityFile, identity);
    this.#identity = identity;
    const old = this.#http;
    this.#http = httpFor(identity);
    old.close();
    this.#pool.tls(tlsOf(identity));
    this.#link.reconnect();
  }

  /** Tells the control plane how the spool stands, when that has changed. */
  #reportSpool(): NodeJS.Timeout {
    let told = '';
    return setInterval(() => {
      const status = this.#shipper.status;
      const now = JSON.stringify([status, this.#link.lastContact() !== null]);
      if (now === told) return;
      told = now;
      this.#link.send({ type: 'spool', ...status });
    }, STATUS_MS);
  }
}

function httpFor(identity: Identity): LinkHttp {
  const { ca, key, certificate: cert } = identity;
  return new LinkHttp(parseAddress(identity.address), { ca, key, cert });
}

const tlsOf = ({ key, listenerCertificate }: Identity) => ({ key, certificate: listenerCertificate });

/** Waits no longer than that; whatever goes on then ends with the process. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([work, promise]);
  clearTimeout(timer);
}

/** The process: environment in, `ready` or `failed` to the supervisor, SIGTERM or the supervisor's end out. */
export async function main(): Promise<void> {
  const log = pino({ name: 'gateway' }, pino.destination({ fd: 2, sync: true }));
  let running: RunningGateway | null = null;
  let ending = false;
  const end = async (): Promise<void> => {
    if (ending) return;
    ending = true;
    await running?.stop();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end());
  if (process.send !== undefined) process.on('disconnect', () => void end());
  try {
    const options = optionsFrom(process.env);
    // Of no use to anybody once it is read, and not for our children.
    delete process.env.TIDEGATE_JOIN_TOKEN;
    // Workers start in a third of the time from code that is compiled already.
    process.env.NODE_COMPILE_CACHE ??= join(options.folder, 'cache');
    running = await startGateway(options, log);
    // Asked to end while it started.
    if (ending) await running.stop();
    await running.linked;
    await tell({ type: 'ready', ports: running.ports });
    log.info({ ports: running.ports }, 'ready');
  } catch (error) {
    ending = true;
    const message = error instanceof Error ? error.message : String(error);
    log.error({ err: error }, 'the gateway cannot start');
    await tell({ type: 'failed', message });
    await running?.stop();
    process.exit(1);
  }
}

/** Resolves when the supervisor has it, if there is one. */
function tell(message: object): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (process.send === undefined || !process.connected) resolve();
  else process.send(message, undefined, undefined, () => resolve());
  return promise;
}

if (import.meta.main) await main();
