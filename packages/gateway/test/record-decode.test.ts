import { recordData } from '@tidegate/contract';
import { Outcome } from '@tidegate/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decoder } from '../src/record/decode.ts';
import { DecodeState } from '../src/record/decode-state.ts';
import { Fingerprints } from '../src/record/fingerprint.ts';
import { decodeBlock, type Encoder, type Entry, EntryKind, Encoder as NewEncoder } from '../src/record/format.ts';
import { SpoolSession } from '../src/record/spool-session.ts';
import { exactText, incompleteTail, textOf } from '../src/record/text.ts';
import { done, sessionInfo, simple } from './support/record.ts';

/** A session whose entries go nowhere but into `entries`. */
function recording() {
  const encoder: Encoder = new NewEncoder();
  const info = sessionInfo();
  const over = () => undefined;
  const session = new SpoolSession(info, {
    number: 1,
    encoder,
    fingerprints: new Fingerprints(Buffer.alloc(32)),
    over,
  });
  encoder.putJson(EntryKind.started, 1, performance.now(), info);
  const entries = (): Entry[] => {
    const bytes = Buffer.from(encoder.finish(1, 0));
    encoder.clear();
    const all: Entry[] = [];
    for (let at = 0; at < bytes.length; ) {
      const block = decodeBlock(bytes, at);
      if (block === 'damaged' || 'needs' in block) throw new Error('no block');
      all.push(...block.entries);
      at += block.length;
    }
    return all;
  };
  return { session, encoder, entries };
}

function decoded(entries: readonly Entry[], decoder = new Decoder()) {
  const records = entries.flatMap((entry) => decoder.decode(entry, 1_700_000_000_000) ?? []);
  for (const { kind, data } of records) {
    expect(recordData[kind as keyof typeof recordData].safeParse(data).error, JSON.stringify(data)).toBeUndefined();
    expect(JSON.stringify(data)).not.toContain('\\u0000');
  }
  return records.slice(1).map(({ kind, data }) => ({ kind, ...data }));
}

describe('text', () => {
  it('is given with the bytes beside it where it is not UTF-8 or holds NUL', () => {
    expect(textOf(Buffer.from('héllo'))).toEqual({ text: 'héllo' });
    expect(textOf(Buffer.from([0x53, 0xe9, 0x4c]))).toEqual({ text: 'S\uFFFDL', base64: 'U+lM' });
    expect(textOf(Buffer.from('a\0b'))).toEqual({ text: 'a\uFFFDb', base64: 'YQBi' });
  });

  it('in UTF-16 is given as text too', () => {
    const bytes = Buffer.from('grün 🎉', 'utf16le');
    expect(textOf(bytes, 'utf16le')).toEqual({ text: 'grün 🎉' });
    expect(textOf(bytes.subarray(0, -2), 'utf16le')).toMatchObject({ text: 'grün \uFFFD', base64: expect.any(String) });
    const tails = Array.from({ length: bytes.length + 1 }, (_, end) =>
      incompleteTail(bytes.subarray(0, end), 'utf16le'),
    );
    expect(tails).toEqual([0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 2, 3, 0]);
  });

  it('of a statement in parts comes together again, wherever characters were cut', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', minLength: 8, maxLength: 60 }).map((text) => text.replaceAll('\0', '-')),
        fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 30 }),
        (text, sizes) => {
          const bytes = Buffer.from(text);
          const { session, entries } = recording();
          let at = Math.min(sizes[0] ?? 1, bytes.length - 1);
          session.simple(1, bytes, 0, at, bytes.length);
          for (let i = 1; at < bytes.length; i++) {
            const end = i >= sizes.length ? bytes.length : Math.min(bytes.length, at + (sizes[i] ?? 1));
            session.part(1, at, bytes.length, bytes, at, end, end === bytes.length);
            at = end;
          }
          const records = decoded(entries());
          expect(records.map((record) => ('text' in record ? record.text : null)).join('')).toBe(text);
          let offset = 0;
          for (const record of records) {
            if ('offset' in record) expect(record.offset).toBe(offset);
            offset += Buffer.byteLength(String('text' in record ? record.text : ''));
          }
        },
      ),
    );
  });

  it('knows how much of the last character is missing', () => {
    const bytes = Buffer.from('aé€😀');
    const tails = Array.from({ length: bytes.length + 1 }, (_, end) => incompleteTail(bytes.subarray(0, end)));
    expect(tails).toEqual([0, 0, 1, 0, 1, 2, 0, 1, 2, 3, 0]);
    expect(exactText(Buffer.from([0x80]))).toBeNull();
  });
});

