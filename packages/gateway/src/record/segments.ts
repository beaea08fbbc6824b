/**
 * Where the spool lies on disk: one folder a stream, segment files numbered within it.
 *
 *     TIDEGATE_HOME/gateway/spool/<stream>/000001.seg    entries (format.ts)
 *                                          000002.ctx    what a reader knew when it came to segment 2 (reader-state.ts)
 *                                          continued.json  where the control plane's copy goes on (shipper/continuation.ts)
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export const segmentName = (segment: number): string => `${String(segment).padStart(6, '0')}.seg`;
export const contextName = (segment: number): string => `${String(segment).padStart(6, '0')}.ctx`;

const SEGMENT = /^(\d{6,})\.seg$/;
const CONTEXT = /^(\d{6,})\.ctx$/;

export interface SegmentFile {
  readonly segment: number;
  readonly path: string;
  readonly bytes: number;
}

const missing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');

/** The segments of one stream's folder, in order; none where there is no such folder. */
export function listSegments(folder: string): SegmentFile[] {
  return listNumbered(folder, SEGMENT);
}

/** The context files of one stream's folder, in order. */
export function listContexts(folder: string): SegmentFile[] {
  return listNumbered(folder, CONTEXT);
}

function listNumbered(folder: string, pattern: RegExp): SegmentFile[] {
  const files: SegmentFile[] = [];
  for (const name of entriesOf(folder)) {
    const number = pattern.exec(name)?.[1];
    if (number === undefined) continue;
    const path = join(folder, name);
    // A file may be deleted between the two calls; it then isn't there.
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat !== undefined) files.push({ segment: Number(number), path, bytes: stat.size });
  }
  return files.sort((a, b) => a.segment - b.segment);
}

/** Names in a folder; none where there is no such folder. */
export function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (missing(error)) return [];
    throw error;
  }
}
