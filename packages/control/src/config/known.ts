/** What the store knows of people, beside what a configuration says. */
import { sql } from 'kysely';
import type { Reader } from '../store/schema.ts';
import { type KnownText, NOTHING_KNOWN_TEXT } from './checking/known-text.ts';

export async function readKnown(db: Reader): Promise<KnownText> {
  const { rows } = await sql<{ known: KnownText }>`
    SELECT json_build_object(
      'members', coalesce((
        SELECT json_object_agg(group_name, members)
        FROM (
          SELECT group_name, json_agg(person) AS members FROM group_members WHERE source <> 'config' GROUP BY group_name
        ) AS groups), '{}'),
      'disabled', coalesce((SELECT json_agg(name) FROM people WHERE disabled_at IS NOT NULL), '[]')
    )::text AS known`.execute(db);
  return rows[0]?.known ?? NOTHING_KNOWN_TEXT;
}
