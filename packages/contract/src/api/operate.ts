/** Configuration, gateways, resources, findings, and the audit record. */
import { z } from 'zod';
import { configResource } from '../config.ts';
import { connectionTest } from '../link/looking.ts';
import {
  duration,
  engine,
  grantId,
  groupName,
  instant,
  personName,
  requestId,
  resourceName,
  roleName,
} from '../shapes.ts';

export const configText = z.object({ yaml: z.string().max(4_000_000) });
/** What would change, in people's terms. */
export const configPlan = z
  .object({
    /** Give it back to apply exactly what was planned. */
    planId: z.string(),
    fromVersion: z.int(),
    changes: z.array(z.object({ kind: z.enum(['add', 'change', 'remove']), what: z.string(), detail: z.string() })),
    warnings: z.array(z.string()),
    /** Applying it would be refused just now: a resource would go on which grants are open, as `warnings` says. */
    refused: z.boolean(),
  })
  .meta({ id: 'ConfigPlan' });
export type ConfigPlan = z.infer<typeof configPlan>;
export const applyConfig = configText.extend({ planId: z.string().optional() });
/** What another policy would have said to past requests. */
export const simulateConfig = configText.extend({ since: instant });
export const simulation = z
  .object({
    /** How many were looked at. */
    requests: z.int(),
    /** False: there are older ones that were not. */
    complete: z.boolean(),
    different: z.array(
      z.object({
        id: requestId,
        requester: personName,
        resource: resourceName,
        role: roleName,
        at: instant,
        /** The rule that decided it. */
        rule: z.string(),
        was: z.string(),
        would: z.string(),
      }),
    ),
    /** How many more differ than are told. */
    more: z.int(),
    /** Asks that the policy of their time refused, and those of them that would be allowed. */
    refused: z.object({
      asks: z.int(),
      allowed: z.array(
        z.object({
          requester: personName,
          resource: resourceName,
          role: roleName,
          at: instant,
          was: z.string(),
          /** What it would take. */
          would: z.string(),
        }),
      ),
      /** How many more would be allowed than are told. */
      more: z.int(),
    }),
  })
  .meta({ id: 'Simulation' });
export type Simulation = z.infer<typeof simulation>;
export const configVersion = z.object({
  version: z.int(),
  appliedBy: personName,
  appliedAt: instant,
  yaml: z.string(),
});
export type ConfigVersion = z.infer<typeof configVersion>;

export const roleView = z.object({
  name: roleName,
  /** `lines`: exactly what `lines` lists; else a level on the whole of the resource. */
  privileges: z.enum(['read', 'write', 'own', 'lines']),
  /** On this resource's engine, in the words of docs/ROLES.md; empty for a level, or where the role gives nothing here. */
  lines: z.array(z.string()),
  defaultDuration: duration,
  maxDuration: duration,
});
export const resourceView = z
  .object({
    name: resourceName,
    engine,
    address: z.string(),
    databases: z.array(z.string()),
    labels: z.record(z.string(), z.string()),
    owners: z.array(groupName),
    roles: z.array(roleView),
    gateway: z.string().nullable(),
    health: z.object({
      state: z.enum(['ok', 'failing', 'unknown']),
      detail: z.string(),
      checkedAt: instant.nullable(),
    }),
    openGrants: z.int(),
    /** Its administrator's password is kept here, sealed, and can be set; otherwise its gateway has it from elsewhere. */
    passwordStored: z.boolean(),
  })
  .meta({ id: 'Resource' });

export type ResourceView = z.infer<typeof resourceView>;

/** The tables and views of a resource, as its gateway saw them at most a minute ago: what a request can be narrowed to. */
export const resourceObjects = z
  .object({
    resource: resourceName,
    seenAt: instant,
    tables: z.array(
      z.object({
        database: z.string(),
        schema: z.string(),
        name: z.string(),
        kind: z.enum(['table', 'view']),
        columns: z.array(z.string()),
        /** How `only` of a request names it: in every database that has it … */
        only: z.string(),
        /** … and in this one alone. The same in MySQL. */
        onlyHere: z.string(),
      }),
    ),
    /** There are more than are told. */
    more: z.boolean(),
  })
  .meta({ id: 'ResourceObjects' });
export type ResourceObjects = z.infer<typeof resourceObjects>;

/** A rule that speaks of a resource, conditions aside: who by it could ask for what, and what that takes. */
export const resourceRule = z
  .object({
    rule: z.string(),
    roles: z.array(roleName),
    groups: z.array(groupName),
    people: z.array(personName),
    workloads: z.array(personName),
    /** `one of leads, then one of dba`; `no approval`. */
    approvals: z.string(),
    /** Must hold for the rule to decide, as it is written. */
    conditions: z.array(z.string()),
    breakGlass: z.boolean(),
  })
  .meta({ id: 'ResourceRule' });
