/** A relay in this process, on a real server with real principals, and main played by the test. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { GrantId, PersonName, ResourceName, RoleName, StreamId, TicketId } from '@tidegate/core';
import { newGrantId, newTicketId, randomText } from '@tidegate/core';
import { type TemporaryCluster, temporaryCluster } from '@tidegate/embedded/testing';
import { mysql, postgres } from '@tidegate/wire';
import { Client, type ClientConfig } from 'pg';
import { DEFAULT_LIMITS, type Limits } from '../src/relay/limits.ts';
import type { Log } from '../src/relay/log.ts';
import { startWorker } from '../src/worker.ts';
import type {
  Contact,
  FromWorker,
  RelayGrant,
  RelayListener,
  RelayResource,
  ToWorker,
} from '../src/worker-protocol.ts';
import { authority } from './principal-certificates.ts';
import { readAll, temporaryFolder } from './support/record.ts';

export const SILENT: Log = { info() {}, warn() {}, error() {} };
export const DATABASE = 'shop "x"';

/** What a relay needs, whichever the engine. */
export interface RelayWorld {
  readonly resource: RelayResource;
  readonly tls: { readonly ca: string; readonly key: string; readonly certificate: string };
}

/** A certificate for the relay's listeners. */
export async function relayTls(): Promise<RelayWorld['tls']> {
  const ca = await authority('relay test');
  const { pem, key } = await ca.issue('localhost');
  return { ca: ca.pem, key, certificate: pem };
}

export interface World extends RelayWorld {
  readonly cluster: TemporaryCluster;
  /** As superuser, past the relay. */
  readonly root: Client;
  end(): Promise<void>;
}

/** A server on TCP and socket, and a resource that stands for it. */
export async function newWorld(settings: Readonly<Record<string, string>> = {}): Promise<World> {
  const cluster = await temporaryCluster({
    listen: { host: '127.0.0.1', port: 0 },
    databases: [DATABASE, 'other'],
    settings,
  });
  const root = new Client(cluster.connection(DATABASE));
  await root.connect();
  await root.query('CREATE TABLE things (id int PRIMARY KEY, name text)');
  await root.query('GRANT ALL ON things TO PUBLIC');
  return {
    cluster,
    root,
    resource: resourceOf(cluster),
    tls: await relayTls(),
    async end() {
      await root.end();
      await cluster.stop();
    },
  };
}

export function resourceOf(cluster: TemporaryCluster, change: Partial<RelayResource> = {}): RelayResource {
  return {
    name: 'orders' as ResourceName,
    engine: 'postgres',
    address: { host: '127.0.0.1', port: cluster.port },
    tls: { mode: 'disable', ca: null, serverName: null },
    databases: [DATABASE],
    record: { values: 'full' },
    maxSessionsPerGrant: 1000,
    allow: { localInfile: false },
    entra: [],
    ...change,
  };
}

export interface TestGrant {
  readonly grant: RelayGrant;
  readonly user: string;
  /** One password a ticket. */
  readonly passwords: readonly string[];
}

const SALT = randomBytes(16);

export type GrantChange = Partial<RelayGrant> & { readonly expiresIn?: number; readonly ticketCount?: number };

/** A grant with its principal in the database. */
export async function newGrant(world: World, change: GrantChange = {}): Promise<TestGrant> {
  const made = grantOf(world.resource, change);
  const verifier = postgres.scramVerifier(made.grant.principalPassword, randomBytes(16), 4096);
  await world.root.query(`CREATE ROLE ${world.root.escapeIdentifier(made.user)} LOGIN PASSWORD '${verifier}'`);
  return made;
}

/** A grant that has no principal yet. `expiresIn`: milliseconds. */
export function grantOf(resource: RelayResource, change: GrantChange = {}): TestGrant {
  const { expiresIn = 3_600_000, ticketCount = 1, person = 'alice' as PersonName, ...more } = change;
  const id = newGrantId(randomBytes);
  const user = `${person}.${id}`;
  const principalPassword = randomText(randomBytes, 26);
  const passwords = Array.from({ length: ticketCount }, () => randomText(randomBytes, 26));
  const now = Date.now();
  const grant: RelayGrant = {
    id,
    resource: resource.name,
    person,
    role: { name: 'editor' as RoleName, privileges: 'write' },
    loginName: user,
    phase: 'open',
    duration: 'PT1H',
    startsAt: new Date(now - 1000).toISOString(),
    expiresAt: new Date(now + expiresIn).toISOString(),
    closing: null,
    principalPassword,
    scram: { salt: SALT.toString('base64'), iterations: 4096 },
    tickets: passwords.map((password) => {
      const { storedKey, serverKey } = postgres.verifierOf(postgres.scramKeys(password, SALT, 4096));
      const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
      return {
        id: newTicketId(randomBytes) as TicketId,
        verifier: { storedKey: base64(storedKey), serverKey: base64(serverKey) },
        mysql:
          resource.engine === 'mysql'
            ? { sha2: base64(mysql.sha2Verifier(password)), native: base64(mysql.nativeVerifier(password)) }
            : null,
      };
    }),
    entra: null,
    opened: true,
    ...more,
  };
  return { grant, user, passwords };
}

