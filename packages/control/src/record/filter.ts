/** Which entries are meant: one place for what the list and the export can be asked for. */
import type { AuditQuery } from '@tidegate/contract';
import type { ResourceName, StreamId } from '@tidegate/core';
import { sql } from 'kysely';
import type { Reader } from '../store/schema.ts';

export interface EntryFilter extends AuditQuery {
  /** Only what concerns these resources; undefined: everything. */
  readonly within?: readonly ResourceName[];
}

/** A query over the entries that `filter` matches; what is left out matches everything. */
export function matching(db: Reader, { stream, grant, session, person, kind, since, until, within }: EntryFilter) {
  let query = db.selectFrom('entries');
  if (stream !== undefined) query = query.where('stream', '=', plain<StreamId>(stream));
  if (grant !== undefined) query = query.where('grant', '=', plain(grant));
  if (session !== undefined) query = query.where('session', '=', plain(session));
  if (person !== undefined) query = query.where('person', '=', plain(person));
  if (kind !== undefined) query = query.where('kind', '=', plain(kind));
  if (since !== undefined) query = query.where('at', '>=', Temporal.Instant.from(since));
  if (until !== undefined) query = query.where('at', '<', Temporal.Instant.from(until));
  if (within !== undefined) query = query.where(about(within));
  return query;
}

/** As a filter has it: ids that come from outside are texts until something is found by them. */
const plain = <T = string>(text: string) => sql<T>`${text}`;

/**
 * What happened under a grant or in a session of these resources, or names one of them: canonical JSON writes a member in
 * one way, and no quote within a text is bare, so that it is found by its text.
 */
const about = (resources: readonly ResourceName[]) => sql<boolean>`(
  entries."grant" IN (SELECT g.id FROM grants g WHERE g.resource = ANY (${[...resources]}::text[]))
  OR entries.session IN (
    SELECT s.id FROM db_sessions s JOIN grants g ON g.id = s."grant" WHERE g.resource = ANY (${[...resources]}::text[]))
  OR EXISTS (SELECT FROM unnest(${[...resources]}::text[]) AS one (name)
    WHERE strpos(entries.entry, '"resource":"' || one.name || '"') > 0))`;
