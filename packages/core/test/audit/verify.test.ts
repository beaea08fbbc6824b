import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  AuditVerifier,
  auditKeyId,
  canonicalJson,
  checkpointLine,
  signCheckpoint,
  type Verification,
  type VerifyFailureCode,
  verifyCheckpoint,
  verifyExport,
} from '../../src/index.ts';
import { AT, chain, checkpoint, keys, lines, otherKeys, stream } from './make.ts';

function verify(all: readonly string[], publicKeys = [keys.publicKey]): Verification {
  const verifier = new AuditVerifier(publicKeys);
  for (const line of all) if (!verifier.add(line)) break;
  return verifier.result();
}

function expectFailure(all: readonly string[], code: VerifyFailureCode, line: number | null, seq: number | null) {
  const { ok, failure } = verify(all);
  expect(failure).toMatchObject({ code, line, seq });
  expect(ok).toBe(false);
  return failure;
}

const entries = chain('control', 6);
const record = lines(entries);
/** Six entries, the fourth attested. */
const whole = [...record.slice(0, 4), checkpoint(entries[3]), ...record.slice(4)];

describe('a record that is whole', () => {
  test('is verified, stream by stream, through its last checkpoint', () => {
    const other = chain('gw_a.1.1', 3);
    const mixed = [
      ...record.slice(0, 2),
      ...lines(other.slice(0, 1)),
      ...record.slice(2, 4),
      checkpoint(entries[3]),
      '',
      ...lines(other.slice(1)),
      ...record.slice(4),
      checkpoint(other[2]),
    ];
    expect(verify(mixed)).toEqual({
      ok: true,
      failure: null,
      streams: [
        { stream: 'control', firstSeq: 1, lastSeq: 6, entries: 6, attestedThrough: 4, afterCheckpoint: 2 },
        { stream: 'gw_a.1.1', firstSeq: 1, lastSeq: 3, entries: 3, attestedThrough: 3, afterCheckpoint: 0 },
      ],
      entries: 9,
      checkpoints: 2,
    });
  });

  test('may have its checkpoints first, as they are kept elsewhere', () => {
    expect(verify([checkpoint(entries[3]), checkpoint(entries[5]), ...record])).toMatchObject({
      ok: true,
      streams: [{ attestedThrough: 6, afterCheckpoint: 0 }],
    });
  });

  test('may be without checkpoints, and says so', () => {
    expect(verify(record)).toMatchObject({ ok: true, streams: [{ attestedThrough: null, afterCheckpoint: 6 }] });
    expect(verify([])).toMatchObject({ ok: true, streams: [], entries: 0 });
  });

  test('may be a part that begins after a checkpoint, and says where', () => {
    expect(verify([checkpoint(entries[1]), checkpoint(entries[3]), ...record.slice(4)])).toMatchObject({
      ok: true,
      streams: [{ firstSeq: 5, lastSeq: 6, entries: 2, attestedThrough: 4, afterCheckpoint: 2 }],
    });
    expectFailure(record.slice(4), 'missing_start', 1, 5);
  });

  test('may be signed with several keys, one after the other', () => {
    const rotated = [...record, checkpoint(entries[5], otherKeys.privateKey)];
    expect(verify(rotated, [keys.publicKey, otherKeys.publicKey]).ok).toBe(true);
  });

  test('is read from a stream of lines', async () => {
    async function* slowly() {
      for (const line of whole) yield await Promise.resolve(line);
    }
    expect(await verifyExport(slowly(), [keys.publicKey])).toMatchObject({ ok: true, entries: 6, checkpoints: 1 });
  });
});

