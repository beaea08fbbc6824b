/**
 * A stream whose copy at the control plane can't be continued goes on under another name: `gw_….boot.3` as
 * `gw_….boot.3-2`. Its first entry says so, and what is missing (contract/record, `stream.continued`). Nothing that can
 * still be told is lost because something before it is.
 *
 * Kept in the stream's folder, so that a restarted gateway goes on in the same place.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { recordData } from '@tidegate/contract';
import type { StreamId } from '@tidegate/core';
import { z } from 'zod';

const FILE = 'continued.json';

const stored = z.object({
  version: z.literal(1),
  /** The name it goes on under. */
  stream: z.custom<StreamId>((value) => typeof value === 'string'),
  /** The first record of the spool that it holds. */
  first: z.int(),
  /** The entry that tells of it. */
  at: z.string(),
  data: z.custom<z.infer<(typeof recordData)['stream.continued']>>((value) => typeof value === 'object'),
});
export type Continuation = Omit<z.infer<typeof stored>, 'version'>;

export function readContinuation(folder: string): Continuation | null {
  try {
    const { version: _, ...continuation } = stored.parse(JSON.parse(readFileSync(join(folder, FILE), 'utf8')));
    return continuation;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

export function writeContinuation(folder: string, continuation: Continuation): void {
  const file = join(folder, FILE);
  writeFileSync(`${file}.new`, JSON.stringify({ version: 1, ...continuation }), { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file);
}

/** `gw_….boot.3` → `gw_….boot.3-2` → `gw_….boot.3-3`. */
export function nextName(stream: StreamId): StreamId {
  const [, base = stream, count = '1'] = /^(.*\.[^.-]*?)(?:-(\d+))?$/.exec(stream) ?? [];
  return `${base}-${Number(count) + 1}` as StreamId;
}
