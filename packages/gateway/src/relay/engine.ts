/** What an engine brings to the relay: its handshake, its walker, and its way to say goodbye. */
import type { Buffer } from 'node:buffer';
import type { Engine } from '@tidegate/core';
import type { StatementSink, StatementWalker } from '@tidegate/wire';
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
  /** Asks the real server to stop what the session runs; resolves when it was told. Rejects when it can't be reached. */
  readonly cancelUpstream: () => Promise<void>;
}

export interface RelayEngine {
  readonly engine: Engine;
  /**
   * The handshake, from the first byte to a session that is ready on both ends, or null: the connection had another
   * purpose, which is done. Throws LoginRefused or ClientGone, and what `arrival.signal` aborts with. On the way out it
   * leaves no socket of its own open but the ones it returns.
   */
  accept(arrival: Arrival): Promise<Ready | null>;
  /** The message that refuses a client. */
  refusal(refused: LoginRefused): Buffer;
  /** The message that ends a session. */
  farewell(farewell: Farewell): Buffer;
  walker(sink: StatementSink): StatementWalker;
}
