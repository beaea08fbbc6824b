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
  /** Where the protocol gives values names (MySQL's query attributes, SQL Server's parameters). */
  name: z.string().optional(),
  /** An output parameter: the value is what goes in. */
  output: z.boolean().optional(),
  value: z
    .union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.unknown()), z.record(z.string(), z.unknown())])
    .optional(),
  hex: z.string().optional(),
  /** Length in bytes when the value was cut short here; the rest stands in `statement.part` records. */
  truncated: z.int().optional(),
});

/**
 * What was asked of the database, as `record.values` allows. `bytes` is the length of the whole as sent; null where the
 * protocol doesn't tell it ahead: then the last `statement.part` has it.
 */
const said = {
  text: z.string().optional(),
  /** The bytes as sent, where they are not text in the engine's encoding and `text` has replacement characters in their place. */
  base64: z.string().optional(),
  /** `pg:` and the shape's fingerprint, or `hmac:` and a hash under the gateway's own key. */
  fingerprint: z.string().optional(),
  bytes: z.int().nullable(),
};

/** What an execution or binding refers to. */
const uses = {
  /** The op of the `statement.prepared`; 0 or left out: made by SQL text (`PREPARE`), see `name`. */
  prepared: z.int().optional(),
  /** The one that was run instead if `prepared` failed: the client did not wait to see. */
  alternative: z.int().optional(),
  name: z.string().optional(),
};

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
  'statement.prepared': who.extend({ op: z.int(), name: z.string(), ...said }),
  'statement.bound': who.extend({ op: z.int(), ...uses, values: z.array(boundValue).optional() }),
  /** `text` of an execution is its prepared statement's, where it is not very long; `prepared` has it whole. */
  statement: who.extend({
    op: z.int(),
    protocol: z.enum(['simple', 'extended', 'call']),
    ...said,
    ...uses,
    /** The `statement.bound` that holds the values, where they were bound earlier. */
    bound: z.int().optional(),
    maxRows: z.int().optional(),
    values: z.array(boundValue).optional(),
  }),
  /** A piece of what was too large for one record. `offset` and `total` are bytes. */
  'statement.part': who.extend({
    op: z.int(),
    offset: z.int(),
    /** null while it is not known. */
    total: z.int().nullable(),
    last: z.boolean(),
    text: z.string().optional(),
    base64: z.string().optional(),
    /** Of the whole, where pieces are not recorded. */
    fingerprint: z.string().optional(),
  }),
  /**
   * A file of the client's that the statement `op` sent to the database (MySQL's LOAD DATA LOCAL INFILE), before the
   * database had its end. `file` is the name that the database asked for; `whole` false: the session ended within it.
   */
  'statement.uploaded': who.extend({
    op: z.int(),
    file: z.string(),
    bytes: z.int(),
    whole: z.boolean(),
    /** Left out where values are not recorded: a short file could be guessed by it. */
    sha256: z.string().optional(),
  }),
  'statement.outcome': who.extend({
    op: z.int(),
    index: z.int(),
    state: z.enum(['done', 'error', 'suspended', 'skipped', 'unknown']),
    command: z.string(),
    rows: z.int().nullable(),
    bytes: z.int().nullable(),
    /** The error's code, where it has one: a SQLSTATE, or SQL Server's error number. */
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
  /**
   * The first entry of a stream that goes on where another had to stop: records were damaged on the gateway's disk, the
   * control plane's copy does not have what the gateway has already deleted, or holds something different, or the gateway
   * joined anew and is another one since. Numbers are of the first stream.
   */
  'stream.continued': z.object({
    stream: z.string(),
    /** Where the control plane's copy of it ends. */
    seq: z.int(),
    hash: z.string(),
    lost: z.object({ from: z.int(), to: z.int() }).nullable(),
    because: z.enum(['damaged', 'behind', 'different', 'rejoined']),
  }),
  /** A record that could not be made sense of: as it stands in the spool. */
  'record.unreadable': z.object({ entry: z.int(), session: z.int(), base64: z.string(), because: z.string() }),
} as const;
export type RecordKind = keyof typeof recordData;
