/**
 * The seam between the relay and the record: all the pump knows of the spool (implemented by `record/spool`).
 *
 * The order is promise 3: the walker tells the session's `SessionRecord` what a chunk means, `flush` puts it out of the
 * process's hands, and only then is the chunk forwarded. Record calls only fill a buffer and never fail; it is `flush`
 * that fails.
 */
import type { DisconnectReason, Engine, GrantId, PersonName, ResourceName, RoleName, SessionId } from '@tidegate/core';
import type { StatementSink } from '@tidegate/wire';

/** Who and where: what every record of the session carries. */
export interface SessionInfo {
  readonly session: SessionId;
  readonly engine: Engine;
  readonly grant: GrantId;
  readonly person: PersonName;
  /** The database user of the grant. */
  readonly principal: string;
  readonly resource: ResourceName;
  readonly role: RoleName;
  readonly database: string;
  readonly clientAddress: string;
  readonly application: string;
  /** How much of statements the resource wants on record. */
  readonly values: 'full' | 'text' | 'fingerprint';
}

export interface RefusedLogin {
  readonly loginName: string;
  /** Empty while the login name leads to none. */
  readonly resource: string;
  readonly database: string;
  readonly clientAddress: string;
  readonly application: string;
  readonly reason: string;
  readonly code: string;
}

/** The records of one open session. */
export interface SessionRecord extends StatementSink {
  /** Statements, calls and executions so far. */
  readonly statements: number;
  /** Somebody with the session's cancel key asked to stop what it runs; recorded before it is passed on. */
  cancelled(): void;
  /** The last call. Byte counts are of the relayed streams, as received. */
  ended(because: DisconnectReason, by: string | null, bytesToClient: number, bytesToServer: number): void;
}

export interface Recorder {
  /** `session.started`. */
  begin(session: SessionInfo): SessionRecord;
  /** `session.refused`. */
  refused(login: RefusedLogin): void;
  /** How much was recorded since the last `flush`, in bytes. */
  readonly waiting: number;
  /**
   * Everything recorded so far is as durable as configured when this returns, or, where it returns a promise
   * (durability `disk`), when that resolves. Calls while one is under way join the next. Throws or rejects when the
   * record could not be written (or the budget is used up); nothing of it may be forwarded then.
   */
  flush(): Promise<void> | undefined;
}
