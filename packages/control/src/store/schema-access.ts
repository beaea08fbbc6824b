/** Tables of people, set-up, requests, reviews, grants and tickets (`migrations/0001_access.ts`). */
import type {
  ApprovalStep,
  Chosen,
  CloseReason,
  Engine,
  Grant,
  GrantId,
  GrantLine,
  GroupName,
  Level,
  MfaMoment,
  PersonName,
  Recurrence,
  RequestId,
  RequestState,
  ResourceName,
  Review,
  RoleName,
  TicketId,
} from '@tidegate/core';
import type { ColumnType, Generated, Selectable } from 'kysely';

/** A `jsonb` column: read as a value, written as JSON text (an array handed to `pg` would become an SQL array). */
export type Json<T> = ColumnType<T, string, string>;
/** Set when the row is made, never after. */
type Fixed<T> = ColumnType<T, T, never>;

export interface PeopleTable {
  name: Fixed<PersonName>;
  kind: ColumnType<'person' | 'workload', 'person' | 'workload' | undefined, never>;
  /** `scrypt$N$r$p$salt$hash`, see `identity/password.ts`; null: signs in elsewhere. */
  password: string | null;
  displayName: ColumnType<string | null, string | null | undefined, string | null>;
  /** For messages only. */
  email: ColumnType<string | null, string | null | undefined, string | null>;
  manager: ColumnType<PersonName | null, PersonName | null | undefined, PersonName | null>;
  /** Of a workload: in whose hands it is. */
  runBy: ColumnType<readonly PersonName[], readonly PersonName[] | undefined, readonly PersonName[]>;
  createdAt: Fixed<Temporal.Instant>;
  /** Both or neither: `tid` and `oid`. */
  entraTenant: ColumnType<string | null, string | null | undefined, string | null>;
  entraObject: ColumnType<string | null, string | null | undefined, string | null>;
  disabledAt: Temporal.Instant | null;
}

/** `config`: from the file; `local`: by set-up and administrators; `scim`, `idp`: from the identity provider. All count. */
export interface GroupMembersTable {
  groupName: Fixed<GroupName>;
  person: Fixed<PersonName>;
  source: Fixed<'config' | 'local' | 'scim' | 'idp'>;
}

/** At most one row: the one-time right to make the first people. */
export interface SetupTable {
  one: Generated<true>;
  /** Sealed for `setup`; null once used. */
  token: string | null;
  createdAt: Temporal.Instant;
  usedAt: Temporal.Instant | null;
}

export interface RequestsTable {
  id: Fixed<RequestId>;
  requester: Fixed<PersonName>;
  /** Of a workload's: in whose hands it was when the policy decided last. */
  runBy: readonly PersonName[];
  resource: Fixed<ResourceName>;
  role: Fixed<RoleName>;
  duration: Fixed<Temporal.Duration>;
  startsAt: Fixed<Temporal.Instant | null>;
  recurrence: ColumnType<StoredRecurrence | null, string | null, never>;
  /** When the next window opens; null: none does any more. */
  nextOpening: Temporal.Instant | null;
  breakGlass: Fixed<boolean>;
  reason: Fixed<string>;
  ticket: Fixed<string | null>;
  extends: Fixed<GrantId | null>;
  only: ColumnType<readonly string[] | null, string | null, never>;
  state: RequestState;
  /** The rule that decided last, why it decided so in people's words, and what it asks for. */
  rule: string;
  why: string;
  policyVersion: number;
  steps: Json<readonly StoredStep[]>;
  /** The rule's demand for second factors. */
  mfa: Json<MfaDemand>;
  round: number;
  roundAt: Temporal.Instant;
  createdAt: Fixed<Temporal.Instant>;
  lapsesAt: Temporal.Instant;
  /** When it left `pending`. */
  decidedAt: Temporal.Instant | null;
}
/** An approval step as JSON has it: durations as text. */
export type StoredStep = Omit<ApprovalStep, 'escalate'> & {
  readonly escalate: { readonly after: string; readonly to: Chosen } | null;
};
export type StoredRecurrence = Omit<Recurrence, 'until'> & { readonly until: string };
export interface MfaDemand {
  readonly at: readonly MfaMoment[];
  /** ISO 8601. */
  readonly within: string;
}

