/** Where a run's results go. */

import type { SqlValue } from '../types/types.ts';
import type { Column, Notice } from '../wire/tokens.ts';

export interface Output {
  columns(columns: readonly Column[]): void;
  row(values: readonly SqlValue[]): void;
  /** The client has not taken yet what it was sent. */
  readonly full: boolean;
  /** Resolves when the client has room for more, having let the event loop go round. */
  room(): Promise<void>;
  /** A statement is over. `count` null: it counts no rows. */
  done(count: bigint | null, command: number): void;
  /** A statement has failed, and is over. */
  failed(notice: Notice): void;
  notice(notice: Notice): void;
}

/** What DONE says of the statement it ends; clients tell row counts of queries from those of changes by it. */
export const Command = { none: 0, select: 0xc1, insert: 0xc3, delete: 0xc4, update: 0xc5 } as const;
