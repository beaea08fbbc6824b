/**
 * Looking at a resource without changing it: the control plane asks a gateway, which asks the database's catalog. Each
 * question has an id of its own, is answered once or not at all, and the asker waits no longer than it says.
 */
import type { GrantLine } from '@tidegate/core';
import { z } from 'zod';
import { resourceName } from '../shapes.ts';
import { desiredResource } from './resource.ts';

/** How long the control plane waits for an answer, in milliseconds. */
export const LOOK_WITHIN_MS = 5_000;
/** For a test of a connection, which has several to make: a server that does not answer takes its time to be known. */
export const TEST_WITHIN_MS = 20_000;
/** Lines in one question, tables and columns in one answer. */
export const LOOK_LINES_MAX = 1_000;
export const LOOK_TABLES_MAX = 2_000;
export const LOOK_COLUMNS_MAX = 20_000;

const name = z.string().min(1).max(256);
const qualified = z.object({ schema: name, name });

/** One line of a role, as core's grammar reads it. */
export const grantLine: z.ZodType<GrantLine> = z.object({
  privileges: z.array(z.object({ name: z.string(), columns: z.array(name).min(1).nullable() })).min(1),
  target: z.discriminatedUnion('on', [
    z.object({ on: z.literal('tables'), tables: z.array(qualified).min(1) }),
    z.object({ on: z.literal('all-tables'), schema: name }),
    z.object({ on: z.literal('schema'), schema: name }),
    z.object({ on: z.literal('sequences'), sequences: z.array(qualified).min(1) }),
    z.object({
      on: z.literal('routine'),
      routine: z.enum(['function', 'procedure']),
      name: qualified,
      args: z.array(z.string()).nullable(),
    }),
  ]),
  database: name.nullable(),
});

/** What to look for: whether there is all that these lines name; or what tables there are. */
export const lookFor = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('lines'), lines: z.array(grantLine).max(LOOK_LINES_MAX) }),
  z.object({ kind: z.literal('objects') }),
  /** Whether work could be done there, were the resource as it stands here: it need not be in force, and stays forgotten. */
  z.object({ kind: z.literal('test'), resource: desiredResource }),
]);
export type LookFor = z.infer<typeof lookFor>;
/** Questions to a catalog, of a resource that is in force. */
export type LookAt = Exclude<LookFor, { kind: 'test' }>;
/** From which protocol of the link on a gateway understands each question. */
export const LOOK_SINCE = { lines: 2, objects: 2, test: 3 } as const satisfies Readonly<
  Record<LookFor['kind'], number>
>;

/** Something about one of the lines, in words fit for whoever wrote it: it can't be given so, or it should be known. */
export const lineNote = z.object({
  line: z.int().min(0),
  /** `missing`: the database does not have what the line names. */
  kind: z.enum(['missing', 'warning']),
  message: z.string().max(2000),
});
export type LineNote = z.infer<typeof lineNote>;

/** Tables and views with their columns, by database and schema, the system's own left out. */
export const seenTable = z.object({
  database: z.string(),
  schema: z.string(),
  name: z.string(),
  kind: z.enum(['table', 'view']),
  columns: z.array(z.string()),
});
export type SeenTable = z.infer<typeof seenTable>;

/** What a connection takes, in order: what failed at one did not come to the next. */
export const TEST_STEPS = ['credential', 'reach', 'tls', 'login', 'server', 'databases', 'privileges'] as const;
export const testStep = z.enum(TEST_STEPS);
export type TestStep = z.infer<typeof testStep>;

const sentences = z.array(z.string().max(2000)).max(100);
/** What came of a test. Nothing was changed by it. */
export const connectionTest = z.object({
  /** null: nothing keeps Tidegate from working there. */
  failedAt: testStep.nullable(),
  /** `PostgreSQL 18.4`; null: it did not come so far. */
  server: z.string().max(200).nullable(),
  /** As the server matched its name. */
  administrator: z.string().max(300).nullable(),
  /** TLS version; null: without, or it did not come so far. */
  tls: z.string().max(50).nullable(),
  /** What is wrong and what to do about it, in words fit for an operator. */
  problems: sentences,
  warnings: sentences,
});
export type ConnectionTest = z.infer<typeof connectionTest>;

export const lookAnswer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('lines'), notes: z.array(lineNote) }),
  z.object({
    kind: z.literal('objects'),
    tables: z.array(seenTable).max(LOOK_TABLES_MAX),
    /** There are more tables or columns than are told. */
    more: z.boolean(),
  }),
  z.object({ kind: z.literal('test'), test: connectionTest }),
  /** It could not be looked at: why, in words fit for people. */
  z.object({ kind: z.literal('failed'), message: z.string().max(2000) }),
]);
export type LookAnswer = z.infer<typeof lookAnswer>;

const id = z.string().min(1).max(64);
export const look = z.object({ type: z.literal('look'), id, resource: resourceName, wanted: lookFor });
export const seen = z.object({ type: z.literal('seen'), id, answer: lookAnswer });
