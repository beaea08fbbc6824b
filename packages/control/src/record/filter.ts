/** Which entries are meant: one place for what the list and the export can be asked for. */
import type { AuditQuery } from '@tidegate/contract';
import type { StreamId } from '@tidegate/core';
import { sql } from 'kysely';
import type { Reader } from '../store/schema.ts';

/** A query over the entries that `filter` matches; what is left out matches everything. */
export function matching(db: Reader, { stream, grant, session, person, kind, since, until }: AuditQuery) {
  let query = db.selectFrom('entries');
  if (stream !== undefined) query = query.where('stream', '=', plain<StreamId>(stream));
  if (grant !== undefined) query = query.where('grant', '=', plain(grant));
  if (session !== undefined) query = query.where('session', '=', plain(session));
  if (person !== undefined) query = query.where('person', '=', plain(person));
  if (kind !== undefined) query = query.where('kind', '=', plain(kind));
  if (since !== undefined) query = query.where('at', '>=', Temporal.Instant.from(since));
  if (until !== undefined) query = query.where('at', '<', Temporal.Instant.from(until));
  return query;
}

/** As a filter has it: ids that come from outside are texts until something is found by them. */
const plain = <T = string>(text: string) => sql<T>`${text}`;
