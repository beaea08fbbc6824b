/**
 * A recorded MySQL session: what both ends agreed on, and what they said after login. As text: a line of JSON, then a
 * line a chunk, `>` from the client or `<` from the server, then hex.
 */
import { Buffer } from 'node:buffer';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { mysql } from '../../src/index.ts';
import { type Chunk, written } from './recording.ts';

export const MYSQL_RECORDED = fileURLToPath(new URL('../mysql-recorded', import.meta.url));

export interface MysqlRecording {
  readonly agreed: mysql.Agreed;
  readonly chunks: Chunk[];
}

export function mysqlRecordings(): string[] {
  return readdirSync(MYSQL_RECORDED)
    .filter((file) => file.endsWith('.hex'))
    .map((file) => file.slice(0, -4))
    .sort();
}

export function mysqlRecording(name: string): MysqlRecording {
  const [first, ...lines] = readFileSync(`${MYSQL_RECORDED}/${name}.hex`, 'utf8').trimEnd().split('\n');
  const chunks = lines.map(
    (line): Chunk => ({
      from: line.startsWith('>') ? 'client' : 'server',
      bytes: Buffer.from(line.slice(2), 'hex'),
    }),
  );
  return { agreed: JSON.parse(first ?? ''), chunks };
}

export function writtenMysql({ agreed, chunks }: MysqlRecording): string {
  return `${JSON.stringify(agreed)}\n${written(chunks)}`;
}
