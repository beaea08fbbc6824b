/** What an event of the record tells whom. Most tell nobody anything: people hear of what they wait for or must know. */
import { grantId, groupName, personName, requestId, resourceName, roleName } from '@tidegate/contract';
import type { AccessRequest, AuditEntry, PersonName, RequestId } from '@tidegate/core';
import { z } from 'zod';
import { noSuchRequest, readRequests } from '../access/rows.ts';
import { loadPeopleAmong } from '../identity/people.ts';
import type { Reader } from '../store/schema.ts';
import type { Notice } from './notice.ts';
import { Reviewers } from './reviewers.ts';
import { standInTold } from './stand-ins.ts';

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
type Teller = (reading: Reading, of: About, data: unknown) => Promise<Told | null>;

/** What tellers read by, for many events at one moment. */
export interface Reading {
  readonly db: Reader;
  readonly reviewers: Reviewers;
  /** As it is now. */
  readonly request: (id: RequestId) => AccessRequest;
}

/** `reader on orders`. */
const what = ({ role, resource }: About): string => `${role} on ${resource}`;
const toThem = ({ person }: About, text: string): Told => ({ to: [person], text });
const comment = z.object({
  comment: z.string().nullable().optional(),
  why: z.string().optional(),
  by: personName.nullable().optional(),
});

const wanted: Teller = async ({ reviewers, ...reading }, of) => {
  const request = reading.request(of.request);
  if (request.state !== 'pending') return null;
  const text = `${of.person} asks for ${what(of)}: ${request.reason}`;
  return { kind: 'review.wanted', to: await reviewers.of(request, request.reviews.length), text };
};

/** By the event's kind. */
const TELLERS: Readonly<Record<string, Teller>> = {
  'request.created': wanted,
  'request.reviewed': async (reading, of, data) => {
    const request = reading.request(of.request);
    const said = comment.parse(data);
    const because = said.comment ? `: ${said.comment}` : '.';
    if (request.state === 'denied') return toThem(of, `${said.by} denied your request for ${what(of)}${because}`);
    if (request.state === 'approved') return toThem(of, `Your request for ${what(of)} is approved.`);
    return wanted(reading, of, data);
  },
  'request.redecided': async (reading, of, data) => {
    const request = reading.request(of.request);
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
  'break_glass.used': async ({ db }, of, data) => {
    const { notify, reason } = z
      .object({ reason: z.string(), notify: z.object({ groups: z.array(groupName), people: z.array(personName) }) })
      .parse(data);
    const people = await loadPeopleAmong(db, notify);
    const to = people.map(({ name }) => name).filter((name) => name !== of.person);
    return { to, text: `${of.person} broke the glass: ${what(of)}, because: ${reason}` };
  },
};

const reviewersBefore = ({ reviews }: AccessRequest): PersonName[] => reviews.map(({ reviewer }) => reviewer);

/** Of these events, in order; of most nobody is told. */
export async function noticesOf(db: Reader, entries: readonly AuditEntry[], now: Temporal.Instant): Promise<Notice[]> {
  const told = entries.flatMap((entry) => {
    const teller = TELLERS[entry.kind];
    const of = about.safeParse(entry.data);
    return teller === undefined || !of.success ? [] : [{ entry, teller, of: of.data }];
  });
  const requests = await readRequests(
    db,
    told.map(({ of }) => of.request),
  );
  const request = (id: RequestId): AccessRequest => {
    const found = requests.get(id);
    if (found === undefined) throw noSuchRequest(id);
    return found;
  };
  const reading = { db, reviewers: new Reviewers(db, now), request };
  const notices: Notice[] = [];
  for (const { entry, teller, of } of told) {
    const said = await teller(reading, of, entry.data);
    if (said === null) continue;
    const at = Temporal.Instant.from(entry.at);
    const about = { once: `event ${entry.seq}`, at, request: of.request, grant: of.grant ?? null };
    notices.push({ kind: entry.kind, ...said, ...about });
  }
  return [...notices, ...entries.map(standInTold).filter((notice) => notice !== null)];
}
