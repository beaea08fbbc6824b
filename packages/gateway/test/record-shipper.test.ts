import { fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AuditEntry, StreamId } from '@tidegate/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { LinkHttp, parseAddress } from '../src/link/http.ts';
import { join as joinControl } from '../src/link/join.ts';
import { listSegments } from '../src/record/segments.ts';
import { SpoolBudget } from '../src/record/shipper/budget.ts';
import { nextName } from '../src/record/shipper/continuation.ts';
import { recordsAtOnce, restAfter } from '../src/record/shipper/pace.ts';
import { Shipper } from '../src/record/shipper/shipper.ts';
import { Uploader } from '../src/record/shipper/uploader.ts';
import type { Spool } from '../src/record/spool.ts';
import { GATEWAY, TestControl } from './support/control.ts';
import { countTo, done, openSpool, sessionInfo, simple, temporaryFolder } from './support/record.ts';

const WRITER = fileURLToPath(new URL('./support/spool-writer.ts', import.meta.url));
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
let control: TestControl;
let http: LinkHttp;
let counter = 0;
let stream: StreamId;

beforeAll(async () => {
  control = await TestControl.start();
  const identity = await joinControl(control.token, ['localhost']);
  const tls = { ca: identity.ca, key: identity.key, cert: identity.certificate };
  http = new LinkHttp(parseAddress(identity.address), tls);
});
afterAll(async () => {
  http.close();
  await control.down();
});
beforeEach(() => {
  counter += 1;
  stream = `${GATEWAY}.boot${counter}.w0` as StreamId;
});

function startShipper(folder: string, log = silent, limitBytes = 1 << 30): Shipper {
  const uploader = new Uploader(() => http);
  const shipper = new Shipper({
    folder,
    gateway: GATEWAY,
    limitBytes,
    workers: 1,
    uploader,
    log,
    onAllowance: () => undefined,
  });
  onTestFinished(() => shipper.stop());
  return shipper;
}

function write(spool: Spool, statements: number): void {
  const session = spool.begin(sessionInfo());
  for (let op = 1; op <= statements; op++) {
    simple(session, op, `SELECT ${op}`);
    done(session, op);
    void spool.flush();
  }
  session.ended('client_closed', null, 0, 0);
  void spool.flush();
}

const taken = (of: string = stream): readonly AuditEntry[] => control.entries(of);
const texts = (entries: readonly AuditEntry[]) => entries.flatMap((entry) => entry.data.text ?? []);

