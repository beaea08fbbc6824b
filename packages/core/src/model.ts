/**
 * The nouns of Tidegate (docs/ARCHITECTURE.md, Words) as plain, frozen shapes.
 * Next to no behaviour here: what may happen to them is said in policy/, request/, grant/.
 */
import type { Engine } from './engines.ts';
import type { GrantId, GroupName, PersonName, RequestId, ResourceName, RoleName } from './ids.ts';
import type { Condition } from './policy/condition.ts';
import type { GrantLine } from './role/grant-line.ts';

/** How much of a whole resource is given; the engine's own GRANTs follow from it (`gateway/engines/<engine>/principal`). */
export type Level = 'read' | 'write' | 'own';

/** What a role may do: a level, or by engine exactly what its lines list (docs/ROLES.md). */
export type Privileges =
  | { readonly level: Level }
  | { readonly grants: Readonly<Partial<Record<Engine, readonly GrantLine[]>>> };

/** What one grant gives on its one resource: what was approved. */
export type Given = { readonly level: Level } | { readonly lines: readonly GrantLine[] };

export interface Role {
  readonly name: RoleName;
  readonly privileges: Privileges;
  readonly defaultDuration: Temporal.Duration;
  readonly maxDuration: Temporal.Duration;
}

export interface Resource {
  readonly name: ResourceName;
  readonly engine: Engine;
  readonly labels: Readonly<Record<string, string>>;
  readonly databases: readonly string[];
  /** Groups whose members own it. */
  readonly owners: readonly GroupName[];
}

/** The moments at which a rule can ask for a fresh second factor. */
export type MfaMoment = 'request' | 'review' | 'connect';

/** People picked by name or by group. */
export interface Chosen {
  readonly groups: readonly GroupName[];
  readonly people: readonly PersonName[];
}

/** A share of those who could approve, in (0, 1]: a quorum. */
export interface Share {
  readonly share: number;
}

/** One approval that a rule asks for. Those of one stage are open together, stages stand in order. */
export interface Approval {
  readonly stage: number;
  readonly from: Chosen & { readonly resourceOwners: boolean; readonly managers: boolean };
  readonly count: number | Share;
  /** Who may approve as well when nobody did for so long. */
  readonly escalate: { readonly after: Temporal.Duration; readonly to: Chosen } | null;
}

/**
 * One approval step of a request: what a rule asks for, resolved for one requester and resource. It takes `count`
 * distinct people; one person counts in one step only.
 */
export interface ApprovalStep extends Chosen {
  readonly stage: number;
  readonly count: number;
  readonly escalate: { readonly after: Temporal.Duration; readonly to: Chosen } | null;
}

/** One rule of the policy. First match decides; no match denies. */
export interface Rule {
  readonly name: string;
  /** Names, or labels that must all be equal, or all resources. */
  readonly resources:
    | { readonly all: true }
    | { readonly names: readonly ResourceName[]; readonly labels: Readonly<Record<string, string>> };
  readonly roles: readonly RoleName[];
  readonly who: Chosen & { readonly workloads: readonly PersonName[] };
  /** Must hold for the rule to speak; null: always does. */
  readonly when: Condition | null;
  /** Narrower than the role's maximum, or null. */
  readonly maxDuration: Temporal.Duration | null;
  readonly reason: { readonly required: boolean; readonly ticket: string | null };
  readonly mfa: { readonly at: readonly MfaMoment[]; readonly within: Temporal.Duration };
  readonly approvals: readonly Approval[];
  /** Where it holds, no approval is needed; null: it never does. */
  readonly autoApprove: Condition | null;
  /** Given at once to who asks for it as such, and looked at afterwards; null: an ordinary rule. */
  readonly breakGlass: { readonly notify: Chosen; readonly reviewWithin: Temporal.Duration } | null;
  /** Whether results may be saved as files from the web app; null: as the resource says. */
  readonly allow: { readonly export: boolean | null };
  readonly lapseAfter: Temporal.Duration;
}

export interface Policy {
  readonly version: number;
  /** IANA name: the zone in which conditions read hours and days. */
  readonly timeZone: string;
  readonly rules: readonly Rule[];
  readonly roles: readonly Role[];
}

/** Whoever can ask: a person, or a workload (a pipeline, an agent), with what counts of them at this moment. */
export interface Person {
  readonly name: PersonName;
  readonly kind: 'person' | 'workload';
  readonly groups: readonly GroupName[];
  /** Of a workload: the people in whose hands it is. They never approve what it asks for (promise 5). */
  readonly runBy: readonly PersonName[];
  readonly manager: PersonName | null;
}

/** A person of whom nothing but name and groups is known or matters. */
export function personOf(name: PersonName, groups: readonly GroupName[]): Person {
  return { name, kind: 'person', groups, runBy: [], manager: null };
}

export type RequestState = 'pending' | 'approved' | 'denied' | 'cancelled' | 'lapsed';

