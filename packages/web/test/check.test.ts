/** What the browser checks of the record, against what core writes: it says whole to what is, and names what is not. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import {
  append,
  type ChainHead,
  checkpointLine,
  entryLine,
  newChain,
  type StreamId,
  signCheckpoint,
} from '@tidegate/core';
import { describe, expect, test } from 'vitest';
import { Checker } from '../src/pages/record/check.ts';

const { privateKey } = generateKeyPairSync('ed25519');
const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
const key = await crypto.subtle.importKey('spki', new Uint8Array(spki), 'Ed25519', true, ['verify']);

/** Six entries, a checkpoint after the third and after the last; what stands in them looks like what stands around. */
function record(): string[] {
  let head: ChainHead = newChain('control' as StreamId);
  const lines: string[] = [];
  for (let count = 1; count <= 6; count += 1) {
    const data = { text: 'SELECT \'","hash":"x"\' \\ "é"', hash: '0'.repeat(64), count };
    const entry = append(head, { at: `2026-11-22T10:00:0${count}Z`, kind: 'statement', data });
    lines.push(entryLine(entry));
    head = entry;
    if (count % 3 === 0) lines.push(checkpointLine(signCheckpoint(head, `2026-11-22T10:00:0${count}.5Z`, privateKey)));
  }
  return lines;
}

async function check(lines: readonly string[]) {
  const checker = new Checker(key);
  const problem = (await checker.take(lines)) ?? checker.end();
  return { ...checker.counts, problem };
}

test('a whole record is whole', async () => {
  expect(await check(record())).toEqual({ entries: 6, signatures: 2, problem: null });
});

test('a part that begins after a checkpoint is whole too', async () => {
  expect(await check(record().slice(3))).toMatchObject({ entries: 3, problem: null });
});

describe('named is', () => {
  const lines = record();
  test.each([
    [
      'an entry that was changed',
      lines.with(1, lines[1]?.replace('SELECT', 'DELETE') ?? ''),
      'entry 2 of control was changed',
    ],
    ['an entry that is missing', lines.toSpliced(1, 1), 'control goes on with 3 after 1'],
    ['entries that changed places', lines.with(0, lines[1] ?? '').with(1, lines[0] ?? ''), 'goes on with 2 after 0'],
    [
      'another signature',
      lines.with(3, lines[3]?.replace(/"signature":"..../, '"signature":"AAAA') ?? ''),
      'signature at 3',
    ],
    [
      'a checkpoint of another chain',
      lines.with(3, lines[3]?.replace(/"hash":"..../, '"hash":"0000') ?? ''),
      'not what was signed',
    ],
    ['an end that was cut off', [...lines.slice(0, 2), ...lines.slice(-1)], 'cut off'],
  ])('%s', async (_, changed, problem) => {
    expect((await check(changed)).problem).toContain(problem);
  });
});
