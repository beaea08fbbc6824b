import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { recordData } from '@tidegate/contract';
import { Outcome } from '@tidegate/wire';
import { describe, expect, it, onTestFinished } from 'vitest';
import { listSegments } from '../src/record/segments.ts';
import { RecordUnavailableError } from '../src/record/spool.ts';
import { countTo, done, openSpool, readAll, sessionInfo, simple, temporaryFolder } from './support/record.ts';

const WRITER = fileURLToPath(new URL('./support/spool-writer.ts', import.meta.url));
const folderOf = () => join(temporaryFolder(), 'stream');

describe('the spool', () => {
  it('holds nothing back: what flush has written another process reads, each record once and in its shape', () => {
    const folder = folderOf();
    const spool = openSpool(folder);
    expect(spool.pending).toBe(false);
    const session = spool.begin(sessionInfo());
    simple(session, 1, 'SELECT 1');
    expect(spool.pending).toBe(true);
    expect(existsSync(folder)).toBe(false);
    expect(spool.flush()).toBeUndefined();
    expect(spool.pending).toBe(false);
    expect(readAll(folder).records.map((record) => record.kind)).toEqual(['session.started', 'statement']);

    done(session, 1);
    session.cancelled();
    session.ended('client_closed', null, 100, 200);
    spool.refused({
      loginName: 'x',
      resource: '',
      database: 'd',
      clientAddress: '::1',
      application: '',
      reason: 'no',
      code: '28P01',
    });
    spool.close();
    const { records, seqs } = readAll(folder);
    expect(seqs).toEqual(countTo(6));
    for (const { kind, data } of records) {
      expect(recordData[kind as keyof typeof recordData].safeParse(data).error, kind).toBeUndefined();
    }
    expect(records[2]?.data).toMatchObject({ op: 1, state: 'done', command: 'SELECT', rows: 1, person: 'alice' });
    expect(records[4]?.data).toMatchObject({ because: 'client_closed', statements: 1, bytesToClient: 100 });
  });

  it('goes on in a new segment, which says who is connected, and numbers on', () => {
    const folder = folderOf();
    const spool = openSpool(folder, { segmentBytes: 2_000 });
    const session = spool.begin(sessionInfo());
    for (let op = 1; op <= 40; op++) {
      simple(session, op, `SELECT ${op} /* ${'y'.repeat(100)} */`);
      void spool.flush();
    }
    spool.close();
    expect(readAll(folder).seqs).toEqual(countTo(41));
    const segments = listSegments(folder);
    expect(segments.length).toBeGreaterThan(3);
    // The last one alone: it knows whose statements these are.
    for (const { path } of segments.slice(0, -1)) rmSync(path);
    const { records } = readAll(folder);
    expect(records.length).toBeGreaterThan(0);
    for (const record of records)
      expect(record.data).toMatchObject({ person: 'alice', session: 'ses_0123456789abcdef' });
  });

  it('writes neither values nor, for fingerprints, texts to the disk where the resource says so', async () => {
    const folder = folderOf();
    const spool = openSpool(folder);
    await spool.prepareFingerprints('postgres');
    const values = Buffer.from('\0\0\0\x01\0\0\0\x0btopsecret-v\0\0', 'latin1');
    const text = Buffer.from("SELECT 'topsecret-t' WHERE x = $1");
    for (const policy of ['text', 'fingerprint'] as const) {
      const session = spool.begin(sessionInfo({ values: policy, application: policy }));
      session.prepare(1, 's', text, 0, text.length, text.length);
      session.execute(2, 1, 2, 0, values, 0, values.length);
      session.bind(3, 1, values, 0, values.length, values.length + 11);
      session.part(3, values.length, values.length + 11, Buffer.from('topsecret-v'), 0, 11, true);
      simple(session, 4, text);
      session.simple(5, text, 0, 10, text.length);
      session.part(5, 10, text.length, text, 10, text.length, true);
      simple(session, 6, 'not sql topsecret-t');
      session.call(7, values, 0, values.length, values.length);
      session.ended('client_closed', null, 0, 0);
    }
    spool.close();
    const raw = readFileSync(listSegments(folder)[0]?.path ?? '', 'latin1');
    expect(raw).not.toContain('topsecret-v');
    expect(raw.split('topsecret-t').length - 1).toBe(3);
    const { records } = readAll(folder);
    const of = (policy: string) => records.filter((record) => record.data.application === policy);
    expect(of('text').find((record) => record.data.op === 2)?.data).toMatchObject({ text: text.toString() });
    const prints = of('fingerprint').flatMap((record) => record.data.fingerprint ?? []);
    expect(prints.slice(0, 3)).toEqual([prints[0], prints[0], prints[0]]);
    expect(prints[0]).toMatch(/^pg:[0-9a-f]{16}$/);
    expect(prints.slice(3)).toHaveLength(3);
    for (const print of prints.slice(3)) expect(print).toMatch(/^hmac:[0-9a-f]{32}$/);
    for (const { kind, data } of records) {
      expect(data.values, kind).toBeUndefined();
      expect(recordData[kind as keyof typeof recordData].safeParse(data).success, kind).toBe(true);
    }
  });

  it('with durability disk, resolves after a sync that covers what was recorded before', async () => {
    const folder = folderOf();
    const spool = openSpool(folder, { durability: 'disk', segmentBytes: 4_000 });
    const session = spool.begin(sessionInfo());
    const waits: Promise<void>[] = [];
    for (let op = 1; op <= 60; op++) {
      simple(session, op, `SELECT ${op} /* ${'y'.repeat(100)} */`);
      const wait = spool.flush();
      expect(wait).toBeInstanceOf(Promise);
      if (wait !== undefined) waits.push(wait);
      expect(spool.pending).toBe(true);
    }
    await Promise.all(waits);
    expect(spool.pending).toBe(false);
    expect(spool.flush()).toBeUndefined();
    spool.close();
    expect(readAll(folder).seqs).toEqual(countTo(61));
  });
});

