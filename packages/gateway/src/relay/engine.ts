/** What an engine brings to the relay: its handshake, its walker, and its way to say goodbye. */
import type { Buffer } from 'node:buffer';
import type { Engine } from '@tidegate/core';
import type { Aside, StatementSink, StatementWalker } from '@tidegate/wire';
import type { RelayResource } from '../worker-protocol.ts';
import type { Permit } from './admit.ts';
import type { Arrival } from './arrival.ts';
import type { Farewell } from './cut.ts';
import type { LoginRefused } from './refusal.ts';
import type { RelaySocket } from './sockets.ts';

/** A session whose both ends are ready. Nothing of `greeting` was sent: the session's record comes first. */
export interface Ready {
  readonly permit: Permit;
  readonly client: RelaySocket;
  readonly server: RelaySocket;
  /** What tells the client that it is in. */
  readonly greeting: Buffer;
  /** Ends the handshake's reading and gives what each side sent beyond it. The pump must read from the same moment on. */
  readonly takeOver: () => { readonly fromClient: Buffer; readonly fromServer: Buffer };
  /** Reads the session's streams, by what both ends have agreed on. Called once, when the session opens. */
  readonly walker: (sink: StatementSink) => StatementWalker;
  /**
   * Asks the real server to stop what the session runs, or to end its connection as well; resolves when it was told.
   * Rejects when it can't be reached.
   */
  readonly cancelUpstream: (scope: CancelScope) => Promise<void>;
  /** What both ends speak, where messages look different by it (`Arrival.version`). */
  readonly version?: number;
  /** Does what a command asks of the gateway itself; null: the walker never finds one. */
  readonly answer: ((aside: Aside) => Promise<Answer>) | null;
}

export type CancelScope = 'statement' | 'connection';

/** What the client is told, or null: the command is the database's after all. */
export type Answer = {
  /** `sequence` as `StatementWalker.sequence`. */
  readonly message: (sequence: number) => Buffer;
  /** SQLSTATE, where the answer is no. */
  readonly code: string | null;
} | null;

export interface RelayEngine {
  readonly engine: Engine;
  /** Does its protocol have a goodbye? Where not, a client that closes while nothing is owed to it has left in order. */
  readonly saysGoodbye: boolean;
  /**
   * The handshake, from the first byte to a session that is ready on both ends, or null: the connection had another
   * purpose, which is done. Throws LoginRefused or ClientGone, and what `arrival.signal` aborts with. On the way out it
   * leaves no socket of its own open but the ones it returns.
   */
  accept(arrival: Arrival): Promise<Ready | null>;
  /**
   * The resources of this engine, whenever the worker's table may have changed; none when it stops. For engines that must
   * know something of them before a client says which it wants.
   */
  readonly resources?: (all: readonly RelayResource[]) => void;
  /** The message that refuses a client; `sequence` and `version` as the arrival has them. */
  refusal(refused: LoginRefused, sequence: number, version: number): Buffer;
  /** The message that ends a session; `sequence` as `StatementWalker.sequence`, `version` as `Ready` has it. */
  farewell(farewell: Farewell, sequence: number, version: number): Buffer;
}
