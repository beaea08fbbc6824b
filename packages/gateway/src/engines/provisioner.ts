/**
 * What the reconciler asks of a database, whichever engine it is: make, open, close and find the principals of one
 * resource. One implementation an engine (`engines/<engine>/principal`). Every operation is idempotent and may be killed
 * anywhere and run again: it looks at what is, and does what is missing.
 */
import type {
  ConnectionTest,
  DesiredGrant,
  DesiredResource,
  DesiredRole,
  FromGateway,
  LookAnswer,
  LookAt,
} from '@tidegate/contract';
import type { GrantId, Level, PersonName, ResourceName } from '@tidegate/core';

type LinkFinding = Extract<FromGateway, { type: 'finding' }>;

/** Something left behind that a person has to know of. `resolved` is the reconciler's to say. */
export interface FindingNote {
  readonly kind: LinkFinding['kind'];
  readonly principal: string;
  /** What it is and what to do about it, in words fit for an operator. No secrets; at most 2000 characters. */
  readonly detail: string;
}

/** What a principal was made for: a level on the whole of the resource, or exactly what the lines of its role list. */
export type Kind = Level | 'lines';
export const kindOf = (role: DesiredRole): Kind => ('lines' in role ? 'lines' : role.privileges);

/** What every principal carries in the database itself, so that it can be found with no store at all. */
export interface Mark {
  readonly grant: GrantId;
  readonly person: PersonName;
  readonly resource: ResourceName;
  readonly privileges: Kind;
  /** When the grant's clock began and the end it was last opened until; null: never opened. */
  readonly since: Temporal.Instant | null;
  readonly until: Temporal.Instant | null;
  /** The database user that carries the mark. */
  readonly loginName: string;
}

/** The part of a grant that closing needs; a `Mark` has it too. */
export interface PrincipalRef {
  readonly grant: GrantId;
  readonly loginName: string;
  readonly privileges: Kind;
  /** When it could first be used; null: unknown or never. */
  readonly since: Temporal.Instant | null;
}

export interface Made {
  /** False: the database was already as wanted. */
  readonly changed: boolean;
}

export interface Closed {
  /** The principal was seen gone. False: nobody can use it any more, but a finding says why it is still there. */
  readonly gone: boolean;
  /** False: it had been gone before. */
  readonly changed: boolean;
  readonly findings: readonly FindingNote[];
}

export interface Health {
  readonly ok: boolean;
  /** One or more sentences: what is wrong and what to run, or what was found (server, TLS, warnings). */
  readonly detail: string;
}

/**
 * The principals of one resource. All methods reject with a `ProvisionError` when the database can't be brought there
 * now; the reconciler tries again. All have deadlines of their own.
 */
export interface Provisioner {
  /** Make the principal with all its privileges, unable to log in. */
  prepare(grant: DesiredGrant): Promise<Made>;
  /** Let it log in until `expiresAt` (the control plane's clock) and no longer; makes what is missing. Also extends. */
  open(grant: DesiredGrant, expiresAt: Temporal.Instant): Promise<Made>;
  /** No more logins (first, and committed), its sessions ended, what it made given to the durable role, and gone. */
  close(principal: PrincipalRef): Promise<Closed>;
  /** Principals of this resource by their mark, but for those of `known` grants. */
  leftovers(known: ReadonlySet<GrantId>): Promise<readonly Mark[]>;
  /** Can we do our work there? Also mends the durable roles. Does not reject for what it finds. */
  check(): Promise<Health>;
  /** Looks at the catalog and changes nothing; the database's own limits keep it short. */
  look(wanted: LookAt): Promise<LookAnswer>;
  /** Could we do our work there? Changes nothing, and does not reject for what it finds. */
  test(): Promise<ConnectionTest>;
  /** Ends all connections; running operations fail. */
  end(): Promise<void>;
}

/** What an engine gets to make a provisioner. */
export interface ProvisionerContext {
  readonly resource: DesiredResource;
  /** The administrator's password, read anew at each connect. Rejects with a `ProvisionError`. */
  readonly password: () => Promise<string>;
  /** The control plane's clock, ms since the epoch. */
  readonly controlNow: () => number;
  readonly log: ProvisionLog;
}

/** A pino logger fits; nothing secret is ever passed to it. */
export interface ProvisionLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** The database could not be brought where it should be. The message is fit for the person; `detail` for the log. */
export class ProvisionError extends Error {
  /** The engine's own code (SQLSTATE, errno), or a word of ours. */
  readonly code: string;
  readonly detail: string;

  constructor(message: string, code: string, detail = '', cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'ProvisionError';
    this.code = code;
    this.detail = detail;
  }
}