export type ResourceRule = z.infer<typeof resourceRule>;
/** Somebody who could ask, and by which rules; the first that is not conditional decides for its role. */
export const resourceAsker = z
  .object({
    person: personName,
    kind: z.enum(['person', 'workload']),
    could: z.array(z.object({ role: roleName, rule: z.string(), breakGlass: z.boolean(), conditional: z.boolean() })),
  })
  .meta({ id: 'ResourceAsker' });
export type ResourceAsker = z.infer<typeof resourceAsker>;
export const giveUpResource = z.object({ reason: z.string().min(1).max(2000) });
/** Grants that were closed though nobody saw their principals gone. */
export const givenUp = z.object({ resource: resourceName, grants: z.array(grantId) });
export type GivenUp = z.infer<typeof givenUp>;
export const newCredential = z.object({ password: z.string().min(1).max(1024) });

/** A resource as it would be written; `password`: what would be stored for it, where that is where its password comes from. */
export const testResource = z.object({
  resource: configResource,
  password: newCredential.shape.password.optional(),
});
/** What its gateway says: how far it came, and what is in the way. */
export const resourceTest = connectionTest.meta({ id: 'ResourceTest' });
export type ResourceTest = z.infer<typeof resourceTest>;

export const gatewayView = z
  .object({
    id: z.string(),
    name: z.string(),
    connected: z.boolean(),
    lastSeenAt: instant.nullable(),
    version: z.string(),
    listeners: z.array(z.object({ engine, host: z.string(), port: z.int() })),
    spool: z.object({ bytes: z.int(), limitBytes: z.int(), oldestAt: instant.nullable() }).nullable(),
  })
  .meta({ id: 'Gateway' });
export type GatewayView = z.infer<typeof gatewayView>;
export const revokeGateway = z.object({ reason: z.string().min(1).max(2000) });
export const revokedGateway = z.object({
  id: z.string(),
  name: z.string(),
  revokedAt: instant,
  /** Open through it, and told to end. */
  sessions: z.int(),
});
export type RevokedGateway = z.infer<typeof revokedGateway>;
export const newJoinToken = z.object({ name: z.string().min(1).max(63), validFor: duration.default('PT1H') });
/** `TOKEN` goes to `tidegate gateway --join-file FILE` once; it carries the link address and the authority's fingerprint. */
export const joinToken = z.object({ token: z.string(), expiresAt: instant });
export type JoinToken = z.infer<typeof joinToken>;

export const finding = z
  .object({
    id: z.string(),
    kind: z.enum(['leftover_principal', 'undroppable_principal', 'prepared_transaction']),
    resource: resourceName,
    principal: z.string(),
    detail: z.string(),
    foundAt: instant,
    resolvedAt: instant.nullable(),
  })
  .meta({ id: 'Finding' });
export type Finding = z.infer<typeof finding>;
/** Why it is no finding any more; it stands on record. */
export const resolveFinding = z.object({ reason: z.string().min(1).max(2000) });

/** One line of the audit record as it is listed, exported and verified (see core/audit). */
export const auditEntry = z
  .object({
    stream: z.string(),
    seq: z.int(),
    at: instant,
    kind: z.string(),
    data: z.record(z.string(), z.unknown()),
    /** Hex SHA-256 over the previous hash and this entry's canonical JSON. */
    hash: z.string(),
  })
  .meta({ id: 'AuditEntry' });
export const auditQuery = z.object({
  stream: z.string().max(128).optional(),
  grant: z.string().max(32).optional(),
  session: z.string().max(32).optional(),
  person: z.string().max(128).optional(),
  kind: z.string().max(64).optional(),
  since: instant.optional(),
  until: instant.optional(),
});
export type AuditQuery = z.infer<typeof auditQuery>;
export const auditStream = z.object({
  stream: z.string(),
  seq: z.int(),
  hash: z.string(),
  closed: z.boolean(),
  updatedAt: instant,
});
export type AuditStream = z.infer<typeof auditStream>;
/** Ed25519 public key, SPKI PEM, and its id (hex SHA-256 of the DER, 16 characters). */
export const auditKey = z.object({ keyId: z.string(), publicKey: z.string() });
export const checkpoint = z
  .object({
    stream: z.string(),
    seq: z.int(),
    hash: z.string(),
    at: instant,
    keyId: z.string(),
    /** Base64 Ed25519 over the canonical JSON of the other members. */
    signature: z.string(),
  })
  .meta({ id: 'Checkpoint' });
