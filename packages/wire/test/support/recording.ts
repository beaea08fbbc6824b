/**
 * A recorded session: what client and server said after login, in chunks, in order. As text: a line a chunk, `>` from
 * the client or `<` from the server, then hex.
 */
import { Buffer } from 'node:buffer';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface Chunk {
  readonly from: 'client' | 'server';
  readonly bytes: Buffer;
}

export const RECORDED = fileURLToPath(new URL('../recorded', import.meta.url));

export function recordings(): string[] {
  return readdirSync(RECORDED)
    .filter((file) => file.endsWith('.hex'))
    .map((file) => file.slice(0, -4))
    .sort();
}

export function recording(name: string): Chunk[] {
  const lines = readFileSync(`${RECORDED}/${name}.hex`, 'utf8').trimEnd().split('\n');
  return lines.map((line) => ({
    from: line.startsWith('>') ? 'client' : 'server',
    bytes: Buffer.from(line.slice(2), 'hex'),
  }));
}

export function written(chunks: readonly Chunk[]): string {
  return chunks.map(({ from, bytes }) => `${from === 'client' ? '>' : '<'} ${bytes.toString('hex')}\n`).join('');
}
