/** Uploads of gateways' records: what is taken in, what is not, and that nothing that was taken in ever changes. */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { UPLOAD_MAX_BYTES } from '@tidegate/contract';
import { type AuditEntry, append, entryLine, type JsonObject, newChain } from '@tidegate/core';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, startApi, withCluster } from '../support/api.ts';
import { type Identity, joinLink, send, startTestLink, type TestLink, TestStream, WHO } from '../support/link.ts';

withCluster();
let api: Api;
let link: TestLink;
let identity: Identity;
beforeAll(async () => {
  api = await startApi();
  link = await startTestLink(api.context);
  identity = await joinLink(link);
});
afterAll(async () => {
  await link.stop();
  await api.close();
});

const newStream = () => new TestStream(identity.gateway);

function upload(stream: TestStream, lines: readonly string[], headers: Record<string, string> = {}) {
  return uploadRaw(stream, lines.map((line) => `${line}\n`).join(''), headers);
}
function uploadRaw(stream: TestStream, body: string | Buffer, headers: Record<string, string> = {}) {
  return send(link, `/streams/${stream.id}/records`, { body, headers, identity });
}
const stored = (stream: TestStream) =>
  api.context.store.db
    .selectFrom('entries')
    .select(['seq', 'entry', 'hash', 'session', 'grant', 'person', 'kind'])
    .where('stream', '=', stream.id)
    .orderBy('seq')
    .execute();
/** What both sides call the head. */
const head = ({ head: { stream, seq, hash } }: TestStream) => ({ stream, seq, hash });

describe('an upload', () => {
  test('is taken in, found by what it is about, and given back byte for byte', async () => {
    const stream = newStream();
    const lines = [
      stream.add('session.started', WHO),
      stream.statement(1, 'SELECT 1'),
      stream.add('principal', { resource: 'orders', principal: 'a.g', grant: null, did: 'prepared', detail: '' }),
    ];
    expect(await upload(stream, lines)).toEqual({ status: 200, body: head(stream) });
    const rows = await stored(stream);
    expect(rows.map(({ entry }) => entry)).toEqual(lines);
    expect(rows.map(({ session, grant, person }) => [session, grant, person])).toEqual([
      [WHO.session, WHO.grant, WHO.person],
      [WHO.session, WHO.grant, WHO.person],
      [null, null, null],
    ]);
    expect(await send(link, `/streams/${stream.id}`, { method: 'GET', identity })).toEqual({
      status: 200,
      body: head(stream),
    });
  });

  test('may come again, whole or in part, and changes nothing then', async () => {
    const stream = newStream();
    const lines = [1, 2, 3, 4].map((op) => stream.statement(op, `SELECT ${op}`));
    await upload(stream, lines.slice(0, 3));
    const before = await stored(stream);
    expect(await upload(stream, lines.slice(0, 2))).toMatchObject({ status: 200, body: { seq: 3 } });
    expect(await stored(stream)).toEqual(before);
    // The last is new, the others overlap.
    expect(await upload(stream, lines.slice(1))).toEqual({ status: 200, body: head(stream) });
    expect((await stored(stream)).map(({ entry }) => entry)).toEqual(lines);
  });

  test('counts a session’s statements once, however often it comes', async () => {
    const stream = newStream();
    const who = { ...WHO, session: 'ses_00000000000000aa' };
    const lines = [1, 2, 3].map((op) => stream.statement(op, 'SELECT 1', who));
    await upload(stream, lines);
    await upload(stream, lines);
    const counted = await api.context.store.db
      .selectFrom('sessionStatements')
      .select('statements')
      .where('session', '=', who.session as never)
      .executeTakeFirst();
    expect(counted?.statements).toBe(3);
  });

  test('is taken once when it comes twice at the same moment', async () => {
    const stream = newStream();
    const lines = Array.from({ length: 50 }, (_, op) => stream.statement(op + 1, 'SELECT 1'));
    const answers = await Promise.all([1, 2, 3, 4].map(() => upload(stream, lines)));
    expect(answers.map(({ status }) => status)).toContain(200);
    // Whoever came second hears where the stream stands.
    for (const { body } of answers) expect(body).toEqual(head(stream));
    expect(await stored(stream)).toHaveLength(50);
  });

  test('comes plain, gzip or zstd', async () => {
    for (const [encoding, pack] of [
      ['gzip', gzipSync],
      ['zstd', zstdCompressSync],
    ] as const) {
      const stream = newStream();
      const body = pack(Buffer.from(`${stream.statement(1, 'é € 😀')}\n`));
      const answer = await uploadRaw(stream, body, { 'content-encoding': encoding });
      expect(answer).toEqual({ status: 200, body: head(stream) });
    }
  });

  test('keeps whatever text a database may be sent: NUL, quotes, every character', async () => {
    const stream = newStream();
    const text = 'a\0b\\u0000"\n\r\t\u2028\ufffd\u{10ffff}\x7f';
    const lines = [stream.statement(1, text), stream.statement(2, '\\\n\\N')];
    expect(await upload(stream, lines)).toEqual({ status: 200, body: head(stream) });
    const rows = await stored(stream);
    expect(rows.map(({ entry }) => entry)).toEqual(lines);
    expect(JSON.parse(rows[0]?.entry ?? '').data.text).toBe(text);
  });

  test('keeps every JSON value that the hash covers (property)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 60 }), async (texts) => {
        const stream = newStream();
        const usable = texts.filter((text) => text.isWellFormed());
        const lines = usable.map((text, op) => stream.statement(op + 1, text));
        if (lines.length === 0) return;
        expect((await upload(stream, lines)).status).toBe(200);
        expect((await stored(stream)).map(({ entry }) => entry)).toEqual(lines);
      }),
      { numRuns: 6 },
    );
  });

  test('need not be canonical; what is kept is', async () => {
    const stream = newStream();
    const line = stream.statement(1, 'SELECT 1');
    const { hash, ...rest }: AuditEntry = JSON.parse(line);
    expect((await upload(stream, [JSON.stringify({ hash, ...rest }, null, 1).replaceAll('\n', '')])).status).toBe(200);
    expect((await stored(stream))[0]?.entry).toBe(line);
  });
});