describe('shipping', () => {
  it('uploads a lone statement within half a second, and says how it stands', async () => {
    const folder = temporaryFolder();
    const shipper = startShipper(folder);
    shipper.openStream(stream);
    shipper.start();
    await shipper.drain(1_000);
    const spool = openSpool(join(folder, stream), { stream });
    const session = spool.begin(sessionInfo());
    simple(session, 1, 'SELECT 42');
    void spool.flush();
    const before = performance.now();
    await vi.waitFor(() => expect(texts(taken())).toEqual(['SELECT 42']), { interval: 5 });
    expect(performance.now() - before).toBeLessThan(1_000);
    await vi.waitFor(() => expect(shipper.status).toMatchObject({ limitBytes: 1 << 30, oldestAt: null }));
    expect(shipper.status.bytes).toBeGreaterThan(100);
  });

  it('keeps what it cannot upload, and brings all of it in order when the control plane is back', async () => {
    const folder = temporaryFolder();
    const shipper = startShipper(folder);
    shipper.openStream(stream);
    await control.down();
    shipper.start();
    const spool = openSpool(join(folder, stream), { stream, segmentBytes: 20_000 });
    write(spool, 300);
    await shipper.drain(300);
    expect(taken()).toEqual([]);
    await control.up();
    await shipper.drain(5_000);
    expect(taken().map((entry) => entry.seq)).toEqual(countTo(602));
    expect(texts(taken())).toEqual(countTo(300).map((op) => `SELECT ${op}`));
    // Uploaded segments are gone, but for the one that is being written.
    expect(listSegments(join(folder, stream))).toHaveLength(1);
  });

  it('closes a stream whose writer is gone, and removes its folder', async () => {
    const folder = temporaryFolder();
    const shipper = startShipper(folder);
    shipper.openStream(stream);
    shipper.start();
    const child = fork(WRITER, [join(folder, stream), '100000', '0', '50'], { stdio: 'inherit' });
    await once(child, 'exit');
    await shipper.drain(2_000);
    expect(control.closed.has(stream)).toBe(false);
    shipper.release(stream);
    await vi.waitFor(() => expect(control.closed.has(stream)).toBe(true), { timeout: 3_000 });
    await vi.waitFor(() => expect(existsSync(join(folder, stream))).toBe(false));
    expect(taken().filter((entry) => entry.kind === 'session.ended')).toMatchObject([
      { data: { because: 'client_closed' } },
    ]);
    expect(texts(taken())).toHaveLength(50);
  });

  it('after kill -9 of worker and main: no gap, no duplicate, every session ended, every operation with an outcome', async () => {
    const folder = temporaryFolder();
    const child = fork(WRITER, [join(folder, stream), '20000', '10'], { stdio: 'inherit' });
    onTestFinished(() => void child.kill('SIGKILL'));
    let acknowledged = 0;
    child.on('message', (op: number) => {
      acknowledged = op;
    });
    const first = startShipper(folder);
    first.openStream(stream);
    first.start();
    await vi.waitFor(() => expect(taken().length).toBeGreaterThan(300), { timeout: 10_000 });
    await first.stop();
    child.kill('SIGKILL');
    await once(child, 'exit');

    // Another main process finds what is left.
    const second = startShipper(folder);
    second.start();
    await second.drain(10_000);
    expect(control.closed.has(stream)).toBe(true);
    const entries = taken();
    expect(entries.map((entry) => entry.seq)).toEqual(countTo(entries.length));
    const statements = entries.filter((entry) => entry.kind === 'statement').map((entry) => entry.data.op);
    expect(statements).toEqual(countTo(statements.length));
    expect(statements.length).toBeGreaterThanOrEqual(acknowledged);
    const outcomes = entries.filter((entry) => entry.kind === 'statement.outcome').map((entry) => entry.data.op);
    expect(new Set(outcomes)).toEqual(new Set(statements));
    expect(entries.at(-1)).toMatchObject({
      kind: 'session.ended',
      data: { because: 'relay_worker_lost', person: 'alice' },
    });
  });

  it('repeats the text of a prepared statement after a restart, though the segment that held it is gone', async () => {
    const folder = temporaryFolder();
    const spool = openSpool(join(folder, stream), { stream, segmentBytes: 3_000 });
    const first = startShipper(folder);
    first.openStream(stream);
    first.start();
    const session = spool.begin(sessionInfo());
    const text = Buffer.from('SELECT * FROM orders WHERE id = $1');
    const types = Buffer.from([0, 0, 0, 23]);
    const values = Buffer.from([0, 1, 0, 1, 0, 1, 0, 0, 0, 4, 0, 0, 0, 42, 0, 0]);
    session.prepare(1, 'by_id', text, 0, text.length, text.length);
    session.types(1, types, 0, 4);
    const execute = (from: number, to: number) => {
      for (let op = from; op <= to; op++) {
        session.execute(op, 1, op, 0, values, 0, values.length);
        done(session, op);
        void spool.flush();
      }
    };
    execute(2, 60);
    await first.drain(2_000);
    await first.stop();
    expect(listSegments(join(folder, stream)).map(({ segment }) => segment)).not.toContain(1);
    execute(61, 80);
    const second = startShipper(folder);
    second.openStream(stream);
    second.start();
    await second.drain(2_000);
    const executions = taken().filter((entry) => entry.kind === 'statement');
    expect(executions).toHaveLength(79);
    for (const { data } of executions) {
      expect(data).toMatchObject({
        text: text.toString(),
        name: 'by_id',
        prepared: 1,
        values: [{ type: 'int4', value: 42 }],
      });
    }
  });

  it('resumes at the head of a control plane that is ahead of what it remembers', async () => {
    const folder = temporaryFolder();
    const spool = openSpool(join(folder, stream), { stream });
    const first = startShipper(folder);
    first.openStream(stream);
    first.start();
    write(spool, 50);
    await first.drain(2_000);
    await first.stop();
    const before = [...taken()];
    write(spool, 5);
    const second = startShipper(folder);
    second.openStream(stream);
    second.start();
    await second.drain(2_000);
    expect(taken().slice(0, before.length)).toEqual(before);
    expect(taken().map((entry) => entry.seq)).toEqual(countTo(before.length + 12));
  });

  it('sends again what a restored control plane has forgotten, while it is still in the spool', async () => {
    const folder = temporaryFolder();
    const spool = openSpool(join(folder, stream), { stream });
    const shipper = startShipper(folder);
    shipper.openStream(stream);
    shipper.start();
    write(spool, 20);
    await shipper.drain(2_000);
    const all = [...taken()];
    control.streams.set(stream, all.slice(0, 10));
    write(spool, 1);
    await shipper.drain(2_000);
    expect(taken().slice(0, all.length)).toEqual(all);
    expect(taken()).toHaveLength(all.length + 4);
  });

  it('goes on under another name, which tells what is missing, when that is gone from the spool too', async () => {
    const folder = temporaryFolder();
    const spool = openSpool(join(folder, stream), { stream, segmentBytes: 3_000 });
    const shipper = startShipper(folder);
    shipper.openStream(stream);
    shipper.start();
    write(spool, 60);
    await shipper.drain(2_000);
    control.streams.set(stream, taken().slice(0, 10));
    const old = control.head(stream);
    write(spool, 3);
    await shipper.drain(2_000);
    const next = nextName(stream);
    const [told, ...rest] = taken(next);
    expect(told).toMatchObject({
      kind: 'stream.continued',
      data: { stream, seq: 10, hash: old.hash, because: 'behind' },
    });
    const lost = told?.data.lost as { from: number; to: number };
    expect(lost.from).toBe(11);
    expect(rest.length).toBe(122 + 8 - lost.to);
    expect(texts(rest).slice(-3)).toEqual(['SELECT 1', 'SELECT 2', 'SELECT 3']);
    // A restarted gateway goes on there, and sends nothing twice.
    await shipper.stop();
    write(spool, 1);
    const again = startShipper(folder);
    again.openStream(stream);
    again.start();
    await again.drain(2_000);
    expect(taken(next)).toHaveLength(rest.length + 5);
    expect(taken(next).map((entry) => entry.seq)).toEqual(countTo(rest.length + 5));
  });

  it('goes on under another name when a segment in the middle is damaged', async () => {
    const folder = temporaryFolder();
    const spool = openSpool(join(folder, stream), { stream, segmentBytes: 3_000 });
    write(spool, 60);
    const segments = listSegments(join(folder, stream));
    const fd = openSync(segments[2]?.path ?? '', 'r+');
    writeSync(fd, Buffer.from('rotten'), 0, 6, 1_500);
    closeSync(fd);
    const shipper = startShipper(folder);
    shipper.openStream(stream);
    shipper.start();
    await shipper.drain(2_000);
    const [told, ...rest] = taken(nextName(stream));
    const lost = told?.data.lost as { from: number; to: number };
    expect(told).toMatchObject({ kind: 'stream.continued', data: { stream, because: 'damaged', seq: lost.from - 1 } });
    expect(taken()).toHaveLength(lost.from - 1);
    expect(rest).toHaveLength(122 - lost.to);
    expect(lost.to - lost.from).toBeLessThan(40);
  });

  it('is not held up for ever by a record that the control plane does not understand', async () => {
    const folder = temporaryFolder();
    const spool = openSpool(join(folder, stream), { stream });
    const shipper = startShipper(folder);
    shipper.openStream(stream);
    shipper.start();
    spool.principal({ resource: 'orders', principal: 'x', grant: null, did: 'something new', detail: '' });
    write(spool, 2);
    await shipper.drain(3_000);
    const [odd, ...rest] = taken();
    expect(odd).toMatchObject({ kind: 'record.unreadable' });
    const { base64 = '' } = (odd?.data ?? {}) as { base64?: string };
    expect(Buffer.from(base64, 'base64').toString()).toContain('something new');
    expect(rest).toHaveLength(6);
  });

  it('brings home what another identity of this gateway left', async () => {
    const folder = temporaryFolder();
    const old = `gw_zzzzzzzzzzzzzzzz.boot${counter}.w0` as StreamId;
    const spool = openSpool(join(folder, old), { stream: old });
    write(spool, 2);
    const shipper = startShipper(folder);
    shipper.start();
    await shipper.drain(2_000);
    const [told, ...rest] = taken(stream);
    expect(told).toMatchObject({ kind: 'stream.continued', data: { stream: old, because: 'rejoined', lost: null } });
    expect(rest).toHaveLength(6);
  });
});

