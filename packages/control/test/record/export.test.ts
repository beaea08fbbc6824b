/** The record as others check it: export, checkpoints, lists (promise 4). */
import { createPublicKey } from 'node:crypto';
import { resourceName } from '@tidegate/contract';
import { AuditVerifier, type Verification } from '@tidegate/core';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signHeads } from '../../src/record/checkpoints.ts';
import { exportRecord } from '../../src/record/export.ts';
import { matching } from '../../src/record/filter.ts';
import { type Api, startApi, withCluster } from '../support/api.ts';
import { type Identity, joinLink, send, startTestLink, type TestLink, TestStream, WHO } from '../support/link.ts';

withCluster();
let api: Api;
let link: TestLink;
let identity: Identity;
/** Alice's and bob's statements, in streams of their own; the second one's later entries are of the next day. */
let alices: TestStream;
let bobs: TestStream;
const [ORDERS, SHOP] = [resourceName.parse('orders'), resourceName.parse('shop')];
const TODAY = '2026-03-01T10:00:00Z';
const TOMORROW = '2026-03-02T10:00:00Z';

beforeAll(async () => {
  api = await startApi();
  link = await startTestLink(api.context);
  identity = await joinLink(link);
  alices = new TestStream(identity.gateway);
  bobs = new TestStream(identity.gateway);
  const bob = { ...WHO, person: 'bob', grant: 'g0000001', session: 'ses_00000000000000b0' };
  const fill = (stream: TestStream, who: typeof WHO, at: string) =>
    Array.from({ length: 1200 }, (_, op) =>
      stream.add('statement', { ...who, op, protocol: 'simple', text: `SELECT ${op}`, bytes: 9 }, at),
    );
  await upload(alices, fill(alices, WHO, TODAY));
  await upload(bobs, fill(bobs, bob, TODAY));
  await signHeads(api.context.store.db, link.signingKey, api.context.now());
  await upload(bobs, fill(bobs, bob, TOMORROW));
});
afterAll(async () => {
  await link.stop();
  await api.close();
});

async function upload(stream: TestStream, lines: readonly string[]): Promise<void> {
  const { status } = await send(link, `/streams/${stream.id}/records`, { body: lines.join('\n'), identity });
  expect(status).toBe(200);
}

async function exported(
  filter: Parameters<typeof exportRecord>[1] = {},
  within: Parameters<typeof exportRecord>[2]['within'] = null,
): Promise<string[]> {
  const signal = new AbortController().signal;
  let text = '';
  for await (const chunk of exportRecord(api.context, filter, { by: 'audrey' as never, within, signal })) text += chunk;
  return text.split('\n').slice(0, -1);
}
function verify(lines: readonly string[]): Verification {
  const verifier = new AuditVerifier([createPublicKey(link.signingKey.publicKey)]);
  for (const line of lines) verifier.add(line);
  return verifier.result();
}
const streamsOf = ({ streams }: Verification) => new Set(streams.map(({ stream }) => stream as string));