describe('records of a session', () => {
  it('tell what an execution refers to, repeat its text, and read its values by the latest types', () => {
    const { session, entries } = recording();
    const text = Buffer.from('UPDATE t SET a = $1');
    const int4 = Buffer.from([0, 1, 0, 1, 0, 1, 0, 0, 0, 4, 0, 0, 0, 7, 0, 0]);
    session.prepare(1, '', text, 0, text.length, text.length);
    session.types(1, Buffer.from([0, 0, 0, 23]), 0, 4);
    session.execute(2, 1, 2, 0, int4, 0, int4.length);
    session.bind(3, 1, int4, 0, int4.length, int4.length);
    session.execute(4, 1, 3, 50, int4, 0, 0);
    session.named(5, 'made_by_sql');
    session.execute(6, 5, 6, 0, int4, 0, int4.length);
    session.prepare(7, '', text, 0, text.length, text.length);
    session.alternative(8, 1);
    session.execute(8, 7, 8, 0, int4, 0, int4.length);
    const [prepared, first, bound, second, named, , alternative] = decoded(entries());
    expect(prepared).toMatchObject({ kind: 'statement.prepared', op: 1, name: '', text: text.toString() });
    expect(first).toMatchObject({ op: 2, prepared: 1, text: text.toString(), values: [{ type: 'int4', value: 7 }] });
    expect(first).not.toHaveProperty('bound');
    expect(bound).toMatchObject({ kind: 'statement.bound', op: 3, prepared: 1, values: [{ value: 7 }] });
    expect(second).toMatchObject({ op: 4, prepared: 1, bound: 3, maxRows: 50, text: text.toString() });
    expect(second).not.toHaveProperty('values');
    expect(named).toMatchObject({ op: 6, name: 'made_by_sql' });
    expect(alternative).toMatchObject({ op: 8, prepared: 7, alternative: 1 });
  });

  it('tell outcomes: rows, bytes, code, and how long it took by the writer’s clock', () => {
    const { encoder, session, entries } = recording();
    simple(session, 1, 'a; b');
    const [started, statement] = entries();
    if (started === undefined || statement === undefined) throw new Error('nothing was recorded');
    const outcome = (state: Outcome, tag: string, index: number, more: boolean, after: number, rows: number) => {
      const bytes = Buffer.from(tag);
      encoder.putOutcome(more ? 1 : 0, 1, statement.time + after, 1, index, state, rows, 3, 4, bytes, 0, bytes.length);
    };
    outcome(Outcome.done, 'INSERT 0 5', 0, true, 1.5, 5);
    outcome(Outcome.error, '23505', 1, false, 2.25, 0);
    outcome(Outcome.lost, '', 2, false, 99, -1);
    const [, first, second, third] = decoded([started, statement, ...entries()]);
    expect(first).toMatchObject({
      state: 'done',
      command: 'INSERT',
      rows: 5,
      bytes: 7,
      sqlstate: null,
      durationMs: 1.5,
    });
    expect(second).toMatchObject({
      state: 'error',
      command: '',
      rows: null,
      sqlstate: '23505',
      index: 1,
      durationMs: 2.25,
    });
    // Its end was told already: there is no beginning to count from.
    expect(third).toMatchObject({ state: 'unknown', rows: null, durationMs: 0 });
  });

  it('keep whatever bytes an operation holds, and never fail on any', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.constantFrom('prepare', 'bind', 'execute', 'simple', 'call', 'part'),
            fc.uint8Array({ maxLength: 60 }),
            fc.nat(3),
          ),
        ),
        (operations) => {
          const { session, entries } = recording();
          let op = 0;
          for (const [what, bytes, more] of operations) {
            op += 1;
            const { length } = bytes;
            if (what === 'prepare') session.prepare(op, '\0odd', bytes, 0, length, length + more);
            else if (what === 'bind') session.bind(op, op - 1, bytes, 0, length, length + more);
            else if (what === 'execute') session.execute(op, op - 1, op, 0, bytes, 0, length);
            else if (what === 'part') session.part(op - 1, 0, length, bytes, 0, length, more === 0);
            else session[what === 'call' ? 'call' : 'simple'](op, bytes, 0, length, length + more);
          }
          const records = decoded(entries());
          expect(records.map((record) => record.kind)).not.toContain('record.unreadable');
          expect(records).toHaveLength(operations.length);
        },
      ),
    );
  });

  it('read the same when reading was broken off anywhere and taken up from what was written down', () => {
    const { session, entries } = recording();
    const text = Buffer.from('SELECT $1');
    const value = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 55, 0, 0]);
    const large = Buffer.from(`SELECT '${'é'.repeat(20)}'`);
    session.prepare(1, 's', text, 0, text.length, text.length);
    session.types(1, Buffer.from([0, 0, 0, 23]), 0, 4);
    session.alternative(2, 1);
    session.execute(2, 1, 2, 0, value, 0, value.length);
    session.simple(3, large, 0, 11, large.length);
    session.part(3, 11, large.length, large, 11, 20, false);
    session.part(3, 20, large.length, large, 20, large.length, true);
    done(session, 2);
    done(session, 3);
    session.cancelled();
    session.ended('client_gone', null, 1, 2);
    const all = entries();
    const whole = decoded(all);
    for (let cut = 1; cut < all.length; cut++) {
      const before = new Decoder();
      const head = all.slice(0, cut).flatMap((entry) => before.decode(entry, 0) ?? []);
      const after = new Decoder();
      after.resume(DecodeState.restore(before.state.write()));
      const tail = all.slice(cut).flatMap((entry) => after.decode(entry, 0) ?? []);
      const records = [...head, ...tail].slice(1).map(({ kind, data }) => ({ kind, ...data }));
      expect(records).toEqual(whole);
    }
  });

  it('of a session that nobody introduced are kept as they stand', () => {
    const { session, entries } = recording();
    simple(session, 1, 'SELECT 1');
    const [, statement] = entries();
    const record = statement && new Decoder().decode(statement, 0);
    expect(record).toMatchObject({ kind: 'record.unreadable', data: { entry: EntryKind.simple, session: 1 } });
    expect(recordData['record.unreadable'].safeParse(record?.data).success).toBe(true);
  });

  it('forget statements that were prepared anew, and what ended sessions left', () => {
    const state = new DecodeState();
    state.open(1, sessionInfo());
    const prepared = { name: '', bytes: 1, text: 'x', fingerprint: null, types: null };
    for (let statement = 1; statement <= 20; statement++) state.remember(1, statement, prepared);
    expect(state.prepared(1, 20)).toBeDefined();
    expect(state.prepared(1, 10)).toBeUndefined();
    state.close(1);
    expect(JSON.parse(state.write())).toMatchObject({ sessions: [], prepared: [] });
  });
});