describe('the limit', () => {
  it('holds while the control plane is away, and gives way as the spool is emptied', async () => {
    const folder = temporaryFolder();
    const limitBytes = 300_000;
    const allowed = { spool: null as Spool | null };
    const onAllowance = (_: StreamId, bytes: number) => allowed.spool?.allow(bytes);
    const uploader = new Uploader(() => http);
    const shipper = new Shipper({
      folder,
      gateway: GATEWAY,
      limitBytes,
      workers: 1,
      uploader,
      log: silent,
      onAllowance,
    });
    onTestFinished(() => shipper.stop());
    await control.down();
    shipper.start();
    const allowanceBytes = shipper.openStream(stream);
    const spool = openSpool(join(folder, stream), { stream, allowanceBytes, segmentBytes: 20_000 });
    allowed.spool = spool;
    expect(() => write(spool, 5_000)).toThrow('TIDEGATE_SPOOL_LIMIT');
    const onDisk = listSegments(join(folder, stream)).reduce((sum, { bytes }) => sum + bytes, 0);
    expect(onDisk).toBeLessThanOrEqual(limitBytes);
    expect(onDisk).toBeGreaterThan(limitBytes * 0.9);
    await control.up();
    await shipper.drain(5_000);
    await vi.waitFor(() => write(spool, 100), { timeout: 5_000 });
    await shipper.drain(5_000);
    expect(texts(taken()).at(-1)).toBe('SELECT 100');
    expect(taken().map((entry) => entry.seq)).toEqual(countTo(taken().length));
  });
});