describe('a spool that cannot be written', () => {
  it('refuses at its allowance, keeps what has happened, and goes on when it is raised', () => {
    const folder = folderOf();
    const spool = openSpool(folder, { allowanceBytes: 1_500 });
    const session = spool.begin(sessionInfo());
    let op = 0;
    const full = () => {
      for (;;) {
        op += 1;
        simple(session, op, `SELECT ${op}`);
        void spool.flush();
      }
    };
    expect(full).toThrow(RecordUnavailableError);
    expect(spool.written).toBeLessThanOrEqual(1_500);
    const ran = op - 1;
    // The one that was refused was never forwarded: nothing can come of it.
    session.outcome(op, 0, Outcome.lost, false, -1, 0, 0, Buffer.alloc(0), 0, 0);
    done(session, ran);
    session.ended('record_unavailable', null, 1, 2);
    expect(() => spool.flush()).toThrow(RecordUnavailableError);
    spool.allow(100_000);
    void spool.flush();
    spool.close();
    const { records, seqs } = readAll(folder);
    expect(seqs).toEqual(countTo(records.length));
    expect(records.filter((record) => record.kind === 'statement')).toHaveLength(ran);
    expect(records.slice(-2).map((record) => [record.kind, record.data.op, record.data.because])).toEqual([
      ['statement.outcome', ran, undefined],
      ['session.ended', undefined, 'record_unavailable'],
    ]);
  });

  it('on a full disk leaves no torn block behind, and goes on when there is room', () => {
    const mount = temporaryFolder();
    if (!mountTiny(mount)) return limitedFileSize();
    const ballast = join(mount, 'ballast');
    writeFileSync(ballast, Buffer.alloc(700_000));
    const folder = join(mount, 'stream');
    const spool = openSpool(folder, { segmentBytes: 100_000 });
    const session = spool.begin(sessionInfo());
    let op = 0;
    const full = () => {
      for (;;) {
        op += 1;
        simple(session, op, `SELECT ${'z'.repeat(5_000)}`);
        void spool.flush();
      }
    };
    expect(full).toThrow(/ENOSPC/);
    expect(readAll(folder)).toMatchObject({ seqs: countTo(op), torn: 0 });
    expect(full).toThrow(/ENOSPC/);
    rmSync(ballast);
    for (let i = 0; i < 50; i++) {
      simple(session, ++op, `SELECT ${'z'.repeat(5_000)}`);
      void spool.flush();
    }
    spool.close();
    const { records, seqs, torn } = readAll(folder);
    expect(torn).toBe(0);
    expect(seqs).toEqual(countTo(records.length));
    expect(records).toHaveLength(1 + op - 2);
  });

  it('in a folder that cannot be made says so, and is whole once it can', () => {
    const root = temporaryFolder();
    const folder = join(root, 'spool', 'stream');
    writeFileSync(join(root, 'spool'), 'a file, where a folder should be');
    const spool = openSpool(folder);
    const session = spool.begin(sessionInfo());
    expect(() => spool.flush()).toThrow(RecordUnavailableError);
    rmSync(join(root, 'spool'));
    simple(session, 1, 'SELECT 1');
    void spool.flush();
    spool.close();
    expect(readAll(folder).records.map((record) => record.kind)).toEqual(['session.started', 'statement']);
  });

  it('whose file was deleted begins another within a second or so, instead of writing into nothing', async () => {
    const folder = folderOf();
    const spool = openSpool(folder);
    const session = spool.begin(sessionInfo());
    void spool.flush();
    rmSync(folder, { recursive: true });
    const before = performance.now();
    let op = 0;
    while (!existsSync(folder)) {
      simple(session, ++op, 'SELECT 1');
      void spool.flush();
      await new Promise(setImmediate);
      expect(performance.now() - before).toBeLessThan(5_000);
    }
    spool.close();
    expect(readAll(folder).records[0]?.data).toMatchObject({ person: 'alice' });
  });
});

