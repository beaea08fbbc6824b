/**
 * The kinds of record a gateway's stream holds and the shape of each one's `data`. Uploaded as NDJSON of `auditEntry`
 * (api/operate), at most `UPLOAD_MAX_BYTES` a request, in order; the control plane answers with its head, so that a
 * repeated upload changes nothing.
 */
import { z } from 'zod';
import { grantId, personName, resourceName, roleName, sessionId } from './shapes.ts';

export const UPLOAD_MAX_BYTES = 8 * 1024 * 1024;

/** Who and where, in every record of a session. */
const who = z.object({
  session: sessionId,
  grant: grantId,
  person: personName,
  principal: z.string(),
  resource: resourceName,
  role: roleName,
  database: z.string(),
  clientAddress: z.string(),
  application: z.string(),
});

/** A bound value: as text where its type is known, else hex. `null` is SQL NULL. */
export const boundValue = z.object({
  type: z.string(),
  value: z
    .union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.unknown()), z.record(z.string(), z.unknown())])
    .optional(),
  hex: z.string().optional(),
  /** Length in bytes when the value was cut short here; the rest stands in `statement.part` records. */
  truncated: z.int().optional(),
});

export const recordData = {
  'session.started': who,
  'session.refused': z.object({
    loginName: z.string(),
    resource: z.string(),
    database: z.string(),
    clientAddress: z.string(),
    application: z.string(),
    reason: z.string(),
    code: z.string(),
  }),
  'session.ended': who.extend({
    because: z.string(),
    by: z.string().nullable(),
    statements: z.int(),
    bytesToClient: z.int(),
    bytesToServer: z.int(),
  }),
  /** `op` numbers the operations of one session; `statement.outcome` and `statement.part` refer to it. */
  'statement.prepared': who.extend({
    op: z.int(),
    name: z.string(),
    text: z.string().optional(),
    fingerprint: z.string().optional(),
    bytes: z.int(),
  }),
  'statement.bound': who.extend({ op: z.int(), prepared: z.int(), values: z.array(boundValue).optional() }),
  statement: who.extend({
    op: z.int(),
    protocol: z.enum(['simple', 'extended', 'call']),
    text: z.string().optional(),
    fingerprint: z.string().optional(),
    values: z.array(boundValue).optional(),
    bytes: z.int(),
  }),
  'statement.part': who.extend({
    op: z.int(),
    offset: z.int(),
    total: z.int(),
    text: z.string().optional(),
    base64: z.string().optional(),
  }),
  'statement.outcome': who.extend({
    op: z.int(),
    index: z.int(),
    state: z.enum(['done', 'error', 'suspended', 'skipped', 'unknown']),
    command: z.string(),
    rows: z.int().nullable(),
    bytes: z.int().nullable(),
    sqlstate: z.string().nullable(),
    durationMs: z.number(),
  }),
  'session.cancel': who,
  /** The gateway's own doings in the database: principal made, opened, closed, leftover removed. */
  principal: z.object({
    resource: resourceName,
    principal: z.string(),
    grant: grantId.nullable(),
    did: z.enum(['prepared', 'opened', 'closed', 'leftover_removed', 'failed']),
    detail: z.string(),
  }),
} as const;
export type RecordKind = keyof typeof recordData;