export interface ReviewsTable {
  request: Fixed<RequestId>;
  /** The request's requester, repeated so that a CHECK can keep them from reviewing. */
  requester: Fixed<PersonName>;
  reviewer: Fixed<PersonName>;
  onBehalfOf: Fixed<PersonName | null>;
  round: Fixed<number>;
  step: Fixed<number>;
  /** null: from before this was kept; it counts for `step` alone. */
  fits: Fixed<readonly number[] | null>;
  decision: Fixed<Review['decision']>;
  duration: Fixed<Temporal.Duration | null>;
  comment: Fixed<string | null>;
  at: Fixed<Temporal.Instant>;
}

export interface GrantsTable {
  id: Fixed<GrantId>;
  request: Fixed<RequestId>;
  /** Which window, of a request whose windows come again. */
  opening: Fixed<Temporal.Instant | null>;
  person: Fixed<PersonName>;
  resource: Fixed<ResourceName>;
  role: Fixed<RoleName>;
  engine: Fixed<Engine>;
  /** What was approved: a level on the whole of the resource, or exactly its lines. */
  privileges: Fixed<Level | 'lines'>;
  /** Of `lines` alone. */
  lines: ColumnType<readonly GrantLine[] | null, string | null, never>;
  /** Whether its rule lets results be saved; null: the resource says. */
  mayExport: boolean | null;
  loginName: Fixed<string>;
  duration: Fixed<Temporal.Duration>;
  notBefore: Fixed<Temporal.Instant | null>;
  openBy: Fixed<Temporal.Instant>;
  state: Grant['state'];
  createdAt: Fixed<Temporal.Instant>;
  startsAt: Temporal.Instant | null;
  expiresAt: Temporal.Instant | null;
  /** When its gateway first reported the door open. */
  openedAt: Temporal.Instant | null;
  closingAt: Temporal.Instant | null;
  closedAt: Temporal.Instant | null;
  closeReason: CloseReason | null;
  closedBy: PersonName | null;
  closeComment: string | null;
  /** What stands in the way of opening or closing it, as the gateway told it last. */
  problem: string | null;
  /** Salt and iterations shared by the grant's tickets, so that one SCRAM exchange can be held against each. */
  scramSalt: Fixed<Buffer>;
  scramIterations: Fixed<number>;
  /** The principal's own password upstream, sealed for `principal/<grant>`. */
  principalPassword: Fixed<string>;
}
export type GrantRow = Selectable<GrantsTable>;

export interface TicketsTable {
  id: Fixed<TicketId>;
  grant: Fixed<GrantId>;
  /** SCRAM-SHA-256 verifier; the ticket itself is never stored. */
  storedKey: Fixed<Buffer>;
  serverKey: Fixed<Buffer>;
  /** Only for grants on MySQL. */
  mysqlSha2: Fixed<Buffer | null>;
  mysqlNative: Fixed<Buffer | null>;
  createdAt: Fixed<Temporal.Instant>;
  revokedAt: Temporal.Instant | null;
}

export interface KeptGrantsTable {
  grant: Fixed<GrantId>;
  policyVersion: Fixed<number>;
  by: Fixed<PersonName>;
  comment: Fixed<string>;
  at: Fixed<Temporal.Instant>;
}

export interface DelegationsTable {
  id: Fixed<string>;
  /** Who is away. */
  person: Fixed<PersonName>;
  delegate: Fixed<PersonName>;
  startsAt: Fixed<Temporal.Instant>;
  endsAt: Fixed<Temporal.Instant>;
  reason: Fixed<string>;
  createdBy: Fixed<PersonName>;
  createdAt: Fixed<Temporal.Instant>;
  /** Ended before its time. */
  endedAt: Temporal.Instant | null;
}

export interface AfterReviewsTable {
  request: Fixed<RequestId>;
  requester: Fixed<PersonName>;
  runBy: Fixed<readonly PersonName[]>;
  resource: Fixed<ResourceName>;
  role: Fixed<RoleName>;
  reviewers: ColumnType<Chosen, string, never>;
  dueAt: Fixed<Temporal.Instant>;
  reviewedBy: PersonName | null;
  verdict: 'justified' | 'not_justified' | null;
  comment: string | null;
  reviewedAt: Temporal.Instant | null;
}

export interface AccessTables {
  people: PeopleTable;
  groupMembers: GroupMembersTable;
  setup: SetupTable;
  requests: RequestsTable;
  reviews: ReviewsTable;
  grants: GrantsTable;
  tickets: TicketsTable;
  keptGrants: KeptGrantsTable;
  delegations: DelegationsTable;
  afterReviews: AfterReviewsTable;
}
