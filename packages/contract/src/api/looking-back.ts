/** Looking back: sessions and their statements, the record searched and summed up, one grant's story, the overview. */
import { z } from 'zod';
import { boundValue } from '../record.ts';
import { grantId, instant, page, personName, requestId, resourceName, roleName, sessionId } from '../shapes.ts';
import { grant, request, session } from './access.ts';
import { auditEntry, auditQuery } from './operate.ts';

/** A session as `session` has it, with what only one alone is shown with. */
export const sessionDetail = session
  .extend({
    /** Who asked for it to be cut, and why; null: nobody did. */
    cut: z.object({ by: personName, reason: z.string() }).nullable(),
    /** The caller may end it while it is open. */
    mayCut: z.boolean(),
    /** The grant's end, which is the session's too. */
    expiresAt: instant.nullable(),
  })
  .meta({ id: 'SessionDetail' });
export type SessionDetail = z.infer<typeof sessionDetail>;

/** What came of one statement; of several results (`SELECT 1; SELECT 2`) the rows and times are added up. */
export const outcome = z.object({
  state: z.enum(['done', 'error', 'suspended', 'skipped', 'unknown']),
  command: z.string(),
  rows: z.int().nullable(),
  bytes: z.int().nullable(),
  /** A SQLSTATE, or SQL Server's error number. */
  code: z.string().nullable(),
  durationMs: z.number(),
});
export type Outcome = z.infer<typeof outcome>;

/** One thing done in a session, as the record has it. */
export const sessionStatement = z
  .object({
    /** The place in the record: the order, and what a stream of them is resumed after. */
    cursor: z.string(),
    kind: z.enum(['statement', 'cancel']),
    op: z.int().nullable(),
    at: instant,
    /** Milliseconds since the session began. */
    offsetMs: z.number(),
    /** null: not recorded as text; see `fingerprint`. */
    text: z.string().nullable(),
    fingerprint: z.string().nullable(),
    /** Of the whole, as sent; more than `text` has where it was too long for one entry. */
    bytes: z.int().nullable(),
    values: z.array(boundValue).nullable(),
    /** null: it was not over when this was answered. */
    outcome: outcome.nullable(),
  })
  .meta({ id: 'SessionStatement' });
export type SessionStatement = z.infer<typeof sessionStatement>;

/** What the record is searched by, beyond what finds whole streams. */
export const searchQuery = auditQuery.extend({
  resource: resourceName.optional(),
  /** Anywhere in what was recorded, in small letters or capitals. */
  text: z.string().min(2).max(200).optional(),
  /** A table (or any name) as a whole word of a statement. */
  table: z.string().min(1).max(200).optional(),
  outcome: z.enum(['done', 'error', 'unknown', 'refused']).optional(),
});
export type SearchQuery = z.infer<typeof searchQuery>;

/** A page may hold fewer than asked for, or none, and yet have a next: each looks at a bounded part of the record. */
export const searchPage = page(auditEntry).extend({
  /** Entries this page looked at, and the time it got back to; null: to the beginning. */
  looked: z.int(),
  backTo: instant.nullable(),
});

export const summaryQuery = searchQuery;
const counted = z.object({ value: z.string(), count: z.int() });
export const recordSummary = z
  .object({
    from: instant,
    until: instant,
    /** False: only the newest entries were counted, back to `from`. */
    complete: z.boolean(),
    total: z.int(),
    bucketSeconds: z.int(),
    /** Every bucket from `from` to `until`, those of nothing too; `areas` are the first words of kinds. */
    buckets: z.array(z.object({ at: instant, areas: z.record(z.string(), z.int()) })),
    facets: z.object({
      kind: z.array(counted),
      person: z.array(counted),
      resource: z.array(counted),
      outcome: z.array(counted),
    }),
  })
  .meta({ id: 'RecordSummary' });
export type RecordSummary = z.infer<typeof recordSummary>;

/** Everything of one grant, in order: who asked and who agreed, its sessions, each statement, its end. */
export const grantStory = z
  .object({
    grant,
    request,
    sessions: z.array(session),
    /** Of the grant, oldest first; before them, those of its request. */
    entries: page(auditEntry),
  })
  .meta({ id: 'GrantStory' });
export type GrantStory = z.infer<typeof grantStory>;

const perDay = z.array(z.object({ day: z.iso.date(), count: z.int() }));
const quantiles = z.object({ p50: z.number(), p90: z.number(), p99: z.number() });

export const overview = z
  .object({
    since: instant,
    until: instant,
    /** False: there was more than is counted; the newest were. */
    complete: z.boolean(),
    open: z.object({
      total: z.int(),
      byRole: z.array(counted),
      byResource: z.array(counted),
    }),
    requests: z.object({
      total: z.int(),
      byState: z.array(counted),
      perDay: z.array(z.object({ day: z.iso.date(), approved: z.int(), denied: z.int(), other: z.int() })),
    }),
    /** From asking to the last approval, of what people approved; seconds, null where nothing was. */
    timeToApprove: z.object({
      count: z.int(),
      seconds: quantiles.nullable(),
      perDay: z.array(z.object({ day: z.iso.date(), p50: z.number(), p90: z.number() })),
    }),
    breakGlass: z.object({
      total: z.int(),
      items: z.array(
        z.object({ request: requestId, person: personName, resource: resourceName, role: roleName, at: instant }),
      ),
    }),
    refused: z.object({ total: z.int(), byKind: z.array(counted), perDay }),
    /** Closed in this time without a single session. */
    unused: z.object({
      total: z.int(),
      items: z.array(
        z.object({ grant: grantId, person: personName, resource: resourceName, role: roleName, closedAt: instant }),
      ),
    }),
    /** Most hours of access first. */
    people: z.array(z.object({ person: personName, open: z.int(), grants: z.int(), hours: z.number() })),
  })
  .meta({ id: 'Overview' });
export type Overview = z.infer<typeof overview>;
export const overviewQuery = z.object({ since: instant.optional(), until: instant.optional() });

export const sessionFilter = z.object({
  person: personName.optional(),
  resource: resourceName.optional(),
  since: instant.optional(),
  until: instant.optional(),
});
export const oneSession = z.object({ id: sessionId });