export interface AccessRequest {
  readonly id: RequestId;
  readonly requester: PersonName;
  /** Of a workload's request: in whose hands the workload was. They review it no more than the workload could. */
  readonly runBy: readonly PersonName[];
  readonly resource: ResourceName;
  readonly role: RoleName;
  readonly duration: Temporal.Duration;
  /** null: as soon as it is approved. */
  readonly startsAt: Temporal.Instant | null;
  /** Windows that come again and again, each a grant of its own; null: once. */
  readonly recurrence: Recurrence | null;
  readonly reason: string;
  readonly ticket: string | null;
  /** The grant whose end this request would move, for an extension. */
  readonly extends: GrantId | null;
  /** The tables and views that the role is narrowed to, as the engine's grammar writes them; null: all that it gives. */
  readonly only: readonly string[] | null;
  /** Asked for as such: given at once, looked at afterwards. */
  readonly breakGlass: boolean;
  readonly state: RequestState;
  /** The rule that decided last, and the steps it asks for. */
  readonly rule: string;
  readonly policyVersion: number;
  readonly steps: readonly ApprovalStep[];
  /** Counts from 0; another begins when a changed policy asks for other approvals. Reviews count in their own round. */
  readonly round: number;
  readonly roundAt: Temporal.Instant;
  readonly reviews: readonly Review[];
  readonly createdAt: Temporal.Instant;
  readonly lapsesAt: Temporal.Instant;
}

export interface Review {
  readonly reviewer: PersonName;
  /** Who is away and has asked the reviewer to stand in; null: in the reviewer's own right. */
  readonly onBehalfOf: PersonName | null;
  readonly round: number;
  /** Index into the round's `steps`: the one that it counted for when it was given. */
  readonly step: number;
  /**
   * Every step of the stage open then that named who gave it, `step` among them. An approval counts in one of them only:
   * which one is worked out from all that were given (`stepsOf`), so that whoever comes later finds room.
   */
  readonly fits: readonly number[];
  readonly decision: 'approve' | 'deny';
  /** For this long at most; null: as long as was asked for. */
  readonly duration: Temporal.Duration | null;
  readonly comment: string | null;
  readonly at: Temporal.Instant;
}

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** Every week on these days at this time of day, as the clocks of the zone show it. */
export interface Recurrence {
  readonly days: readonly Weekday[];
  /** `22:00`. */
  readonly at: string;
  /** IANA name. */
  readonly timeZone: string;
  /** No window opens from then on. */
  readonly until: Temporal.Instant;
}

/** Why a grant is closed; `relinquished` is the holder's own doing, `revoked` another's. */
export type CloseReason = 'expired' | 'revoked' | 'relinquished' | 'failed';

/**
 * A grant. `scheduled`: approved, its clock has not begun. `active`: the principal exists and the clock runs.
 * `closing`: over for every client, its principal not yet gone. `closed`: the gateway has seen the principal gone.
 */
export type Grant = {
  readonly id: GrantId;
  readonly request: RequestId;
  readonly person: PersonName;
  readonly resource: ResourceName;
  readonly role: RoleName;
  readonly loginName: string;
  readonly duration: Temporal.Duration;
  /** Not before this; null: at once. */
  readonly notBefore: Temporal.Instant | null;
  /** When its window began, of windows that come again: it ends `duration` later, however late it was opened. */
  readonly opening: Temporal.Instant | null;
  /** A grant that could not be opened by then is closed as failed. */
  readonly openBy: Temporal.Instant;
} & (
  | { readonly state: 'scheduled' }
  | { readonly state: 'active'; readonly startsAt: Temporal.Instant; readonly expiresAt: Temporal.Instant }
  | {
      readonly state: 'closing';
      readonly startsAt: Temporal.Instant | null;
      readonly expiresAt: Temporal.Instant | null;
      readonly because: Closing;
    }
  | {
      readonly state: 'closed';
      readonly startsAt: Temporal.Instant | null;
      readonly expiresAt: Temporal.Instant | null;
      readonly because: Closing;
      readonly closedAt: Temporal.Instant;
    }
);

export interface Closing {
  readonly reason: CloseReason;
  /** Who did it, for revoked and relinquished. */
  readonly by: PersonName | null;
  readonly comment: string | null;
}

/** Every way a session can end; the closed list that the relay, the record and the docs share. */
export const DISCONNECT_REASONS = [
  'client_closed',
  'client_gone',
  'server_closed',
  'server_gone',
  'grant_expired',
  'grant_revoked',
  'grant_relinquished',
  'grant_failed',
  'session_cut',
  'out_of_touch',
  'record_unavailable',
  'protocol_violation',
  'handshake_timeout',
  'gateway_stopping',
  'relay_worker_lost',
] as const;
export type DisconnectReason = (typeof DISCONNECT_REASONS)[number];
