import { createWriteStream, existsSync, renameSync, statSync, type WriteStream } from 'node:fs';
import type { Readable } from 'node:stream';

/** A child's log is kept up to twice this: the file and the one before it. */
const LOG_MAX_BYTES = 10 * 1024 * 1024;

/** Appends what the streams say to `path`, moving it to `path.1` when it is full. */
export function logTo(path: string, ...streams: readonly (Readable | null)[]): void {
  let written = existsSync(path) ? statSync(path).size : 0;
  const open = (): WriteStream => createWriteStream(path, { flags: 'a', mode: 0o600 });
  let file = open();
  const append = (chunk: Buffer): void => {
    if (written > LOG_MAX_BYTES) {
      file.end();
      renameSync(path, `${path}.1`);
      file = open();
      written = 0;
    }
    written += chunk.length;
    file.write(chunk);
  };
  for (const stream of streams) stream?.on('data', append);
}
