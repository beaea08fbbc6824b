/**
 * What the gateway's main process and its relay workers say to each other over the channel of `child_process.fork`
 * (JSON). Both ends are this very code, started together, so the types are the contract and nothing is parsed twice:
 * main has validated everything that came from outside (contract/link) before it passes it on.
 *
 * Life of a worker: main sends `init`; the worker listens and answers `ready` (or `fatal`); then `state`, `change`,
 * `opened`, `contact`, `cut`, `cancel` in any order until `stop`. A worker whose channel closes ends its sessions and
 * exits: a relay that nobody can tell to cut must not go on.
 */
import type { DesiredGrant, DesiredResource } from '@tidegate/contract';
import type { DisconnectReason, Engine, GrantId, ResourceName, SessionId, StreamId } from '@tidegate/core';

/** What a worker needs of a resource. The administrator credential stays with main: a relay has no use for it. */
export type RelayResource = Omit<DesiredResource, 'credential' | 'ownerRole' | 'reconcile'>;

/**
 * A grant as the relay knows it. `opened`: the principal can log in now. Main says true when its reconciler has opened
 * it, and from phase `open` on where another gateway reconciles the resource. Clients that come earlier wait.
 */
export type RelayGrant = DesiredGrant & { readonly opened: boolean };

/** A port the worker listens on. `port` 0 asks for a free one (one worker only); `reusePort` shares it with others. */
export interface RelayListener {
  readonly engine: Engine;
  readonly host: string;
  readonly port: number;
  readonly reusePort: boolean;
  /** False only on loopback (DESIGN, the relay): SCRAM alone guards it there. */
  readonly tlsRequired: boolean;
}

/**
 * How the gateway stands with the control plane at the moment of sending. `agoMs`: since the last pong, null: never
 * heard. `controlNow`: the control plane's clock (ms since the epoch), null while unknown. Sent with `init`, on every
 * pong, and when the limits change.
 */
export interface Contact {
  readonly agoMs: number | null;
  readonly controlNow: number | null;
  readonly staleAfterMs: number;
  readonly cutAfterMs: number;
}

export type ToWorker =
  | {
      readonly type: 'init';
      /** 0–255: part of the cancel keys its clients get, and of its stream's name. */
      readonly worker: number;
      readonly listeners: readonly RelayListener[];
      /** PEM. */
      readonly tls: { readonly key: string; readonly certificate: string };
      readonly spool: {
        readonly folder: string;
        readonly stream: StreamId;
        readonly durability: 'process' | 'disk';
        /** See `spool-allowance`. */
        readonly allowanceBytes: number;
        /** A segment file is closed when it has grown to this. */
        readonly segmentBytes: number;
        /** Base64, 32 bytes: keys the hashes that stand for statements under `record.values: fingerprint`. */
        readonly hashKey: string;
      };
      readonly contact: Contact;
      readonly revision: number;
      readonly resources: readonly RelayResource[];
      readonly grants: readonly RelayGrant[];
    }
  /** The whole state, replacing all that was known; answered by `ack`. Sessions of grants that are gone are cut. */
  | {
      readonly type: 'state';
      readonly revision: number;
      readonly resources: readonly RelayResource[];
      readonly grants: readonly RelayGrant[];
    }
  /** Resources and grants that are new or different, and names that are gone; answered by `ack`. */
  | {
      readonly type: 'change';
      readonly revision: number;
      readonly resources: readonly RelayResource[];
      readonly grants: readonly RelayGrant[];
      readonly removedResources: readonly ResourceName[];
      readonly removedGrants: readonly GrantId[];
    }
  /** The grant's principal can log in from now on. */
  | { readonly type: 'opened'; readonly grant: GrantId }
  | ({ readonly type: 'contact' } & Contact)
  /** End one session, or all of a grant, now. A grant in phase `close` needs no `cut`: its sessions end with the change. */
  | {
      readonly type: 'cut';
      readonly target: { readonly session: SessionId } | { readonly grant: GrantId };
      readonly reason: DisconnectReason;
      readonly by: string | null;
      readonly comment: string | null;
    }
  /** A cancel request that another worker received for a session of this one. */
  | { readonly type: 'cancel'; readonly key: string }
  /** New certificate and key of the listeners, for connections from now on; the old ones run out. PEM. */
  | { readonly type: 'tls'; readonly key: string; readonly certificate: string }
  /**
   * How much this worker may have written to its spool in all, since its start. Main raises it as segments are uploaded
   * and deleted; together the workers can never go over TIDEGATE_SPOOL_LIMIT, however late this message comes.
   */
  | { readonly type: 'spool-allowance'; readonly bytes: number }
  /** End all sessions (`gateway_stopping`), write their ends to the spool, exit 0. */
  | { readonly type: 'stop' };

/** A live session as the control plane is told of it (contract `liveSession`). `startedAt`: RFC 3339. */
export interface SessionNote {
  readonly id: SessionId;
  readonly grant: GrantId;
  readonly database: string;
  readonly clientAddress: string;
  readonly application: string;
  readonly startedAt: string;
}

export type FromWorker =
  /** All listeners are bound, in the order of `init.listeners`; `port` is the real one where 0 was asked. */
  | {
      readonly type: 'ready';
      readonly ports: readonly { readonly engine: Engine; readonly host: string; readonly port: number }[];
    }
  /** The revision is in force: it admits no login and leaves no session that it forbids (cuts have begun). */
  | { readonly type: 'ack'; readonly revision: number }
  | { readonly type: 'session-opened'; readonly session: SessionNote }
  | {
      readonly type: 'session-closed';
      readonly session: SessionId;
      readonly grant: GrantId;
      readonly because: DisconnectReason;
      readonly by: string | null;
      readonly statements: number;
    }
  /** A cancel request for a session of the worker with this number: pass it on as `cancel`. */
  | { readonly type: 'cancel'; readonly worker: number; readonly key: string }
  /** The worker cannot go on and exits by itself after this. Holds no secrets. */
  | { readonly type: 'fatal'; readonly message: string };

/** The worker's end of the channel; tests drive a worker in process through one of their own. */
export interface MainPort {
  send(message: FromWorker): void;
  onMessage(handle: (message: ToWorker) => void): void;
  onClose(handle: () => void): void;
}