describe('a record that was tampered with', () => {
  const forged = (change: object, index = 2) =>
    whole.with(index, canonicalJson({ ...JSON.parse(whole[index] ?? ''), ...change }));

  test('an entry changed', () => {
    const failure = expectFailure(forged({ data: { text: 'select 1' } }), 'wrong_hash', 3, 3);
    expect(failure?.stream).toBe('control');
    expectFailure(forged({ at: '2026-11-22T09:00:00.001Z' }), 'wrong_hash', 3, 3);
    expectFailure(forged({ kind: 'session.cancel' }), 'wrong_hash', 3, 3);
    expectFailure(forged({ hash: '0'.repeat(64) }), 'wrong_hash', 3, 3);
  });

  test('an entry left out, moved or put in twice', () => {
    expect(expectFailure(whole.toSpliced(2, 1), 'gap', 3, 4)?.message).toBe('Before entry 4, entry 3 is missing.');
    expect(expectFailure(whole.toSpliced(1, 2), 'gap', 2, 4)?.message).toBe(
      'Before entry 4, entries 2 to 3 is missing.',
    );
    expectFailure(whole.with(1, whole[2] ?? '').with(2, whole[1] ?? ''), 'gap', 2, 3);
    expectFailure(whole.toSpliced(2, 0, whole[1] ?? ''), 'repeated', 3, 2);
  });

  test('the end cut off, before what a checkpoint attests', () => {
    const cut = [checkpoint(entries[5]), ...record.slice(0, 5)];
    expect(expectFailure(cut, 'cut_off', null, 6)?.message).toBe(
      'A checkpoint attests 6 entries, and the export ends with entry 5.',
    );
    expectFailure([checkpoint(entries[5])], 'cut_off', null, 6);
    expectFailure([...record.slice(0, 3), checkpoint(entries[3])], 'cut_off', null, 4);
  });

  test('everything made anew from some entry on: the chain is right, the checkpoint is not', () => {
    const anew = [...entries.slice(0, 2), ...chain('control', 4, entries[1])];
    expect(verify(lines(anew)).ok).toBe(true);
    expectFailure([...lines(anew.slice(0, 4)), whole[4] ?? ''], 'checkpoint_mismatch', 5, 4);
    expectFailure([whole[4] ?? '', ...lines(anew)], 'checkpoint_mismatch', 5, 4);
  });

  test('two checkpoints for one entry that say different things', () => {
    const fork = checkpoint({
      ...chain('control', 4, entries[1])[1],
      stream: stream('control'),
      seq: 4,
      hash: 'f'.repeat(64),
    });
    expectFailure([fork, whole[4] ?? '', ...record], 'checkpoint_mismatch', 2, 4);
  });

  test('a checkpoint forged, signed by another, or changed', () => {
    expectFailure([...record, checkpoint(entries[5], otherKeys.privateKey)], 'unknown_key', 7, 6);
    const own = JSON.parse(checkpoint(entries[5], otherKeys.privateKey));
    const renamed = canonicalJson({ ...own, keyId: auditKeyId(keys.publicKey) });
    expectFailure([...record, renamed], 'bad_signature', 7, 6);
    expectFailure(forged({ at: '2027-01-01T00:00:00.000Z' }, 4), 'bad_signature', 5, 4);
    expectFailure(forged({ seq: 5 }, 4), 'bad_signature', 5, 5);
    expectFailure(forged({ stream: 'other' }, 4), 'bad_signature', 5, 4);
  });

  test('a checkpoint that comes too late to be compared', () => {
    expectFailure([...record, checkpoint(entries[3])], 'checkpoint_late', 7, 4);
  });

  test('two streams swapped', () => {
    const other = lines(chain('other', 1));
    const renamed = canonicalJson({ ...JSON.parse(other[0] ?? ''), stream: 'control', seq: 7 });
    expectFailure([...record, renamed], 'wrong_hash', 7, 7);
  });

  test('what no hash covers: spaces, a member given twice, members of one’s own', () => {
    const [line = ''] = record;
    expectFailure([line.replace('{', '{ ')], 'malformed', 1, 1);
    expectFailure([line.replace('{', '{"kind":"x",')], 'malformed', 1, 1);
    expectFailure([line.replace(/}$/, ',"note":"x"}')], 'malformed', 1, 1);
    expectFailure([`${line}\r`], 'malformed', 1, 1);
    expectFailure([line.replace('select', '\\u0073elect')], 'malformed', 1, 1);
    expectFailure([checkpoint(entries[0]).replace(/}$/, ',"x":1}')], 'malformed', 1, 1);
    expectFailure([checkpoint(entries[0]).replace('{', '{ ')], 'malformed', 1, 1);
    // A checkpoint is not taken for an entry, nor an entry for a checkpoint.
    expectFailure([line.replace('"stream"', '"signature":"","stream"')], 'malformed', 1, 1);
  });

  test.each([
    'not json',
    'null',
    '[]',
    '{}',
    '"x"',
    '{"stream":"s"}',
    '{"stream":"s","seq":0}',
    '{"stream":"s","seq":1.5}',
    '{"stream":"s","seq":"1"}',
    '{"stream":"","seq":1}',
    `{"at":"x","data":{"a":"\\ud800"},"hash":"${'0'.repeat(64)}","kind":"k","seq":1,"stream":"s"}`,
    `{"at":"x","data":[],"hash":"${'0'.repeat(64)}","kind":"k","seq":1,"stream":"s"}`,
    `{"at":"x","data":${'[{"a":'.repeat(200)}1${'}]'.repeat(200)},"hash":"${'0'.repeat(64)}","kind":"k","seq":1,"stream":"s"}`,
    `${'['.repeat(100_000)}`,
    'x'.repeat(16 * 1024 * 1024 + 1),
  ])('a line that is none: %.60s', (line) => {
    expectFailure([line], 'malformed', 1, verify([line]).failure?.seq ?? null);
  });

  test('no line, whatever stands in it, does more than fail', () => {
    const piece = fc.constantFrom(
      ...Array.from('{}[]",:\\ 0123ae'),
      '"stream":"s"',
      '"seq":1',
      '"data":{}',
      '"__proto__":',
      'null',
    );
    const text = fc.array(piece, { maxLength: 30 }).map((each) => each.join(''));
    fc.assert(
      fc.property(fc.oneof(text, fc.json(), fc.string({ unit: 'binary' })), (line) => {
        expect(verify([line]).ok).toBe(line === '');
      }),
      { numRuns: 2_000 },
    );
  });

  test('nothing more is read after the first failure', () => {
    const verifier = new AuditVerifier([]);
    expect(verifier.add('x')).toBe(false);
    expect(verifier.add(record[0] ?? '')).toBe(false);
    expect(verifier.result()).toMatchObject({ entries: 0, failure: { line: 1 } });
  });

  test('any change of any byte is found, wherever it is', () => {
    const text = Buffer.from(`${checkpoint(entries[5])}\n${whole.join('\n')}`);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.integer({ min: 1, max: 255 }), (index, flip) => {
        const changed = Buffer.from(text);
        changed[index] = (changed[index] ?? 0) ^ flip;
        expect(verify(changed.toString('utf8').split('\n')).ok).toBe(false);
      }),
      { numRuns: 1_500 },
    );
  });

  test('any line removed, moved, or put in twice is found', () => {
    const all = [checkpoint(entries[5]), ...whole];
    const place = fc.nat(all.length - 1);
    fc.assert(
      fc.property(place, place, fc.constantFrom('remove', 'move', 'repeat'), (from, to, how) => {
        const line = all[from] ?? '';
        const changed = how === 'repeat' ? all.toSpliced(to, 0, line) : all.toSpliced(from, 1);
        if (how === 'move') changed.splice(to, 0, line);
        // Where a checkpoint stands, and whether it is told again, is not what it attests.
        const bare = (each: readonly string[]) => each.filter((one) => !one.includes('signature'));
        const same = bare(changed).join() === bare(all).join();
        const { ok, failure, streams } = verify(changed);
        if (!same) expect(ok).toBe(false);
        else if (!ok) expect(failure?.code).toBe('checkpoint_late');
        else expect(streams[0]).toMatchObject({ entries: 6 });
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('a checkpoint', () => {
  test('is signed over all it says, and names its key', () => {
    const signed = signCheckpoint({ stream: stream('s'), seq: 3, hash: 'a'.repeat(64) }, AT, keys.privateKey);
    expect(signed.keyId).toMatch(/^[0-9a-f]{16}$/);
    expect(signed.keyId).toBe(auditKeyId(keys.publicKey));
    expect(verifyCheckpoint(signed, keys.publicKey)).toBe(true);
    expect(verifyCheckpoint(signed, otherKeys.publicKey)).toBe(false);
    for (const change of [{ seq: 4 }, { hash: 'b'.repeat(64) }, { at: 'x' }, { stream: stream('t') }, { keyId: 'x' }]) {
      expect(verifyCheckpoint({ ...signed, ...change }, keys.publicKey)).toBe(false);
    }
  });

  test.each(['', 'x', 'AAAA', `${'A'.repeat(85)}B==`, `${'A'.repeat(86)}==\n`])(
    'has a signature of one form: %j',
    (signature) => {
      const signed = signCheckpoint({ stream: stream('s'), seq: 3, hash: 'a'.repeat(64) }, AT, keys.privateKey);
      expect(verifyCheckpoint({ ...signed, signature }, keys.publicKey)).toBe(false);
      expect(checkpointLine({ ...signed, signature })).toContain('"signature"');
    },
  );

  test('is signed with Ed25519 and nothing else', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const head = { stream: stream('s'), seq: 3, hash: 'a'.repeat(64) };
    expect(() => signCheckpoint(head, AT, rsa.privateKey)).toThrow(TypeError);
    expect(() => verifyCheckpoint(signCheckpoint(head, AT, keys.privateKey), rsa.publicKey)).toThrow(TypeError);
  });
});
