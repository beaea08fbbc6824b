import { once } from 'node:events';
import { postgres as wire } from '@tidegate/wire';
import { Client, Query } from 'pg';
import { RawClient } from '../relay-raw.ts';
import { DATABASE, newGrant, newWorld, type TestGrant, type TestRelay } from '../relay-support.ts';
import type { EngineUnderTest, LoginChange, SessionUnderTest, Stalled, WorldUnderTest } from './engine.ts';

export const postgres: EngineUnderTest = { engine: 'postgres', server: 'PostgreSQL 18', world };

const firstColumn = (rows: readonly Record<string, unknown>[]): unknown[] => rows.map((row) => Object.values(row)[0]);

async function world(): Promise<WorldUnderTest> {
  const base = await newWorld();
  let root = base.root;
  const direct = async (sql: string) => firstColumn((await root.query({ text: sql })).rows);
  return {
    resource: base.resource,
    tls: base.tls,
    big: { value: 20_000_000, rows: 10_000 },
    hearsWhileIdle: true,
    grant: (change) => newGrant(base, change),
    connect: (relay, grant, change) => connect(relay, grant, change),
    proofs: {
      'SCRAM-SHA-256': (relay, grant, password) => loggedIn(relay, grant, { password, ssl: false }),
      'SCRAM-SHA-256-PLUS in TLS': (relay, grant, password) =>
        loggedIn(relay, grant, { password, ssl: { ca: base.tls.ca }, host: 'localhost', enableChannelBinding: true }),
    },
    direct,
    connections: async ({ user }) =>
      Number((await direct(`SELECT count(*) FROM pg_stat_activity WHERE usename = '${user}'`))[0]),
    running: async ({ user }) =>
      (await direct(`SELECT 1 FROM pg_stat_activity WHERE usename = '${user}' AND state = 'active'`)).length > 0,
    restart: async () => {
      // Test clusters don't wait for the disk at commit: what was made so far must outlast the crash.
      await direct('CHECKPOINT');
      // A crash of one backend makes the server end all and recover.
      const lost = once(root, 'error');
      const [pid] = await direct(`SELECT pid FROM pg_stat_activity WHERE backend_type = 'background writer'`);
      process.kill(Number(pid), 'SIGKILL');
      await lost;
      root = await again(() => new Client(base.cluster.connection(DATABASE)));
    },
    sql: {
      sleep: 'SELECT pg_sleep(600)',
      parameter: '$1::text',
      length: (expression) => `length(${expression})`,
      flood: `SELECT repeat('r', 100000) FROM generate_series(1, 1000000)`,
      rows: (count) => `SELECT repeat('r', 10000) FROM generate_series(1, ${count})`,
      begin: 'BEGIN',
      commit: 'COMMIT',
    },
    end: async () => {
      if (root !== base.root) await root.end();
      await base.end();
    },
  };
}

async function again(make: () => Client): Promise<Client> {
  for (;;) {
    const client = make();
    client.on('error', () => {});
    try {
      await client.connect();
      return client;
    } catch (error) {
      // It recovers: 57P03, or the socket is not there yet.
      if (!(error instanceof Error)) throw error;
    }
  }
}

async function loggedIn(relay: TestRelay, grant: TestGrant, change: object): Promise<void> {
  const client = await relay.connect(grant, change);
  await client.query('SELECT 1');
  await client.end();
}

async function connect(
  { port }: { readonly port: number },
  { user, passwords }: TestGrant,
  change: LoginChange = {},
): Promise<SessionUnderTest> {
  const client = new Client({
    host: '127.0.0.1',
    port,
    user,
    password: passwords[0] ?? '',
    database: DATABASE,
    ...change,
  });
  let told = '';
  client.on('error', (error) => {
    if (told === '') told = error.message;
  });
  await client.connect();
  return {
    query: async (text) => firstColumn((await client.query(text)).rows),
    prepared: async (text, value) => firstColumn((await client.query({ name: 'p', text, values: [value] })).rows),
    stall: (text) => stall(client, text),
    cancel: async () => {
      // As libpq does it: the key of this connection, on another.
      const secret = Buffer.alloc(4);
      secret.writeInt32BE(Number(Reflect.get(client, 'secretKey')));
      const other = new RawClient(port);
      other.send(wire.cancelRequest({ processId: Number(Reflect.get(client, 'processID')), secret }));
      await other.closed;
    },
    over: new Promise((resolve) => client.on('end', () => resolve(told))),
    end: () => client.end(),
  };
}

async function stall(client: Client, text: string): Promise<Stalled> {
  const socket = client.connection.stream;
  const query = client.query(new Query<{ value: string }>(text));
  let bytes = 0;
  const { promise: first, resolve } = Promise.withResolvers<void>();
  const { promise: done, resolve: finished, reject } = Promise.withResolvers<number>();
  done.catch(() => {});
  query.on('row', (row) => {
    if (bytes === 0) socket.pause();
    bytes += Buffer.byteLength(String(Object.values(row)[0]));
    resolve();
  });
  query.on('end', () => finished(bytes));
  query.on('error', reject);
  await first;
  return { resume: () => socket.resume(), done };
}
