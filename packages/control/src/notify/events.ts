/** What an event of the record tells whom. Most tell nobody anything: people hear of what they wait for or must know. */
import { grantId, groupName, personName, requestId, resourceName, roleName } from '@tidegate/contract';
import type { AccessRequest, AuditEntry, PersonName } from '@tidegate/core';
import { z } from 'zod';
import { readRequest } from '../access/rows.ts';
import { loadPeopleAmong } from '../identity/people.ts';
import type { Reader } from '../store/schema.ts';
import type { Notice } from './notice.ts';
import { reviewersNow } from './reviewers.ts';

/** What events of requests and grants have in common (`access/events.ts`); other members are read where they are needed. */
const about = z.object({
  person: personName,
  request: requestId,
  grant: grantId.optional(),
  resource: resourceName,
  role: roleName,
});
type About = z.infer<typeof about>;

type Told = Pick<Notice, 'to' | 'text'> & Partial<Pick<Notice, 'kind'>>;
type Teller = (db: Reader, of: About, data: unknown, now: Temporal.Instant) => Promise<Told | null>;

/** `reader on orders`. */
const what = ({ role, resource }: About): string => `${role} on ${resource}`;
const toThem = ({ person }: About, text: string): Told => ({ to: [person], text });
const comment = z.object({
  comment: z.string().nullable().optional(),
  why: z.string().optional(),
  by: personName.nullable().optional(),
});

const wanted: Teller = async (db, of, _, now) => {
  const { request } = await readRequest(db, of.request);
  if (request.state !== 'pending') return null;
  const text = `${of.person} asks for ${what(of)}: ${request.reason}`;
  return { kind: 'review.wanted', to: await reviewersNow(db, request, now), text };
};

/** By the event's kind. */
const TELLERS: Readonly<Record<string, Teller>> = {
  'request.created': wanted,
  'request.reviewed': async (db, of, data, now) => {
    const { request } = await readRequest(db, of.request);
    const said = comment.parse(data);
    const because = said.comment ? `: ${said.comment}` : '.';
    if (request.state === 'denied') return toThem(of, `${said.by} denied your request for ${what(of)}${because}`);
    if (request.state === 'approved') return toThem(of, `Your request for ${what(of)} is approved.`);
    return wanted(db, of, data, now);
  },
  'request.redecided': async (db, of, data) => {
    const { request } = await readRequest(db, of.request);
    const { why = '' } = comment.parse(data);
    return {
      to: [of.person, ...reviewersBefore(request)],
      text: `The request of ${of.person} for ${what(of)}: ${why}`,
    };
  },
  'request.lapsed': async (_, of) => toThem(of, `Nobody decided on your request for ${what(of)} in time.`),
  'grant.opened': async (_, of) => toThem(of, `Your access is open: ${what(of)}.`),
  'grant.extended': async (_, of) => toThem(of, `Your access goes on: ${what(of)}.`),
  'grant.closing': async (_, of, data) => {
    const { by, comment: because } = comment.parse(data);
    const { reason } = z.object({ reason: z.string() }).parse(data);
    if (reason === 'revoked') return toThem(of, `${by} took your access away (${what(of)}): ${because ?? ''}`);
    return reason === 'failed' ? toThem(of, `Your access could not be opened (${what(of)}): ${because ?? ''}`) : null;
  },
  'window.skipped': async (_, of, data) =>
    toThem(of, `A window of ${what(of)} stays shut: ${comment.parse(data).why ?? ''}`),
  'break_glass.used': async (db, of, data) => {
    const { notify, reason } = z
      .object({ reason: z.string(), notify: z.object({ groups: z.array(groupName), people: z.array(personName) }) })
      .parse(data);
    const people = await loadPeopleAmong(db, notify);
    const to = people.map(({ name }) => name).filter((name) => name !== of.person);
    return { to, text: `${of.person} broke the glass: ${what(of)}, because: ${reason}` };
  },
};

const reviewersBefore = ({ reviews }: AccessRequest): PersonName[] => reviews.map(({ reviewer }) => reviewer);

/** null: nobody is told of it. */
export async function noticeOf(db: Reader, entry: AuditEntry, now: Temporal.Instant): Promise<Notice | null> {
  const teller = TELLERS[entry.kind];
  const of = about.safeParse(entry.data);
  if (teller === undefined || !of.success) return null;
  const told = await teller(db, of.data, entry.data, now);
  if (told === null) return null;
  const { request, grant = null } = of.data;
  return { kind: entry.kind, ...told, once: `event ${entry.seq}`, at: Temporal.Instant.from(entry.at), request, grant };
}
