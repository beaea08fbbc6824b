import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { GrantId, StreamId } from '@tidegate/core';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RelayListener, SessionNote } from '../src/worker-protocol.ts';
import { type PoolOptions, WorkerPool } from '../src/workers/pool.ts';
import { assertPortsFree } from '../src/workers/ports.ts';

const FAKE = fileURLToPath(new URL('./support/fake-worker.ts', import.meta.url));
const listener: RelayListener = { engine: 'postgres', host: '127.0.0.1', port: 0, reusePort: true, tlsRequired: false };
const whole = { type: 'state', resources: [], grants: [] } as const;

function makePool(change: Partial<PoolOptions> = {}) {
  const opened: SessionNote[] = [];
  const closed: { session: string; because: string }[] = [];
  const over: StreamId[] = [];
  const pool = new WorkerPool({
    count: 2,
    listeners: [listener],
    knowledge: () => ({
      tls: { key: '', certificate: '' },
      contact: { agoMs: null, controlNow: null, staleAfterMs: 1, cutAfterMs: 1 },
      resources: [],
      grants: [],
    }),
    openSpool: (worker, start) => ({
      folder: '',
      stream: `s.${worker}.${start}` as StreamId,
      durability: 'process',
      allowanceBytes: 0,
      segmentBytes: 0,
      hashKey: '',
    }),
    onStreamOver: (stream) => over.push(stream),
    onSessionOpened: (session) => opened.push(session),
    onSessionClosed: (session) => closed.push(session),
    log: { info: () => undefined, warn: () => undefined },
    entry: FAKE,
    ...change,
  });
  onTestFinished(() => pool.stop());
  const told = () => opened.map((session) => session.application);
  return { pool, told, closed, over };
}

const settled = async (promise: Promise<unknown>): Promise<boolean> => {
  const { promise: soon, resolve } = Promise.withResolvers<false>();
  setTimeout(() => resolve(false), 150);
  return Promise.race([promise.then(() => true), soon]);
};

describe('the pool of workers', () => {
  it('starts all on the port that the first one found', async () => {
    const { pool, told } = makePool();
    expect(await pool.start()).toMatchObject([{ port: 45_678, reusePort: true }]);
    expect(told()).toEqual(['init 0 0 s.0.1', 'init 45678 0 s.1.1']);
    expect(pool.pids()).toHaveLength(2);
  });

  it('starts all at once where the ports are given', async () => {
    const { pool, told } = makePool({ listeners: [{ ...listener, port: 2 }] });
    const started = pool.start();
    expect(pool.pids()).toHaveLength(2);
    expect(await started).toMatchObject([{ port: 2 }]);
    expect(told().toSorted()).toEqual(['init 2 0 s.0.1', 'init 2 0 s.1.1']);
  });

  it('acknowledges a state only when every living worker knows it', async () => {
    const { pool, over } = makePool();
    await pool.start();
    await pool.apply(whole);
    pool.opened('gdeaf000' as GrantId);
    const waiting = pool.apply(whole);
    expect(await settled(waiting)).toBe(false);
    // Both are deaf: when both have died, their successors know it from the beginning.
    pool.opened('gdie0000' as GrantId);
    pool.opened('gdie0001' as GrantId);
    await waiting;
    expect([...over].sort()).toEqual(['s.0.1', 's.1.1']);
  });

  it('starts a worker again that died, with another stream, and tells that its sessions are lost', async () => {
    const { pool, told, closed, over } = makePool();
    await pool.start();
    const [, survivor] = pool.pids();
    pool.opened('gdie0000' as GrantId);
    await vi.waitFor(() => expect(told()).toContain('init 45678 0 s.0.2'), { timeout: 5_000 });
    expect(over).toEqual(['s.0.1']);
    expect(closed).toMatchObject([{ session: 'ses_0000000000000000', because: 'relay_worker_lost' }]);
    expect(pool.pids()).toContain(survivor);
  });

  it('tells a worker that starts what changed while it did', async () => {
    const { pool } = makePool();
    await pool.start();
    pool.opened('gdie0000' as GrantId);
    await vi.waitFor(() => expect(pool.pids()).toHaveLength(1));
    await vi.waitFor(() => expect(pool.pids()).toHaveLength(2), { interval: 1 });
    // It runs, but is not ready yet, most likely: what is said now must not be lost.
    await pool.apply(whole);
  });

  it('passes cancel requests and allowances to the worker concerned', async () => {
    const { pool, told } = makePool();
    await pool.start();
    pool.opened('gcancel0' as GrantId);
    await vi.waitFor(() => expect(told().slice(2)).toEqual(['cancel k']));
    pool.allow('s.0.1' as StreamId, 77);
    await vi.waitFor(() => expect(told().slice(3)).toEqual(['allowance 77']));
  });

  it('fails to start with the worker’s own words', async () => {
    const { pool } = makePool({ listeners: [{ ...listener, port: 1 }] });
    await expect(pool.start()).rejects.toThrow('no such port');
  });
});

describe('a port in use', () => {
  it('is told with its number and the variable that changes it, also when its holder shares it', async () => {
    const server = createServer();
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen({ host: '127.0.0.1', port: 0, reusePort: true }, resolve);
    await promise;
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    await expect(assertPortsFree([{ ...listener, port }])).rejects.toThrow(
      new RegExp(`port ${port} is in use on 127.0.0.1 .*Set TIDEGATE_POSTGRES_PORT`),
    );
    await assertPortsFree([{ ...listener, port: 0 }]);
  });
});
