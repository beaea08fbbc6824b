/** Plays chunks through a session. */
import { postgres, type Refusal, type StatementSink } from '../../src/index.ts';
import type { Chunk } from './recording.ts';

/** Plays all of them and gives the first refusal. */
export function replay(chunks: readonly Chunk[], sink: StatementSink): Refusal | null {
  const session = new postgres.PostgresSession(sink);
  for (const { from, bytes } of chunks) {
    const refused = from === 'client' ? session.fromClient(bytes) : session.fromServer(bytes);
    if (refused !== null) return refused;
  }
  return null;
}

/** The same chunks with each cut into pieces of `size` bytes. */
export function inPieces(chunks: readonly Chunk[], size: number): Chunk[] {
  return chunks.flatMap(({ from, bytes }) =>
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => ({
      from,
      bytes: bytes.subarray(i * size, (i + 1) * size),
    })),
  );
}

/** The same chunks with one cut in two at a byte. */
export function cutAt(chunks: readonly Chunk[], index: number, at: number): Chunk[] {
  return chunks.flatMap((chunk, i) =>
    i === index
      ? [
          { from: chunk.from, bytes: chunk.bytes.subarray(0, at) },
          { from: chunk.from, bytes: chunk.bytes.subarray(at) },
        ]
      : [chunk],
  );
}
