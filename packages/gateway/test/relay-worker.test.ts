/** Relay workers as the processes they are: sharing a port, dying alone, ending with main. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StreamId } from '@tidegate/core';
import { freePort } from '@tidegate/embedded/testing';
import { postgres } from '@tidegate/wire';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import type { FromWorker, ToWorker } from '../src/worker-protocol.ts';
import { RawClient } from './relay-raw.ts';
import { DATABASE, newGrant, newWorld, type TestGrant, type World } from './relay-support.ts';
import { readAll, temporaryFolder } from './support/record.ts';

const ENTRY = fileURLToPath(new URL('../src/worker.ts', import.meta.url));

let world: World;
beforeAll(async () => {
  world = await newWorld();
});
afterAll(() => world.end());

class Forked {
  readonly child: ChildProcess;
  readonly folder = temporaryFolder();
  readonly heard: FromWorker[] = [];

  constructor() {
    this.child = fork(ENTRY, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    this.child.on('message', (message: FromWorker) => this.heard.push(message));
    onTestFinished(() => {
      this.child.kill('SIGKILL');
    });
  }

  tell(message: ToWorker): void {
    this.child.send(message);
  }

  async start(worker: number, port: number, grants: readonly TestGrant[]): Promise<void> {
    this.tell({
      type: 'init',
      worker,
      listeners: [{ engine: 'postgres', host: '127.0.0.1', port, reusePort: true, tlsRequired: false }],
      tls: world.tls,
      spool: {
        folder: join(this.folder, 'spool'),
        stream: `gw_0123456789abcdef.boot.w${worker}` as StreamId,
        durability: 'process',
        allowanceBytes: 2 ** 40,
        segmentBytes: 2 ** 24,
        hashKey: Buffer.alloc(32, 7).toString('base64'),
      },
      contact: { agoMs: 0, controlNow: Date.now(), staleAfterMs: 30_000, cutAfterMs: 300_000 },
      revision: 1,
      resources: [world.resource],
      grants: grants.map(({ grant }) => grant),
    });
    await expect.poll(() => this.heard.some(({ type }) => type === 'ready'), { timeout: 20_000 }).toBe(true);
  }

  sessions(): number {
    const count = (type: FromWorker['type']) => this.heard.filter((message) => message.type === type).length;
    return count('session-opened') - count('session-closed');
  }
}

async function connect(port: number, { user, passwords }: TestGrant): Promise<Client> {
  const client = new Client({ host: '127.0.0.1', port, user, password: passwords[0] ?? '', database: DATABASE });
  client.on('error', () => {});
  await client.connect();
  return client;
}

it('two share a port; one that is killed takes its own sessions and leaves a record that can be read', async () => {
  const grant = await newGrant(world);
  const port = await freePort();
  const [one, two] = [new Forked(), new Forked()];
  await Promise.all([one.start(0, port, [grant]), two.start(1, port, [grant])]);
  const clients: Client[] = [];
  // The kernel deals the connections out: go on until both have some.
  while (one.sessions() === 0 || two.sessions() === 0) {
    const client = await connect(port, grant);
    clients.push(client);
    onTestFinished(() => client.end().catch(() => {}));
    await client.query('SELECT $1::text', [`client ${clients.length}`]);
    expect(clients.length).toBeLessThan(100);
  }
  const lost = one.sessions();
  one.child.kill('SIGKILL');
  const answers = await Promise.all(
    clients.map((client) =>
      client.query('SELECT 1').then(
        () => true,
        () => false,
      ),
    ),
  );
  expect(answers.filter((answered) => !answered)).toHaveLength(lost);
  const recorded = [one, two].flatMap(({ folder }) =>
    readAll(join(folder, 'spool')).records.filter(
      ({ kind, data }) => kind === 'statement' && data.text === 'SELECT $1::text',
    ),
  );
  expect(recorded).toHaveLength(clients.length);
  const left = 'SELECT count(*)::int AS n FROM pg_stat_activity WHERE usename = $1';
  const backends = async () => (await world.root.query(left, [grant.user])).rows[0].n;
  await expect.poll(backends).toBe(clients.length - lost);
});

it('a cancel request that the kernel gives to the wrong worker is passed on with the number of the right one', async () => {
  const grant = await newGrant(world);
  const port = await freePort();
  const [one, two] = [new Forked(), new Forked()];
  await Promise.all([one.start(0, port, [grant]), two.start(1, port, [grant])]);
  // Main, as far as cancels go.
  for (const worker of [one, two]) {
    worker.child.on('message', (message: FromWorker) => {
      if (message.type === 'cancel') [one, two][message.worker]?.tell({ type: 'cancel', key: message.key });
    });
  }
  const client = await connect(port, grant);
  onTestFinished(() => client.end().catch(() => {}));
  const key = { processId: Reflect.get(client, 'processID'), secret: Buffer.alloc(4) };
  key.secret.writeInt32BE(Reflect.get(client, 'secretKey'));
  let passed = 0;
  for (let i = 0; i < 50 && passed === 0; i++) {
    const running = client.query('SELECT pg_sleep(600)').catch((error: unknown) => error);
    const sleeping = `SELECT 1 FROM pg_stat_activity WHERE usename = '${grant.user}' AND wait_event = 'PgSleep'`;
    await expect.poll(async () => (await world.root.query(sleeping)).rowCount).toBe(1);
    const other = new RawClient(port);
    other.send(postgres.cancelRequest(key));
    await other.closed;
    expect(await running).toMatchObject({ code: '57014' });
    passed = [one, two].flatMap(({ heard }) => heard).filter(({ type }) => type === 'cancel').length;
  }
  expect(passed).toBe(1);
});

it('one whose main is gone ends its sessions and exits', async () => {
  const grant = await newGrant(world);
  const port = await freePort();
  const worker = new Forked();
  await worker.start(0, port, [grant]);
  const client = await connect(port, grant);
  const exited = once(worker.child, 'exit');
  const ended = once(client, 'error');
  worker.child.disconnect();
  expect((await ended)[0]).toMatchObject({ code: '57P01' });
  expect(await exited).toEqual([1, null]);
  expect(readAll(join(worker.folder, 'spool')).records.at(-1)).toMatchObject({
    kind: 'session.ended',
    data: { because: 'gateway_stopping' },
  });
});

it('one that cannot have its port says so and exits', async () => {
  const port = await freePort();
  const holder = net.createServer().listen(port, '127.0.0.1');
  onTestFinished(() => {
    holder.close();
  });
  await once(holder, 'listening');
  const worker = new Forked();
  const exited = once(worker.child, 'exit');
  await Promise.race([worker.start(0, port, []), exited]);
  expect((await exited)[0]).toBe(1);
  expect(worker.heard).toMatchObject([{ type: 'fatal', message: expect.stringContaining('EADDRINUSE') }]);
});
