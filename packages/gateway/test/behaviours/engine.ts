/** What the table of behaviours asks of an engine: a real server, and one client of the kind people use. */
import type { Engine } from '@tidegate/core';
import type { GrantChange, RelayOptions, RelayWorld, TestGrant, TestRelay } from '../relay-support.ts';

export interface EngineUnderTest {
  readonly engine: Engine;
  /** What answers: MySQL's differences are not MariaDB's. */
  readonly server: string;
  readonly world: () => Promise<WorldUnderTest>;
}

export interface WorldUnderTest extends RelayWorld {
  /** How much is big: the characters of a value, the rows of a result. A server written for tests is a slow one. */
  readonly big: { readonly value: number; readonly rows: number };
  /** Does the client look at what the server says while it asks nothing? tedious does not. */
  readonly hearsWhileIdle: boolean;
  /** What this engine's listener has of its own. */
  readonly relay?: RelayOptions;
  /** With its principal in the database, who may do everything there. */
  grant(change?: GrantChange): Promise<TestGrant>;
  connect(relay: { readonly port: number }, grant: TestGrant, change?: LoginChange): Promise<SessionUnderTest>;
  /** Every way in which a client can prove its ticket. */
  readonly proofs: Readonly<Record<string, (relay: TestRelay, grant: TestGrant, password: string) => Promise<void>>>;
  /** Past the relay. The values of the first column. */
  direct(sql: string): Promise<readonly unknown[]>;
  /** How many connections the server has of this principal. */
  connections(grant: TestGrant): Promise<number>;
  /** True while the principal runs a statement. */
  running(grant: TestGrant): Promise<boolean>;
  /** Ends the server's process, or its end of the connections, as a crash would, and starts it again. */
  restart(): Promise<void>;
  readonly sql: {
    /** Runs for longer than any test. */
    readonly sleep: string;
    /** A parameter's place: `$1`, `?`, `@p1`. */
    readonly parameter: string;
    /** How long a text is, in characters. */
    readonly length: (expression: string) => string;
    /** Gives rows of about 100 KB without end, for practical purposes. */
    readonly flood: string;
    /** Gives this many rows of 10,000 bytes. */
    readonly rows: (count: number) => string;
    readonly begin: string;
    readonly commit: string;
  };
  end(): Promise<void>;
}

export interface LoginChange {
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
}

/** A client that is in. What rejects does so with what the client was told. */
export interface SessionUnderTest {
  /** A statement as text; the values of the first column. */
  query(sql: string): Promise<readonly unknown[]>;
  /** The same, prepared and with one bound value. */
  prepared(sql: string, value: string): Promise<readonly unknown[]>;
  /** Runs a statement and reads its first rows, then nothing more until `resume`. */
  stall(sql: string): Promise<Stalled>;
  /** Asks the server to stop what runs, as this client does. */
  cancel(): Promise<void>;
  /** Resolves when the connection has ended, with what the client was told, if anything. */
  readonly over: Promise<string>;
  end(): Promise<void>;
}

export interface Stalled {
  readonly resume: () => void;
  /** Bytes of rows once the statement is done; rejects with what the client was told. */
  readonly done: Promise<number>;
}
