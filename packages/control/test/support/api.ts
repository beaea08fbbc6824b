/** A control plane's API over a real PostgreSQL, with people, a policy, and a clock that tests may move. */
import { randomBytes } from 'node:crypto';
import { type Client, createClient } from '@tidegate/contract';
import { type TicketId, TidegateError } from '@tidegate/core';
import type { Cluster } from '@tidegate/embedded';
import { type Prepared, type TemporaryCluster, temporaryCluster } from '@tidegate/embedded/testing';
import type { FastifyInstance } from 'fastify';
import pg from 'pg';
import { pino } from 'pino';
import { afterAll, beforeAll } from 'vitest';
import { buildServer } from '../../src/api/server.ts';
import { configChecker } from '../../src/config/checking/checker.ts';
import { ensureSetupToken } from '../../src/identity/setup.ts';
import { browserUrl, settings } from '../../src/identity/signing-in.ts';
import { createSealer } from '../../src/keys/seal.ts';
import type { LinkContext } from '../../src/link/join-tokens.ts';
import { type Look, NO_GATEWAY } from '../../src/link/looks.ts';
import type { TicketPlace, WaitForTicket } from '../../src/link/tickets.ts';
import { openStore } from '../../src/store/store.ts';
import { cheapHash } from './passwords.ts';

export const PASSWORD = 'correct horse battery';

/** Engineers ask, leads and dba agree; ivan may have anything at once; MFA where the role's name says so. */
export const CONFIG = `
apiVersion: tidegate/v1
groups:
  - { name: engineers }
  - { name: leads }
  - { name: dba }
resources:
  - name: orders
    engine: postgres
    address: 127.0.0.1:5432
    databases: [orders, archive]
    owners: [dba]
    credential: { user: admin, env: ORDERS_PASSWORD }
    tls: { mode: disable }
  - name: shop
    engine: postgres
    address: 127.0.0.1:5433
    databases: [shop]
    credential: { user: admin, stored: true }
    tls: { mode: disable }
roles:
  - { name: reader, privileges: read, duration: { default: 1h, max: 2h } }
  - { name: editor, privileges: write, duration: { default: 1h, max: 2h } }
  - { name: owner, privileges: own, duration: { default: 1h, max: 4h } }
  - { name: guarded, privileges: read, duration: { default: 1h, max: 2h } }
policies:
  - name: at once
    resources: { names: [orders, shop] }
    roles: [reader, editor]
    who: { people: [ivan] }
    reason: { required: false }
    approvals: []
  - name: read
    resources: { names: [orders] }
    roles: [reader, editor]
    who: { groups: [engineers, leads, dba] }
    approvals:
      - { from: { groups: [leads] } }
  - name: own
    resources: { names: [orders] }
    roles: [owner]
    who: { groups: [engineers, leads, dba] }
    lapseAfter: 1h
    approvals:
      - { from: { groups: [leads] } }
      - { from: { groups: [leads, dba] } }
  - name: guarded
    resources: { names: [orders] }
    roles: [guarded]
    who: { groups: [engineers] }
    mfa: { at: [request, review, connect], within: 5m }
    approvals:
      - { from: { groups: [leads] } }
`;

const PEOPLE = [
  { name: 'alice', groups: ['engineers'] },
  { name: 'bob', groups: ['leads'] },
  { name: 'lea', groups: ['leads', 'dba'] },
  { name: 'dan', groups: ['dba'] },
  { name: 'ivan', groups: [] },
  { name: 'olga', groups: [] },
  { name: 'audrey', groups: ['auditors'] },
  { name: 'carol', groups: ['administrators'] },
].map((person) => ({ ...person, password: PASSWORD }));

export interface Api {
  readonly url: string;
  readonly context: LinkContext;
  readonly app: FastifyInstance;
  /** The store's address, for what only another connection can try. */
  readonly storeUrl: string;
  /** Nobody's client. */
  readonly nobody: Client;
  /** Signed in as `name`; the same client each time. */
  as(name: string): Promise<Client>;
  /** `name` was signed out: the next `as` signs in again. */
  signedOut(name: string): void;
  /** Moves the control plane's clock on. */
  advance(by: Temporal.DurationLike): void;
  /** What the record's control stream holds, oldest first. */
  events(): Promise<{ kind: string; data: Record<string, unknown> }[]>;
  /** How the stand-in for gateways treats a ticket; it lets it in at first. */
  gateway: WaitForTicket;
  /** What a gateway would see in a database. */
  look: Look;
  close(): Promise<void>;
}

export const PLACE = {
  name: 'near',
  host: '127.0.0.1',
  port: 7432,
  ca: '-----BEGIN CERTIFICATE-----',
  tlsRequired: false,
};

/** One thread for all APIs of a test file; it ends with its process. */
const checker = configChecker();

let cluster: TemporaryCluster;
let databases = 0;

/** Copied for each API: a store with its tables, and one with the people and the configuration above as well. */
const TEMPLATES = { empty: 'empty_store', setUp: 'set_up_store' } as const;

