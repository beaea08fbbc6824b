/** Running SQL in the browser: sessions that the control plane opens through a gateway, as any client would. */
import { z } from 'zod';
import { engine, grantId, instant, resourceName, roleName } from '../shapes.ts';

export const queryId = z.string().regex(/^qry_[0-9a-hjkmnp-tv-z]{16}$/);

export const openQuery = z.object({
  resource: resourceName,
  grant: grantId.optional(),
  role: roleName.optional(),
  database: z.string().max(128).optional(),
  mfaCode: z.string().max(16).optional(),
});
/** Open until it is closed, unused for a while, or the grant ends. It lives in one control plane. */
export const querySession = z
  .object({
    id: queryId,
    grant: grantId,
    resource: resourceName,
    engine,
    database: z.string(),
    expiresAt: instant,
    /** What is answered of one statement at most. */
    limits: z.object({ rows: z.int(), bytes: z.int() }),
    /** Results may be saved: where the grant's rule says so, or says nothing and the resource does. */
    mayExport: z.boolean(),
  })
  .meta({ id: 'QuerySession' });
export type QuerySession = z.infer<typeof querySession>;

export const runQuery = z.object({
  sql: z.string().min(1).max(1_000_000),
  maxRows: z.int().min(1).max(100_000).default(10_000),
});

/** One line of a run's answer, NDJSON. Values are as text; null is SQL NULL. */
export const queryLine = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('columns'),
    /** Numbers the results of one run. */
    result: z.int(),
    columns: z.array(z.object({ name: z.string(), type: z.string() })),
  }),
  z.object({
    type: z.literal('rows'),
    result: z.int(),
    rows: z.array(z.array(z.string().nullable())),
  }),
  z.object({
    type: z.literal('result'),
    result: z.int(),
    command: z.string(),
    rows: z.int().nullable(),
  }),
  z.object({ type: z.literal('notice'), message: z.string() }),
  z.object({
    type: z.literal('end'),
    state: z.enum(['done', 'cancelled', 'limited', 'error', 'ended']),
    durationMs: z.number(),
    /** `error`: the database's; `ended`: why the session is over. */
    message: z.string().nullable(),
    code: z.string().nullable(),
    /** Where in the text, from 1, if the database says. */
    position: z.int().nullable(),
  }),
]);
export type QueryLine = z.infer<typeof queryLine>;

/** Rows that were fetched are about to be saved as a file: to be on record before they are. */
export const exportQuery = z.object({ format: z.enum(['csv', 'json']), rows: z.int().min(0).max(10_000_000) });

/** What completion knows: only what this grant can see. */
export const querySchema = z
  .object({
    tables: z.array(
      z.object({
        schema: z.string(),
        name: z.string(),
        columns: z.array(z.object({ name: z.string(), type: z.string() })),
      }),
    ),
    /** There are more tables or columns than are told. */
    truncated: z.boolean(),
  })
  .meta({ id: 'QuerySchema' });
export type QuerySchema = z.infer<typeof querySchema>;
