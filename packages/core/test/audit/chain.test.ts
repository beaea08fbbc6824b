import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AuditFact,
  brokenLink,
  canonicalJson,
  entryLine,
  GENESIS,
  type JsonObject,
  link,
  newChain,
} from '../../src/index.ts';
import { AT, chain, stream } from './make.ts';

/** The formula of ARCHITECTURE.md, written down once more. */
function formula(previous: string, { stream: name, seq, at, kind, data }: AuditFact): string {
  return createHash('sha256')
    .update(Buffer.from(previous, 'hex'))
    .update(canonicalJson({ stream: name, seq, at, kind, data }), 'utf8')
    .digest('hex');
}

const fact = (data: JsonObject): AuditFact => ({ stream: stream('control'), seq: 1, at: AT, kind: 'k', data });

describe('the chain', () => {
  test('begins with 32 zero bytes', () => {
    expect(GENESIS).toBe('0'.repeat(64));
    expect(newChain(stream('control'))).toEqual({ stream: 'control', seq: 0, hash: GENESIS });
  });

  test('has a first hash that anybody can compute: it must never change', () => {
    // printf '%064d' 0 | xxd -r -p | cat - <(printf '{"at":"2026-…","data":{},"kind":"k","seq":1,"stream":"control"}') | sha256sum
    expect(link(GENESIS, fact({}))).toBe('cb0e7eae3e0d04ebb01a926e28971ed386dcc125f3bb94df504cfd9757323c90');
  });

  test('follows the formula, for any data of any size', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (data, kind) => {
        const any: AuditFact = { ...fact(JSON.parse(JSON.stringify(data))), kind };
        expect(link(GENESIS, any)).toBe(formula(GENESIS, any));
      }),
    );
    for (const size of [10, 5_000, 100_000, 2_000_000]) {
      const large = fact({ text: 'ü'.repeat(size) });
      expect(link(GENESIS, large)).toBe(formula(GENESIS, large));
    }
  });

  test('numbers its entries from 1, each after the one before', () => {
    const [first, second] = chain('control', 2);
    expect(first).toMatchObject({ stream: 'control', seq: 1, hash: formula(GENESIS, first as AuditFact) });
    expect(second).toMatchObject({ seq: 2, hash: formula(first?.hash ?? '', second as AuditFact) });
  });

  test('takes the next entry, and says what keeps another from being it', () => {
    const [first, second, third] = chain('control', 3);
    if (first === undefined || second === undefined || third === undefined) throw new Error('three were made');
    expect(brokenLink(first, second)).toBeNull();
    expect(brokenLink(first, third)).toBe('its seq is 3 where 2 comes next');
    expect(brokenLink(first, first)).toBe('its seq is 1 where 2 comes next');
    expect(brokenLink({ ...first, stream: stream('other') }, second)).toBe('it is of stream control, not other');
    expect(brokenLink(first, { ...second, at: '2027' })).toContain('hash does not follow');
    expect(brokenLink(newChain(stream('control')), { ...second, seq: 1 })).toContain('hash does not follow');
    const notJson = { ...second, data: { text: '\ud800' } };
    expect(brokenLink(first, notJson)).toContain('lone surrogate');
  });

  test.each(['', '0', 'x'.repeat(64), '0'.repeat(63), '0'.repeat(66), `${'0'.repeat(62)}zz`])(
    'links to nothing that is not a hash: %j',
    (previous) => {
      expect(() => link(previous, fact({}))).toThrow(TypeError);
    },
  );

  test('has lines that are canonical', () => {
    for (const entry of chain('gw_0123456789abcdef.1.2', 3)) {
      expect(entryLine(entry)).toBe(canonicalJson(JSON.parse(JSON.stringify(entry))));
    }
  });
});