describe('a writer killed in the middle', () => {
  it('loses nothing that it was told is written, and what it leaves reads without a gap', async () => {
    for (const wait of [30, 60, 110]) {
      const folder = folderOf();
      const child = fork(WRITER, [folder, '200000'], { stdio: 'inherit' });
      onTestFinished(() => void child.kill('SIGKILL'));
      let acknowledged = 0;
      child.on('message', (op: number) => {
        acknowledged = op;
      });
      await once(child, 'message');
      setTimeout(() => child.kill('SIGKILL'), wait);
      await once(child, 'exit');
      const { records, seqs } = readAll(folder);
      expect(seqs).toEqual(countTo(records.length));
      const ops = records.filter((record) => record.kind === 'statement').map((record) => record.data.op);
      expect(ops).toEqual(countTo(ops.length));
      expect(ops.length).toBeGreaterThanOrEqual(acknowledged);
    }
  });

  it('leaves a torn block that is dropped wherever it was cut', () => {
    const folder = folderOf();
    const spool = openSpool(folder);
    const session = spool.begin(sessionInfo());
    void spool.flush();
    const [{ path, bytes: before } = { path: '', bytes: 0 }] = listSegments(folder);
    simple(session, 1, 'SELECT 1');
    void spool.flush();
    spool.close();
    const { size } = statSync(path);
    for (let length = size - 1; length >= before; length -= 7) {
      truncateSync(path, length);
      expect(readAll(folder)).toMatchObject({ seqs: [1], torn: length - before });
    }
  });
});

/** A file system of one megabyte; false where we may not mount. */
function mountTiny(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return false; // not root, or a container that may not: the limit on file sizes does it then
  }
  onTestFinished(() => void execFileSync('umount', ['-l', folder]));
  return true;
}

/** The same by a limit on file sizes, in a process of its own; Node ignores SIGXFSZ, so writes fail with EFBIG. */
function limitedFileSize(): void {
  const folder = folderOf();
  mkdirSync(dirname(folder), { recursive: true });
  const script = `ulimit -f 200; exec "$0" "$@"`;
  const run = () => execFileSync('sh', ['-c', script, process.execPath, WRITER, folder, '10000000'], { stdio: 'pipe' });
  expect(run).toThrow(/record cannot be written/);
  const { records, seqs, torn } = readAll(folder);
  expect(torn).toBe(0);
  expect(seqs).toEqual(countTo(records.length));
  expect(records.length).toBeGreaterThan(100);
  renameSync(folder, `${folder}.read`);
}