/**
 * Done once a run (`embedded/testing`): migrations and setting up are tested where they are called, the rest begins
 * behind them. Nothing in a template is sealed or signed: each API has a key of its own.
 */
const prepared: Prepared = {
  kind: 'control',
  async prepare(of) {
    const create = (name: string, template: string) => withAdmin(of, `CREATE DATABASE ${name} TEMPLATE ${template}`);
    await create(TEMPLATES.empty, 'template1');
    const store = await openStore({ url: of.url(TEMPLATES.empty) });
    await store.close();
    await create(TEMPLATES.setUp, TEMPLATES.empty);
    const api = await apiOn(of.url(TEMPLATES.setUp));
    try {
      await api.nobody.setup({ token: (await ensureSetupToken(api.context)) ?? '', people: PEOPLE, config: CONFIG });
      await api.context.store.db
        .updateTable('people')
        .set({ password: await cheapHash(PASSWORD) })
        .execute();
    } finally {
      await api.close();
    }
  },
};

/** Call once at a test file's top: one cluster for all of its tests. */
export function withCluster(): void {
  beforeAll(async () => {
    cluster = await temporaryCluster({ prepared });
  });
  afterAll(async () => {
    await cluster.stop();
  });
}

async function withAdmin(of: Cluster, statement: string): Promise<void> {
  const admin = new pg.Client(of.connection('postgres'));
  await admin.connect();
  try {
    await admin.query(statement);
  } finally {
    await admin.end();
  }
}

/** The address of a new database: one with nothing in it, where no template is named. */
export async function emptyDatabase(template = 'template1'): Promise<string> {
  databases += 1;
  const name = `t${databases}`;
  await withAdmin(cluster, `CREATE DATABASE ${name} TEMPLATE ${template}`);
  return cluster.url(name);
}

/** A fresh store, set up with the people and the configuration above unless `empty`. */
export async function startApi({ empty = false }: { readonly empty?: boolean } = {}): Promise<Api> {
  return apiOn(await emptyDatabase(empty ? TEMPLATES.empty : TEMPLATES.setUp));
}

async function apiOn(storeUrl: string): Promise<Api> {
  const store = await openStore({ url: storeUrl });
  let ahead = Temporal.Duration.from({ seconds: 0 });
  const context: LinkContext = {
    store,
    sealer: createSealer(randomBytes(32)),
    now: () => Temporal.Instant.fromEpochMilliseconds(Date.now()).add(ahead),
    random: randomBytes,
    // A fault of ours shows in the test's output.
    log: pino({ level: 'error' }),
    linkAddress: '127.0.0.1:7301',
    signIn: settings({ publicUrl: () => browserUrlOf(app) }),
    checker,
  };
  const letIn = async (ticket: TicketId): Promise<TicketPlace> => {
    if (ticket === '') throw new TidegateError('gateway_unavailable', 'No ticket.');
    const gateway = await store.db.selectFrom('gateways').select('id').executeTakeFirst();
    return { ...PLACE, gateway: gateway?.id ?? ('gw_0000000000000000' as TicketPlace['gateway']) };
  };
  const api = { gateway: letIn as WaitForTicket, look: seesNothing as Look };
  const waitForTicket: WaitForTicket = (ticket, options) => api.gateway(ticket, options);
  const look: Look = (resource, wanted) => api.look(resource, wanted);
  const app = await buildServer({ context, waitForTicket, look }, { webFolder: null });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const nobody = createClient({ url });
  const clients = new Map<string, Promise<Client>>();
  const signIn = async (name: string): Promise<Client> =>
    nobody.withToken((await nobody.login({ user: name, password: PASSWORD })).token);
  return Object.assign(api, {
    url,
    context,
    app,
    storeUrl,
    nobody,
    as(name: string) {
      const client = clients.get(name) ?? signIn(name);
      clients.set(name, client);
      return client;
    },
    signedOut(name: string) {
      clients.delete(name);
    },
    advance(by: Temporal.DurationLike) {
      ahead = ahead.add(by);
      // Logins may be over by now.
      clients.clear();
    },
    async events() {
      const rows = await store.db
        .selectFrom('entries')
        .select(['kind', 'entry'])
        .where('stream', '=', 'control' as never)
        .orderBy('seq')
        .execute();
      return rows.map(({ kind, entry }) => ({ kind, data: JSON.parse(entry).data }));
    },
    async close() {
      await app.close();
      await store.close();
    },
  });
}

/** Of tables there are none, and lines cannot be looked for. */
const seesNothing: Look = async (_, { kind }) => (kind === 'objects' ? { kind, tables: [], more: false } : NO_GATEWAY);

/** As a browser on this machine would call it: passkeys are kept for names, not for addresses. */
function browserUrlOf(app: FastifyInstance): string {
  const address = app.server.address();
  return browserUrl('127.0.0.1', typeof address === 'object' && address !== null ? address.port : 0);
}

/** The code of the refusal that `call` ends in; fails when it is not refused. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  const answer = await call.then(
    () => 'not refused',
    (error: unknown) => (error instanceof TidegateError ? error.code : String(error)),
  );
  return answer;
}