export interface RelayOptions {
  readonly worker?: number;
  readonly tlsRequired?: boolean;
  readonly limits?: Partial<Limits>;
  readonly contact?: Partial<Contact>;
  readonly durability?: 'process' | 'disk';
  readonly allowanceBytes?: number;
  readonly port?: number;
  readonly reusePort?: boolean;
  readonly log?: Log;
}

const IN_TOUCH: Contact = { agoMs: 0, controlNow: null, staleAfterMs: 30_000, cutAfterMs: 300_000 };

/** What main tells a worker first; `spool` is its folder. */
export function initFor(
  world: RelayWorld,
  grants: readonly TestGrant[],
  spool: string,
  options: RelayOptions = {},
): Extract<ToWorker, { type: 'init' }> {
  const listener: RelayListener = {
    engine: world.resource.engine,
    host: '127.0.0.1',
    port: options.port ?? 0,
    reusePort: options.reusePort ?? false,
    tlsRequired: options.tlsRequired ?? false,
  };
  return {
    type: 'init',
    worker: options.worker ?? 0,
    listeners: [listener],
    tls: world.tls,
    spool: {
      folder: spool,
      stream: 'gw_0123456789abcdef.boot.w0' as StreamId,
      durability: options.durability ?? 'process',
      allowanceBytes: options.allowanceBytes ?? 2 ** 40,
      segmentBytes: 16 * 1024 * 1024,
      hashKey: Buffer.alloc(32, 7).toString('base64'),
    },
    contact: { ...IN_TOUCH, ...options.contact },
    revision: 1,
    resources: [world.resource],
    grants: grants.map(({ grant }) => grant),
  };
}

/** The worker under test, and main's end of its channel. */
export class TestRelay {
  readonly folder = temporaryFolder();
  readonly heard: FromWorker[] = [];
  readonly #waiting = new Set<() => void>();
  #handle: (message: ToWorker) => void = () => {};
  #close: () => void = () => {};
  #revision = 1;
  readonly exited: Promise<number>;
  port = 0;

  private constructor(limits: Limits, log: Log) {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.exited = promise;
    startWorker({
      main: {
        send: (message) => {
          this.heard.push(message);
          for (const look of this.#waiting) look();
        },
        onMessage: (handle) => {
          this.#handle = handle;
        },
        onClose: (handle) => {
          this.#close = handle;
        },
      },
      limits,
      log,
      exit: resolve,
    });
  }

  static async start(world: RelayWorld, grants: readonly TestGrant[], options: RelayOptions = {}): Promise<TestRelay> {
    const relay = new TestRelay({ ...DEFAULT_LIMITS, ...options.limits }, options.log ?? SILENT);
    relay.tell(initFor(world, grants, join(relay.folder, 'spool'), options));
    const ready = await relay.hears('ready');
    relay.port = ready.ports[0]?.port ?? 0;
    return relay;
  }

  tell(message: ToWorker): void {
    this.#handle(structuredClone(message));
  }

  /** The first message of the kind (and shape) that was or will be heard. */
  async hears<K extends FromWorker['type']>(
    type: K,
    fits: (message: Extract<FromWorker, { type: K }>) => boolean = () => true,
  ): Promise<Extract<FromWorker, { type: K }>> {
    const find = () =>
      this.heard.find(
        (message): message is Extract<FromWorker, { type: K }> =>
          message.type === type && fits(message as Extract<FromWorker, { type: K }>),
      );
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      await promise;
      this.#waiting.delete(resolve);
    }
  }

  /** Changes grants; resolves when the worker says that it holds. */
  async change(grants: readonly RelayGrant[], removedGrants: readonly GrantId[] = []): Promise<void> {
    const revision = ++this.#revision;
    this.tell({ type: 'change', revision, resources: [], grants, removedResources: [], removedGrants });
    await this.hears('ack', (ack) => ack.revision === revision);
  }

  contact(change: Partial<Contact> = {}): void {
    this.tell({ type: 'contact', ...IN_TOUCH, ...change });
  }

  /** Main is gone. */
  loseMain(): void {
    this.#close();
  }

  /** Everything on record by now. */
  records(): ReturnType<typeof readAll>['records'] {
    return readAll(join(this.folder, 'spool')).records;
  }

  /** Waits until the record of a kind (and shape) is there. */
  async recorded(
    kind: string,
    fits: (data: Record<string, unknown>) => boolean = () => true,
  ): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.records().find((record) => record.kind === kind && fits(record.data));
      if (found !== undefined) return found.data;
      await once(process, 'never', { signal: AbortSignal.timeout(20) }).catch(() => {});
    }
  }

  config({ user, passwords }: TestGrant, change: ClientConfig & { replication?: string } = {}): ClientConfig {
    return { host: '127.0.0.1', port: this.port, user, password: passwords[0] ?? '', database: DATABASE, ...change };
  }

  async connect(grant: TestGrant, change: ClientConfig & { replication?: string } = {}): Promise<Client> {
    const client = new Client(this.config(grant, change));
    // An error of an idle connection is for the test to look at, not for the process to die of.
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  async stop(): Promise<void> {
    this.tell({ type: 'stop' });
    await this.exited;
    rmSync(this.folder, { recursive: true, force: true });
  }
}
