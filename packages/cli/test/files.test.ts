import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { linesOf } from '../src/files.ts';

async function all(source: Readable): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(source)) lines.push(line);
  return lines;
}

describe('lines', () => {
  test('are whole, wherever the chunks break, in the middle of a letter too', async () => {
    const bytes = Buffer.from('{"a":"日本"}\n{"b":1}\nlast');
    for (let at = 1; at < bytes.length; at += 1) {
      const source = Readable.from([bytes.subarray(0, at), bytes.subarray(at)]);
      expect(await all(source)).toEqual(['{"a":"日本"}', '{"b":1}', 'last']);
    }
  });

  test('of a source that breaks end with its error', async () => {
    const source = new Readable({ read: () => undefined });
    source.push('one\ntw');
    setImmediate(() => source.destroy(new Error('broken off')));
    await expect(all(source)).rejects.toThrow('broken off');
  });
});
