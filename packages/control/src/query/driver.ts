/** What each engine's client library must do for SQL that is run in the browser. */
import type { Connection } from '@tidegate/contract';

export interface Column {
  readonly name: string;
  readonly type: string;
}

/** Where the answer of one run goes. False from `row`: it is enough, nothing more is taken. */
export interface Sink {
  columns(columns: readonly Column[]): void;
  row(values: readonly (string | null)[]): boolean;
  result(command: string, rows: number | null): void;
  notice(message: string): void;
}

/** What the database said no with. */
export class SqlError extends Error {
  readonly code: string | null;
  /** In the text, from 1. */
  readonly position: number | null;
  /** The session is over with it. */
  readonly fatal: boolean;

  constructor(message: string, code: string | null, position: number | null = null, fatal = false) {
    super(message);
    this.name = 'SqlError';
    this.code = code;
    this.position = position;
    this.fatal = fatal;
  }
}

/** One session with the gateway. `run` is called again only when the one before is over. */
export interface Driver {
  /** Resolves when the server is ready for the next. Throws `SqlError` for what the server refuses. */
  run(sql: string, sink: Sink): Promise<void>;
  /** Asks the server to stop what runs; the run then ends in its own way. */
  cancel(): Promise<void>;
  /** Whether rows are taken from the network just now. */
  pause(): void;
  resume(): void;
  /** Called once if the session ends without `close`; with what the other side said last. */
  onLost(told: (why: string) => void): void;
  close(): void;
}

/** Opens a session through the gateway, under the name and ticket of `connection`. Rejects when it does not let in. */
export type OpenDriver = (connection: Connection, application: string) => Promise<Driver>;

/** Logging in takes no longer. */
export const CONNECT_TIMEOUT_MS = 15_000;

/** A value as people read it. Bytes are hex, as the databases' own command lines show them. */
export function asText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex')}`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '' : value.toISOString();
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  return JSON.stringify(value) ?? null;
}