describe('the budget', () => {
  it('never grants more than the limit, whatever is written, seen late and deleted', () => {
    const budget = new SpoolBudget(1_000_000, 4);
    const names = ['a', 'b', 'c', 'd'].map((name) => name as StreamId);
    const granted = new Map(names.map((name) => [name, budget.open(name)]));
    const written = new Map(names.map((name) => [name, 0]));
    const deleted = new Map(names.map((name) => [name, 0]));
    let most = 0;
    let random = 12345;
    const dice = (sides: number) => {
      random = (random * 1103515245 + 12345) & 0x7fffffff;
      return random % sides;
    };
    for (let round = 0; round < 3_000; round++) {
      for (const name of names) {
        // One of them is much busier than the others.
        const wants = dice(name === 'a' ? 80_000 : 4_000);
        const may = Math.min(wants, (granted.get(name) ?? 0) - (written.get(name) ?? 0));
        written.set(name, (written.get(name) ?? 0) + may);
      }
      const onDisk = () => new Map(names.map((name) => [name, (written.get(name) ?? 0) - (deleted.get(name) ?? 0)]));
      const total = [...onDisk().values()].reduce((sum, bytes) => sum + bytes, 0);
      expect(total).toBeLessThanOrEqual(1_000_000);
      most = Math.max(most, total);
      if (dice(4) === 0) budget.seen(onDisk());
      const name = names[dice(4)] ?? names[0];
      const there = name === undefined ? 0 : (onDisk().get(name) ?? 0);
      if (name !== undefined && dice(3) === 0) {
        const bytes = dice(there + 1);
        deleted.set(name, (deleted.get(name) ?? 0) + bytes);
        budget.deleted(name, bytes);
      }
      for (const [raised, bytes] of budget.raise()) granted.set(raised, bytes);
    }
    expect(most).toBeGreaterThan(800_000);
  });

  it('counts what dead workers left', () => {
    const budget = new SpoolBudget(1_000, 1);
    budget.seen(new Map([['old' as StreamId, 900]]));
    expect(budget.open('new' as StreamId)).toBe(100);
  });
});

describe('the pace', () => {
  it('takes little while sessions are busy, all when the spool fills up, and does not dawdle in quiet moments', () => {
    const busy = 10_000_000;
    expect(restAfter(10, 0.01, busy, true)).toBeGreaterThan(150);
    expect(restAfter(10, 0.2, busy, true)).toBe(restAfter(10, 0.01, busy, true));
    expect(restAfter(10, 0.5, busy, true)).toBeLessThan(15);
    expect(restAfter(10, 0.8, busy, true)).toBe(0);
    expect(restAfter(10, 0.01, 0, true)).toBeLessThan(10);
  });

  it('changes little by little: one busy client is in the way of an upload too', () => {
    const rests = [10_000, 100_000, 300_000, 600_000, 2_000_000].map((growth) => restAfter(10, 0.01, growth, true));
    expect(rests).toEqual(rests.toSorted((a, b) => a - b));
    expect(rests[3]).toBeGreaterThan(150);
  });

  it('takes few records at once while sessions are busy: the longest rest would not make up for many', () => {
    const busy = 10_000_000;
    expect(recordsAtOnce(0.01, busy, true)).toBe(100);
    expect(recordsAtOnce(0.01, 0, true)).toBe(500);
    expect(recordsAtOnce(0.4, busy, true)).toBe(500);
    expect(recordsAtOnce(0.6, 0, true)).toBe(2_000);
    expect(recordsAtOnce(1, busy, true)).toBe(2_000);
  });

  it('begins with few records after a silence, whose growth says nothing of what has ended it, and looks again', () => {
    expect(recordsAtOnce(0.01, 0, false)).toBe(100);
    expect(recordsAtOnce(1, 0, false)).toBe(2_000);
    expect(restAfter(1, 0.01, 0, false)).toBe(200);
    expect(restAfter(1, 0.8, 0, false)).toBe(0);
  });
});

describe('names of continued streams', () => {
  it('count on', () => {
    expect(nextName('gw_a.b1.w3' as StreamId)).toBe('gw_a.b1.w3-2');
    expect(nextName('gw_a.b1.w3r12-2' as StreamId)).toBe('gw_a.b1.w3r12-3');
    expect(nextName('gw_a.b1.w3-9' as StreamId)).toBe('gw_a.b1.w3-10');
  });
});