describe('an upload is refused', () => {
  test('with a gap, and says where the stream stands', async () => {
    const stream = newStream();
    const [first, , third] = [1, 2, 3].map((op) => stream.statement(op, 'SELECT 1'));
    await upload(stream, [first ?? '']);
    const known = (await send(link, `/streams/${stream.id}`, { method: 'GET', identity })).body;
    expect(await upload(stream, [third ?? ''])).toEqual({ status: 409, body: known });
    expect(await stored(stream)).toHaveLength(1);
  });

  test('when anything in it was changed', async () => {
    const stream = newStream();
    const line = stream.statement(1, 'DELETE FROM orders');
    for (const [from, to] of [
      ['DELETE FROM orders', 'SELECT 1'],
      ['alice', 'bob'],
      ['"op":1', '"op":2'],
      [/"at":"20/, '"at":"21'],
      [/"hash":"./, '"hash":"x'],
    ] as const) {
      const changed = line.replace(from, to);
      expect(changed).not.toBe(line);
      expect((await upload(stream, [changed])).status).toBe(409);
    }
    expect(await stored(stream)).toEqual([]);
  });

  test('when it contradicts what is on record', async () => {
    const stream = newStream();
    await upload(stream, [stream.statement(1, 'DELETE FROM orders')]);
    const other = append(newChain(stream.id), {
      at: new Date().toISOString(),
      kind: 'statement',
      data: { ...WHO, op: 1, protocol: 'simple', text: 'SELECT 1', bytes: 8 },
    });
    expect(await upload(stream, [entryLine(other)])).toEqual({ status: 409, body: head(stream) });
    expect((await stored(stream))[0]?.entry).toContain('DELETE FROM orders');
  });

  test('whole, when one of its lines is not an entry of ours', async () => {
    const good = newStream();
    const bad: [string, (stream: TestStream) => string][] = [
      ['not JSON', () => '{"stream":'],
      ['a list', () => '[]'],
      ['another stream', () => new TestStream(identity.gateway).statement(1, 'x')],
      ['an unknown kind', (stream) => stream.add('grant.opened', { grant: 'g0123456' })],
      ['the wrong shape', (stream) => stream.add('statement', { ...WHO, op: 'one' })],
      ['a time before ours', (stream) => stream.add('session.started', WHO, '1970-01-01T00:00:00Z')],
      ['no time', (stream) => stream.add('session.started', WHO, 'yesterday')],
      ['a member too many', (stream) => stream.statement(1, 'x').replace('{', '{"signed":true,')],
      ['text that is not Unicode', (stream) => stream.statement(1, 'xyz').replace('xyz', '\\ud800')],
      [
        'nesting without end',
        (stream) => stream.statement(1, 'xyz').replace('"xyz"', `${'['.repeat(400)}${']'.repeat(400)}`),
      ],
    ];
    for (const [what, line] of bad) {
      const stream = newStream();
      const { status, body } = await upload(stream, [stream.statement(1, 'SELECT 1'), line(stream)]);
      expect([what, status]).toEqual([what, 400]);
      expect(Reflect.get(body ?? {}, 'code')).toBe('invalid_input');
      expect(await stored(stream)).toEqual([]);
    }
    expect((await upload(good, [good.statement(1, 'SELECT 1')])).status).toBe(200);
  });

  test('when it is damaged, too large or unpacks to too much', async () => {
    const stream = newStream();
    const line = stream.statement(1, 'SELECT 1');
    const packed = zstdCompressSync(Buffer.from(`${line}\n`));
    const bomb = zstdCompressSync(Buffer.alloc(UPLOAD_MAX_BYTES + 1, ' '));
    expect(bomb.length).toBeLessThan(10_000);
    for (const [body, headers] of [
      [packed.subarray(0, packed.length - 3), { 'content-encoding': 'zstd' }],
      [Buffer.from(line), { 'content-encoding': 'gzip' }],
      [Buffer.from(line), { 'content-encoding': 'br' }],
      [bomb, { 'content-encoding': 'zstd' }],
      [Buffer.alloc(UPLOAD_MAX_BYTES + 1, ' '), {}],
      [Buffer.from([0x7b, 0xff, 0xfe, 0x7d]), {}],
    ] as const) {
      expect((await uploadRaw(stream, body, headers)).status).toBe(400);
    }
    expect(await upload(stream, [line])).toEqual({ status: 200, body: head(stream) });
  });

  test('once its stream is closed', async () => {
    const stream = newStream();
    const line = stream.statement(1, 'SELECT 1');
    await upload(stream, [line]);
    const close = (said: JsonObject) =>
      send(link, `/streams/${stream.id}/close`, { body: JSON.stringify(said), identity });
    const known = head(stream);
    expect(await close({ ...known, seq: 2 })).toEqual({ status: 409, body: known });
    expect(await close(known)).toEqual({ status: 200, body: known });
    expect(await close(known)).toEqual({ status: 200, body: known });
    expect((await upload(stream, [line])).status).toBe(200);
    expect(await upload(stream, [stream.statement(2, 'SELECT 2')])).toEqual({ status: 409, body: known });
    const auditor = await api.as('audrey');
    const { items } = await auditor.auditStreams({});
    expect(items.find(({ stream: name }) => name === stream.id)).toMatchObject({ closed: true, seq: 1 });
    // Its end is signed for at once.
    expect((await auditor.auditCheckpoints({ stream: stream.id })).items).toMatchObject([{ seq: 1, hash: known.hash }]);
  });
});

describe('the store', () => {
  test('refuses to change the record, its heads, its checkpoints and its keys', async () => {
    const stream = newStream();
    await upload(stream, [stream.statement(1, 'SELECT 1'), stream.statement(2, 'SELECT 2')]);
    const { db } = api.context.store;
    for (const statement of [
      `UPDATE entries SET entry = 'x'`,
      `DELETE FROM entries WHERE stream = '${stream.id}'`,
      'TRUNCATE entries',
      `TRUNCATE entries_${new Date().toISOString().slice(0, 10).replaceAll('-', '')}`,
      `UPDATE streams SET seq = 1 WHERE stream = '${stream.id}'`,
      `UPDATE streams SET hash = decode(repeat('00', 32), 'hex') WHERE stream = '${stream.id}'`,
      `DELETE FROM streams WHERE stream = '${stream.id}'`,
      'TRUNCATE streams CASCADE',
      'DELETE FROM checkpoints',
      'DELETE FROM keys',
      `UPDATE keys SET public = ''`,
      `UPDATE config_versions SET yaml = ''`,
    ]) {
      await api.context.store
        .transaction((tx) => sql.raw(statement).execute(tx))
        .then(
          () => expect.unreachable(statement),
          (error: unknown) => expect([statement, Reflect.get(Object(error), 'code')]).toEqual([statement, '23001']),
        );
    }
    expect(await db.selectFrom('entries').select('seq').where('stream', '=', stream.id).execute()).toHaveLength(2);
  });
});
