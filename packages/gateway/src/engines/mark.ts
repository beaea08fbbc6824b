/**
 * The mark: JSON on every principal (a comment, an attribute, an extended property), so that what was left behind is found
 * in the database itself, with no store at all (DESIGN, Processes: reconcile). Only who may administer the principal can
 * write it.
 */
import { grantId, instant, personName, resourceName } from '@tidegate/contract';
import { z } from 'zod';
import type { Mark } from './provisioner.ts';

const shape = z.object({
  tidegate: z.literal(1),
  grant: grantId,
  person: personName,
  resource: resourceName,
  privileges: z.enum(['read', 'write', 'own', 'lines']),
  since: instant.nullable(),
  until: instant.nullable(),
});

/** For `LIKE`: what a mark of ours begins with. */
export const MARK_PATTERN = '{"tidegate":%';

export function formatMark(mark: Omit<Mark, 'loginName'>): string {
  return JSON.stringify({
    tidegate: 1,
    grant: mark.grant,
    person: mark.person,
    resource: mark.resource,
    privileges: mark.privileges,
    since: mark.since?.toString() ?? null,
    until: mark.until?.toString() ?? null,
  });
}

/** null: not a mark of ours. The user is then nobody's business here. */
export function parseMark(loginName: string, comment: string | null): Mark | null {
  if (comment === null || !comment.startsWith('{')) return null;
  const parsed = shape.safeParse(json(comment));
  if (!parsed.success) return null;
  const { grant, person, resource, privileges, since, until } = parsed.data;
  return { grant, person, resource, privileges, since: asInstant(since), until: asInstant(until), loginName };
}

const asInstant = (text: string | null) => (text === null ? null : Temporal.Instant.from(text));

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null; // somebody's own comment that begins with a brace
    throw error;
  }
}