describe('an export', () => {
  test('of everything verifies with the public key alone, to the last entry', async () => {
    const result = verify(await exported());
    expect(result).toMatchObject({ ok: true, failure: null });
    expect(streamsOf(result)).toEqual(new Set(['control', alices.id, bobs.id]));
    expect(result.entries).toBeGreaterThan(3600);
    for (const { firstSeq, lastSeq, attestedThrough } of result.streams) {
      expect([firstSeq, attestedThrough]).toEqual([1, lastSeq]);
    }
  });

  test('is itself on record', async () => {
    await exported({ grant: WHO.grant });
    expect((await api.events()).at(-1)).toMatchObject({
      kind: 'record.exported',
      data: { by: 'audrey', filter: { grant: WHO.grant } },
    });
  });

  test('by grant or person holds the whole streams that they are in, so that it verifies', async () => {
    for (const filter of [{ grant: WHO.grant }, { person: 'alice', kind: 'statement' }, { session: WHO.session }]) {
      const result = verify(await exported(filter));
      expect(result.ok).toBe(true);
      expect(streamsOf(result)).toContain(alices.id);
      expect(streamsOf(result)).not.toContain(bobs.id);
    }
    expect(await exported({ grant: 'g9999999' })).toEqual([]);
  });

  test('from a time on begins after a checkpoint, and verifies from there', async () => {
    const result = verify(await exported({ stream: bobs.id, since: '2026-03-02T00:00:00Z' }));
    expect(result).toMatchObject({ ok: true, entries: 1200 });
    expect(result.streams).toMatchObject([{ stream: bobs.id, firstSeq: 1201, lastSeq: 2400 }]);
  });

  test('of a time in which nothing happened is empty', async () => {
    expect(await exported({ since: '2001-01-01T00:00:00Z', until: '2001-01-02T00:00:00Z' })).toEqual([]);
  });

  test('until a time ends with the checkpoint after it', async () => {
    const result = verify(await exported({ stream: bobs.id, until: '2026-03-02T00:00:00Z' }));
    expect(result).toMatchObject({ ok: true, entries: 1200 });
    expect(result.streams).toMatchObject([{ stream: bobs.id, lastSeq: 1200, attestedThrough: 1200 }]);
  });

  test('shows every change: a byte, a line left out, lines exchanged, the end cut off', async () => {
    const lines = await exported({ stream: alices.id });
    const without = (index: number) => lines.toSpliced(index, 1);
    for (const changed of [
      lines.map((line) => line.replace('SELECT 700', 'SELECT 007')),
      without(0),
      without(600),
      lines.toSpliced(3, 2, lines[4] ?? '', lines[3] ?? ''),
      [lines.at(-1) ?? '', ...lines.slice(0, 1000)],
    ]) {
      expect(verify(changed).ok).toBe(false);
    }
    expect(verify(lines).ok).toBe(true);
  });

  test('of some resources holds the lines of these alone, whole chunk after chunk, and verifies as no chain', async () => {
    const lines = await exported({ kind: 'statement' }, [ORDERS]);
    const ops = await exported({ kind: 'statement', stream: alices.id }, [ORDERS]);
    expect(lines.length).toBe(3600);
    expect(ops).toEqual((await exported({ stream: alices.id })).filter((line) => line.includes('"kind":"statement"')));
    expect(await exported({ kind: 'statement' }, [SHOP])).toEqual([]);
    expect(verify((await exported({}, [ORDERS])).slice(1)).ok).toBe(false);
  });

  test('ends when nobody reads on', async () => {
    const gone = new AbortController();
    gone.abort(new Error('gone'));
    const lines = exportRecord(api.context, {}, { by: 'audrey' as never, within: null, signal: gone.signal });
    await expect(lines.next().then(() => lines.next())).rejects.toThrow('gone');
  });
});

describe('checkpoints', () => {
  test('are signed once for each head, whoever signs', async () => {
    const { store, now } = api.context;
    const statement = alices.statement(9999, 'SELECT 1');
    await upload(alices, [statement]);
    await Promise.all([1, 2, 3].map(() => signHeads(store.db, link.signingKey, now(), [alices.id])));
    const { items } = await (await api.as('audrey')).auditCheckpoints({ stream: alices.id });
    expect(items.map(({ seq }) => seq)).toEqual([1201, 1200]);
    expect(await signHeads(store.db, link.signingKey, now(), [alices.id])).toBe(0);
  });
});

describe('the lists', () => {
  test('of entries are found by what they are about, newest first, page by page', async () => {
    const auditor = await api.as('audrey');
    const seen: number[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await auditor.auditEntries({
        grant: 'g0000001',
        until: TOMORROW,
        limit: 500,
        ...(cursor ? { cursor } : {}),
      });
      for (const { seq, stream, data } of page.items) {
        seen.push(seq);
        expect([stream, data.person]).toEqual([bobs.id, 'bob']);
      }
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual(Array.from({ length: 1200 }, (_, index) => 1200 - index));
    const { items } = await auditor.auditEntries({ kind: 'config.applied' });
    expect(items).toMatchObject([{ stream: 'control', data: { by: 'carol', version: 1 } }]);
  });

  test('by kind alone are found by an index, without reading every statement', async () => {
    const plan = await api.context.store.transaction(async (tx) => {
      await sql`SET LOCAL enable_seqscan = off`.execute(tx);
      const query = matching(tx, { kind: 'config.applied' }).select('entry').orderBy('at', 'desc').limit(2);
      return query.explain('text');
    });
    expect(JSON.stringify(plan)).toMatch(/entries_\d{8}_kind_at_idx/);
  });

  test('take no cursor but their own', async () => {
    const auditor = await api.as('audrey');
    for (const cursor of ['x', btoa('["a"]'), btoa('["2026-01-01T00:00:00Z","a","\\u0000"]')]) {
      await expect(auditor.auditEntries({ cursor })).rejects.toMatchObject({ code: 'invalid_input' });
    }
  });
});
