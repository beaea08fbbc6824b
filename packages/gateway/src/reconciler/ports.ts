/** What the reconciler needs of the gateway's main process, and what it gives. Only `main.ts` wires it. */
import type { DesiredGrant, DesiredResource, FromGateway, grantReport, recordData } from '@tidegate/contract';
import type { z } from 'zod';
import type { Provisioner, ProvisionLog } from '../engines/provisioner.ts';

/** The desired state as the link last heard it. Immutable: a change is another object. */
export interface DesiredSnapshot {
  /**
   * Counts the connections to the control plane that brought a whole state. All that is known is reported again when it
   * rises, because reports made without contact are lost.
   */
  readonly contact: number;
  readonly resources: readonly DesiredResource[];
  readonly grants: readonly DesiredGrant[];
}

export interface DesiredSource {
  /** null: no whole state has come since this process started. Stays as it was when the control plane is gone. */
  snapshot(): DesiredSnapshot | null;
  /**
   * `performance.now()` of the last word (state, change, pong) from the control plane while the link is up; null when
   * it is down. Bounds what may be concluded from a grant's absence.
   */
  lastContact(): number | null;
  /** Called after each new snapshot; returns the unsubscribe. */
  onChange(listener: () => void): () => void;
}

export interface ReconcilerClock {
  /** The control plane's clock as this gateway knows it (offset from ping and pong), ms since the epoch. */
  controlNow(): number;
}

export type GrantReport = z.infer<typeof grantReport>;
export type HealthNote = Omit<Extract<FromGateway, { type: 'health' }>, 'type'>;
export type Finding = Omit<Extract<FromGateway, { type: 'finding' }>, 'type'>;
/** The `data` of a record of kind `principal` (contract/record). */
export type PrincipalEntry = z.infer<typeof recordData.principal>;

export interface ReconcilerOptions {
  readonly desired: DesiredSource;
  /** May be dropped while there is no contact: it is said again on the next. */
  readonly report: (grants: readonly GrantReport[]) => void;
  readonly health: (note: HealthNote) => void;
  readonly finding: (finding: Finding) => void;
  /** Into the gateway's own stream of the record; must not lose it. */
  readonly recordPrincipal: (entry: PrincipalEntry) => void;
  readonly clock: ReconcilerClock;
  /** Picks the engine; called once for each resource, and again when its address, TLS, credential or databases change. */
  readonly provisionerFor: (resource: DesiredResource) => Provisioner;
  readonly log: ProvisionLog;
}

export interface Reconciler {
  /** Starts no more work, waits for what runs (bounded by the provisioners' deadlines), ends all connections. */
  stop(): Promise<void>;
  /** Resolves when every grant is where it should be, or waits for a retry or for its time: for tests and for `stop`. */
  idle(): Promise<void>;
}
