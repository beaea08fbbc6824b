/** Tables of keys, configuration, gateways and the record (`migrations/0002_record.ts`). */
import type {
  Engine,
  GatewayId,
  GrantId,
  PersonName,
  ResourceName,
  SessionId,
  StreamId,
  TicketId,
} from '@tidegate/core';
import type { ColumnType, Generated, Selectable } from 'kysely';

/** Set when the row is made, never after. */
type Fixed<T> = ColumnType<T, T, never>;

/** What is made once for an installation. Written once, by whichever control plane comes first. */
export interface KeysTable {
  name: Fixed<'check' | 'authority' | 'link' | 'audit'>;
  /** Certificate or public key, PEM; empty for `check`. */
  public: Fixed<string>;
  /** PKCS #8 PEM (or the check text), sealed for `key/<name>`. */
  sealed: Fixed<string>;
  madeAt: Fixed<Temporal.Instant>;
}

export interface ConfigVersionsTable {
  version: Fixed<number>;
  yaml: Fixed<string>;
  /** `Config` of the contract as it was understood then: a later release need not understand the text the same way. */
  content: ColumnType<unknown, string, never>;
  /** SHA-256 of the content as it was written: what a version is remembered by. */
  digest: Fixed<Buffer>;
  appliedBy: Fixed<PersonName>;
  appliedAt: Fixed<Temporal.Instant>;
}

/** Administrator passwords that the store keeps (`credential: stored`). */
export interface ResourceCredentialsTable {
  resource: Fixed<ResourceName>;
  /** Sealed for `credential/<resource>`. */
  password: string;
  setBy: PersonName;
  setAt: Temporal.Instant;
}

export interface StoredListener {
  readonly engine: Engine;
  readonly host: string;
  readonly port: number;
  readonly tlsRequired: boolean;
}
export interface StoredSpool {
  readonly bytes: number;
  readonly limitBytes: number;
  readonly oldestAt: string | null;
}
export interface GatewaysTable {
  id: Fixed<GatewayId>;
  name: Fixed<string>;
  createdAt: Fixed<Temporal.Instant>;
  revokedAt: Temporal.Instant | null;
  version: Generated<string>;
  listeners: ColumnType<readonly StoredListener[], string | undefined, string>;
  /** PEM of the authority behind the listener's certificate; null: ours. */
  listenerCa: string | null;
  spool: ColumnType<StoredSpool | null, string | null | undefined, string | null>;
  /** Random, one for each connection of the link; null: none. */
  connection: string | null;
  /** The connection's control plane moves it on; past: that control plane, or the connection, is gone. */
  aliveUntil: Temporal.Instant | null;
  lastSeenAt: Temporal.Instant | null;
}
export type GatewayRow = Selectable<GatewaysTable>;

/** Every certificate that opens the link: what is not here is not let in, whoever signed it. */
export interface GatewayCertificatesTable {
  /** Lower-case hex, as in the certificate. */
  serial: Fixed<string>;
  gateway: Fixed<GatewayId>;
  issuedAt: Fixed<Temporal.Instant>;
  notAfter: Fixed<Temporal.Instant>;
  revokedAt: Temporal.Instant | null;
}

export interface JoinTokensTable {
  /** SHA-256 of the token's secret. */
  token: Fixed<Buffer>;
  name: Fixed<string>;
  /** null: made by the supervisor for the gateway beside it. */
  createdBy: Fixed<PersonName | null>;
  createdAt: Fixed<Temporal.Instant>;
  expiresAt: Fixed<Temporal.Instant>;
  usedAt: Temporal.Instant | null;
  gateway: GatewayId | null;
}

/** Which gateway makes and drops principals on a resource. */
export interface ReconcilerLeasesTable {
  resource: Fixed<ResourceName>;
  gateway: GatewayId;
  until: Temporal.Instant;
}

/** Tickets that every relay worker of a gateway knows, over its present connection. */
export interface KnownTicketsTable {
  ticket: Fixed<TicketId>;
  gateway: Fixed<GatewayId>;
}

export interface DbSessionsTable {
  id: Fixed<SessionId>;
  grant: Fixed<GrantId>;
  gateway: Fixed<GatewayId>;
  database: Fixed<string>;
  clientAddress: Fixed<string>;
  application: Fixed<string>;
  startedAt: Fixed<Temporal.Instant>;
  endedAt: Temporal.Instant | null;
  endedBecause: string | null;
  /** As the gateway counted them, at the end. */
  statements: number | null;
  /** Somebody wants it cut: the gateway is told, again on each new connection, until it has ended. */
  cutBy: PersonName | null;
  cutReason: string | null;
}

/** Statements on record so far, counted as they are taken in. */
export interface SessionStatementsTable {
  session: Fixed<SessionId>;
  statements: number;
}

export interface ResourceHealthTable {
  resource: Fixed<ResourceName>;
  gateway: Fixed<GatewayId>;
  ok: boolean;
  detail: string;
  checkedAt: Temporal.Instant;
}

export interface FindingsTable {
  id: Fixed<string>;
  kind: Fixed<'leftover_principal' | 'undroppable_principal' | 'prepared_transaction'>;
  resource: Fixed<ResourceName>;
  principal: Fixed<string>;
  gateway: GatewayId;
  detail: string;
  foundAt: Fixed<Temporal.Instant>;
  resolvedAt: Temporal.Instant | null;
}

/** Where each stream of the record stands. Its row's lock is what keeps the stream to one writer at a time. */
export interface StreamsTable {
  stream: Fixed<StreamId>;
  /** Whose it is; null: `control`. */
  gateway: Fixed<GatewayId | null>;
  seq: number;
  /** 32 bytes. */
  hash: Buffer;
  closedAt: Temporal.Instant | null;
  updatedAt: Temporal.Instant;
}

/** The record itself, partitioned by the day it was taken in. Never changed. */
export interface EntriesTable {
  stream: Fixed<StreamId>;
  seq: Fixed<number>;
  /** The day in UTC, `2026-11-22`. */
  receivedOn: Fixed<string>;
  at: Fixed<Temporal.Instant>;
  kind: Fixed<string>;
  /** The canonical line, as it is exported: all that the hash covers, and the hash. */
  entry: Fixed<string>;
  hash: Fixed<Buffer>;
  grant: Fixed<string | null>;
  session: Fixed<string | null>;
  person: Fixed<string | null>;
}

export interface CheckpointsTable {
  stream: Fixed<StreamId>;
  seq: Fixed<number>;
  hash: Fixed<Buffer>;
  at: Fixed<Temporal.Instant>;
  keyId: Fixed<string>;
  /** Ed25519, 64 bytes. */
  signature: Fixed<Buffer>;
}

export interface RecordTables {
  keys: KeysTable;
  configVersions: ConfigVersionsTable;
  resourceCredentials: ResourceCredentialsTable;
  gateways: GatewaysTable;
  gatewayCertificates: GatewayCertificatesTable;
  joinTokens: JoinTokensTable;
  reconcilerLeases: ReconcilerLeasesTable;
  knownTickets: KnownTicketsTable;
  dbSessions: DbSessionsTable;
  sessionStatements: SessionStatementsTable;
  resourceHealth: ResourceHealthTable;
  findings: FindingsTable;
  streams: StreamsTable;
  entries: EntriesTable;
  checkpoints: CheckpointsTable;
}
