/** The memory of a relay worker in a process of its own, where nothing else counts, while much goes through it. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { bunRuntime, NODE } from '../src/workers/runtime.ts';
import { WorkerProcess } from '../src/workers/worker-process.ts';
import { query, rawSession } from './relay-raw.ts';
import { initFor, newGrant, newWorld, type World } from './relay-support.ts';
import { temporaryFolder } from './support/record.ts';

const ROWS = 20_000;
const ROW_BYTES = 10_000;
/** A tenth of what goes through. */
const MOST_MB = 20;

let world: World;
beforeAll(async () => {
  world = await newWorld();
});
afterAll(() => world.end());

/** Resident memory of another process, in MB. */
async function memoryOf(pid: number | undefined): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
  return Number(stdout) / 1024;
}

const title = 'a client that stops reading stops the database, in flat memory, and gets all of it in the end: %s';
it.each([NODE, bunRuntime() ?? []].flat().map((runtime) => [runtime.name, runtime] as const))(
  title,
  async (_name, runtime) => {
    const grant = await newGrant(world);
    const init = initFor(world, [grant], join(temporaryFolder(), 'spool'));
    const worker = new WorkerProcess(init, { onMessage() {}, onExit() {} }, undefined, runtime);
    onTestFinished(() => worker.stop(1_000));
    const [listening] = await worker.ready;
    const client = await rawSession({ port: listening?.port ?? 0 }, grant);
    onTestFinished(() => void client.socket.destroy());

    // What it takes to relay such a result at all: code, buffers.
    client.send(query(`SELECT repeat('x', 1000) FROM generate_series(1, 1000)`));
    await client.until('Z');
    const before = await memoryOf(worker.pid);

    client.socket.pause();
    client.send(query(`SELECT repeat('x', ${ROW_BYTES}) FROM generate_series(1, ${ROWS})`));
    const stalled = `SELECT FROM pg_stat_activity WHERE usename = '${grant.user}' AND wait_event = 'ClientWrite'`;
    await expect.poll(async () => (await world.root.query(stalled)).rowCount, { timeout: 20_000 }).toBe(1);
    expect((await memoryOf(worker.pid)) - before).toBeLessThan(MOST_MB);

    let bytes = 0;
    client.socket.removeAllListeners('data');
    client.socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    client.socket.resume();
    await expect.poll(() => bytes, { timeout: 30_000 }).toBeGreaterThan(ROWS * ROW_BYTES);
    expect((await memoryOf(worker.pid)) - before).toBeLessThan(MOST_MB);
  },
);
