/** Appends to a segment whose writer is gone. */
import { closeSync, fdatasyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { segmentName } from '../segments.ts';

/**
 * Puts a block at `position`, instead of whatever torn bytes are there. Throws as it failed half-way, which leaves torn
 * bytes again.
 */
export function appendToSegment(folder: string, segment: number, position: number, block: Buffer): void {
  const fd = openSync(join(folder, segmentName(segment)), 'r+');
  try {
    ftruncateSync(fd, position);
    let done = 0;
    while (done < block.length) done += writeSync(fd, block, done, block.length - done, position + done);
    fdatasyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
