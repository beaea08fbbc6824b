/**
 * What runs with the rights of whoever is its definer, and whose that is. What an owner made must go on when its principal
 * is gone, so its definer becomes the durable account.
 */
import { z } from 'zod';
import type { Session } from './sessions.ts';

const events = z.object({
  kind: z.literal('EVENT'),
  place: z.string(),
  name: z.string(),
  sqlMode: z.string(),
  collation: z.string(),
  status: z.string(),
});
const views = z.object({ kind: z.literal('VIEW'), place: z.string(), name: z.string(), collation: z.string() });
const routines = z.object({
  kind: z.enum(['PROCEDURE', 'FUNCTION', 'PACKAGE', 'PACKAGE BODY']),
  place: z.string(),
  name: z.string(),
  sqlMode: z.string(),
  collation: z.string(),
});
const triggers = z.object({
  kind: z.literal('TRIGGER'),
  place: z.string(),
  name: z.string(),
  sqlMode: z.string(),
  collation: z.string(),
  table: z.string(),
  timing: z.enum(['BEFORE', 'AFTER']),
  event: z.enum(['INSERT', 'UPDATE', 'DELETE']),
  body: z.string(),
  /** Which of the table's triggers for the same moment comes just before or after it. */
  previous: z.string().nullable(),
  next: z.string().nullable(),
});
export const thing = z.discriminatedUnion('kind', [events, views, routines, triggers]);
export type Thing = z.infer<typeof thing>;
export type EventThing = z.infer<typeof events>;
export type Trigger = z.infer<typeof triggers>;
export type Routine = z.infer<typeof routines>;

/** As the server writes a definer in its catalog. */
const definer = (loginName: string) => `${loginName}@%`;

export function eventsOf(session: Session, loginName: string, place: string): Promise<EventThing[]> {
  return session.rows(
    events,
    `SELECT 'EVENT' AS kind, EVENT_SCHEMA AS place, EVENT_NAME AS name, SQL_MODE AS sqlMode,
            COLLATION_CONNECTION AS collation, STATUS AS status
     FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ? AND DEFINER = ? ORDER BY EVENT_NAME`,
    [place, definer(loginName)],
  );
}

/** All in one database of which the principal is the definer. */
export async function thingsOf(session: Session, loginName: string, place: string): Promise<Thing[]> {
  const values = [place, definer(loginName)];
  return [
    ...(await eventsOf(session, loginName, place)),
    ...(await session.rows(
      triggers,
      `SELECT 'TRIGGER' AS kind, t.TRIGGER_SCHEMA AS place, t.TRIGGER_NAME AS name, t.SQL_MODE AS sqlMode,
              t.COLLATION_CONNECTION AS collation, t.EVENT_OBJECT_TABLE AS \`table\`, t.ACTION_TIMING AS timing,
              t.EVENT_MANIPULATION AS event, t.ACTION_STATEMENT AS body, p.TRIGGER_NAME AS previous, n.TRIGGER_NAME AS next
       FROM information_schema.TRIGGERS t
       LEFT JOIN information_schema.TRIGGERS p ON ${neighbour('p')} AND p.ACTION_ORDER = t.ACTION_ORDER - 1
       LEFT JOIN information_schema.TRIGGERS n ON ${neighbour('n')} AND n.ACTION_ORDER = t.ACTION_ORDER + 1
       WHERE t.TRIGGER_SCHEMA = ? AND t.DEFINER = ? ORDER BY t.EVENT_OBJECT_TABLE, t.ACTION_ORDER`,
      values,
    )),
    ...(await session.rows(
      routines,
      `SELECT ROUTINE_TYPE AS kind, ROUTINE_SCHEMA AS place, ROUTINE_NAME AS name, SQL_MODE AS sqlMode,
              COLLATION_CONNECTION AS collation
       FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ? AND DEFINER = ? ORDER BY ROUTINE_TYPE, ROUTINE_NAME`,
      values,
    )),
    ...(await session.rows(
      views,
      `SELECT 'VIEW' AS kind, TABLE_SCHEMA AS place, TABLE_NAME AS name, COLLATION_CONNECTION AS collation
       FROM information_schema.VIEWS WHERE TABLE_SCHEMA = ? AND DEFINER = ? ORDER BY TABLE_NAME`,
      values,
    )),
  ];
}

const neighbour = (alias: string) =>
  `${alias}.TRIGGER_SCHEMA = t.TRIGGER_SCHEMA AND ${alias}.EVENT_OBJECT_TABLE = t.EVENT_OBJECT_TABLE
         AND ${alias}.ACTION_TIMING = t.ACTION_TIMING AND ${alias}.EVENT_MANIPULATION = t.EVENT_MANIPULATION`;
