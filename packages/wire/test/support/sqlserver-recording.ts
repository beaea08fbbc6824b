/**
 * A recorded SQL Server session: the version of TDS, and what both ends said after login. As text: a line of JSON, then
 * a line a chunk, `>` from the client or `<` from the server, then hex.
 */
import { Buffer } from 'node:buffer';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Refusal, type StatementSink, sqlserver } from '../../src/index.ts';
import { type Chunk, written } from './recording.ts';

export const SQLSERVER_RECORDED = fileURLToPath(new URL('../sqlserver-recorded', import.meta.url));

export interface SqlServerRecording {
  readonly start: sqlserver.SessionStart;
  readonly chunks: Chunk[];
}

export function sqlServerRecordings(): string[] {
  return readdirSync(SQLSERVER_RECORDED)
    .filter((file) => file.endsWith('.hex'))
    .map((file) => file.slice(0, -4))
    .sort();
}

export function sqlServerRecording(name: string): SqlServerRecording {
  const [first, ...lines] = readFileSync(`${SQLSERVER_RECORDED}/${name}.hex`, 'utf8').trimEnd().split('\n');
  const chunks = lines.map(
    (line): Chunk => ({
      from: line.startsWith('>') ? 'client' : 'server',
      bytes: Buffer.from(line.slice(2), 'hex'),
    }),
  );
  return { start: JSON.parse(first ?? ''), chunks };
}

export function writtenSqlServer({ start, chunks }: SqlServerRecording): string {
  return `${JSON.stringify(start)}\n${written(chunks)}`;
}

/** Plays all of a recording and gives the first refusal. */
export function replaySqlServer(
  { start, chunks: recorded }: SqlServerRecording,
  sink: StatementSink,
  chunks: readonly Chunk[] = recorded,
): Refusal | null {
  const session = new sqlserver.SqlServerSession(sink, start);
  for (const { from, bytes } of chunks) {
    const refused = from === 'client' ? session.fromClient(bytes) : session.fromServer(bytes);
    if (refused !== null) return refused;
  }
  return null;
}
