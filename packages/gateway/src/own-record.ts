/** The gateway's own stream of the record: what main itself does in the databases. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { PrincipalEntry } from './reconciler/ports.ts';
import { Spool, type SpoolOptions } from './record/spool.ts';

export interface OwnRecord {
  /** On disk when it returns. Throws when it cannot be written: it is not recorded then. */
  principal(entry: PrincipalEntry): void;
  close(): void;
}

/** Not bounded by the spool's limit: it is small, and doors must close whatever the spool holds. */
export function openOwnRecord(options: Omit<SpoolOptions, 'allowanceBytes'>): OwnRecord {
  const spool = new Spool({ ...options, allowanceBytes: Number.MAX_SAFE_INTEGER });
  return {
    principal: (entry) => {
      spool.principal(entry);
      spool.flushNow();
    },
    close: () => spool.close(),
  };
}

/** The key of hashes that stand for statements: the same for all runs, so that equal statements can be seen to be equal. */
export function hashKey(file: string): Buffer {
  if (!existsSync(file)) {
    writeFileSync(`${file}.new`, randomBytes(32), { mode: 0o600, flush: true });
    renameSync(`${file}.new`, file);
  }
  const key = readFileSync(file);
  if (key.length !== 32) throw new Error(`${file} is not a key of 32 bytes`);
  return key;
}
