/**
 * From an active grant to a way in: a ticket, handed out only once a gateway lets it in. Read `connect` downwards; each
 * line is one check or one step, and every doubt ends in a refusal (promise 1).
 */
import type { Connection } from '@tidegate/contract';
import {
  type GrantId,
  homeOf,
  newTicketId,
  type ResourceName,
  type RoleName,
  randomText,
  reached,
  type TicketId,
  TidegateError,
} from '@tidegate/core';
import { currentConfig } from '../config/current.ts';
import type { Context } from '../context.ts';
import type { Caller } from '../identity/caller.ts';
import { assertFreshMfa } from '../identity/mfa.ts';
import { loadPerson } from '../identity/people.ts';
import type { TicketPlace, WaitForTicket } from '../link/tickets.ts';
import { appendEvent } from '../record/events.ts';
import { recorded } from '../refusals.ts';
import type { Tx } from '../store/schema.ts';
import type { GrantRow } from '../store/schema-access.ts';
import { notify, STATE_CHANNEL } from '../store/store.ts';
import { resourceNamed } from './in-force.ts';
import { whileOpening } from './opening.ts';
import { givenOf, readGrantRow } from './rows.ts';
import { revokeIssued } from './tickets.ts';
import { verifierOf } from './verifier.ts';

/** 26 characters of 5 bits: 130 random bits, and nothing that SASLprep or a shell would touch. */
const TICKET_LENGTH = 26;
/** Live tickets a grant may have. A login's proof is held against each (some 5 µs apiece), so there is an end to them. */
const TICKETS_MAX = 100;
/** A gateway that has not taken a ticket by then is not there. */
const GATEWAY_TIMEOUT_MS = 10_000;

export interface Wanted {
  readonly resource: ResourceName;
  readonly grant: GrantId | null;
  readonly role: RoleName | null;
  /** null: the resource's first, or the first that the grant is for. */
  readonly database: string | null;
}

/**
 * Issues a ticket for the caller's own active grant and waits until a gateway lets it in. Throws `no_active_grant`,
 * `mfa_required`, `too_many_tickets`, `invalid_input` (no such database), `gateway_unavailable`.
 */
export async function connect(
  context: Context & { readonly waitForTicket: WaitForTicket },
  caller: Caller,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<Connection> {
  await whileOpening(context, { person: caller.name, ...wanted }, signal);
  const tried = { person: caller.name, resource: wanted.resource, grant: wanted.grant };
  const issued = await recorded(context, { kind: 'ticket.refused', data: tried }, () =>
    context.store.transaction(async (tx) => {
      await loadPerson(tx, caller.name);
      const now = context.now();
      const asked = await databaseOf(tx, wanted);
      const { grant, expiresAt } = await findOwnGrant(tx, caller, wanted, now);
      const database = wanted.database ?? (await homeIn(tx, wanted, grant.id)) ?? asked;
      await assertMfa(tx, caller, grant, now);
      await assertRoomForTicket(tx, grant.id);
      const ticket = newTicketId(context.random);
      const password = randomText(context.random, TICKET_LENGTH);
      await insertTicket(tx, ticket, grant, password, now);
      const data = { person: caller.name, grant: grant.id, ticket, resource: grant.resource, database };
      await appendEvent(tx, { kind: 'ticket.issued', at: now, data: { ...data, address: caller.address } });
      return { grant, expiresAt, ticket, password, database };
    }),
  );
  const place = await placeOf(context, caller, issued.grant.id, issued.ticket, signal);
  return {
    grant: issued.grant.id,
    ticket: issued.ticket,
    engine: issued.grant.engine,
    gateway: place.name,
    host: place.host,
    port: place.port,
    user: issued.grant.loginName,
    password: issued.password,
    database: issued.database,
    ca: place.ca,
    tlsRequired: place.tlsRequired,
    expiresAt: issued.expiresAt.toString(),
  };
}

/** Where a connection begins that names no database: the first that the grant is for. */
async function homeIn(tx: Tx, { resource }: Wanted, id: GrantId): Promise<string | undefined> {
  const { databases, engine } = resourceNamed(await currentConfig(tx), resource);
  return homeOf(givenOf(await readGrantRow(tx, id)), engine, databases);
}

async function databaseOf(tx: Tx, { resource, database }: Wanted): Promise<string> {
  const { databases } = resourceNamed(await currentConfig(tx), resource);
  const wanted = database ?? databases[0];
  if (wanted !== undefined && databases.includes(wanted)) return wanted;
  throw new TidegateError(
    'invalid_input',
    `The resource ${resource} has no database ${database ?? ''}.`,
    `It has: ${databases.join(', ')}.`,
  );
}

/**
 * The grant that is meant, locked: where several fit, the one asked for last, which is what somebody who has just been
 * approved has in mind. Grants of others are not looked at, so they cannot be told apart from none.
 */
async function findOwnGrant(
  tx: Tx,
  caller: Caller,
  wanted: Wanted,
  now: Temporal.Instant,
): Promise<{ grant: GrantRow; expiresAt: Temporal.Instant }> {
  const rows = await tx
    .selectFrom('grants')
    .selectAll()
    .where('person', '=', caller.name)
    .where('resource', '=', wanted.resource)
    .where('state', '!=', 'closed')
    .orderBy('createdAt', 'desc')
    .forUpdate()
    .execute();
  const meant = rows.filter(({ id, role }) => (wanted.grant ?? id) === id && (wanted.role ?? role) === role);
  const newest = meant.find((grant) => isOpen(grant, now) || isDue(grant, now));
  // One that should be open and is not is no reason to take an older one: it may be for more, or less, than was asked.
  if (newest === undefined || newest.expiresAt === null)
    throw noneActive(wanted, newest === undefined ? meant : [newest]);
  return { grant: newest, expiresAt: newest.expiresAt };
}

const isOpen = ({ state, expiresAt }: GrantRow, now: Temporal.Instant): boolean =>
  state === 'active' && expiresAt !== null && !reached(expiresAt, now);
const isDue = ({ state, notBefore }: GrantRow, now: Temporal.Instant): boolean =>
  state === 'scheduled' && (notBefore === null || reached(notBefore, now));

function noneActive({ resource }: Wanted, meant: readonly GrantRow[]): TidegateError {
  const [waiting] = meant.filter(({ state }) => state === 'scheduled');
  if (waiting === undefined) {
    return new TidegateError(
      'no_active_grant',
      `You have no open grant on ${resource}.`,
      `Ask for one: tidegate request ${resource} --role … --for … --reason "…".`,
    );
  }
  const why = waiting.problem === null ? '' : ` So far: ${waiting.problem}`;
  const next = waiting.notBefore === null ? 'Try again in a moment.' : `It opens at ${waiting.notBefore.toString()}.`;
  return new TidegateError('no_active_grant', `Your grant ${waiting.id} on ${resource} is not open yet.${why}`, next);
}

async function assertMfa(tx: Tx, caller: Caller, grant: GrantRow, now: Temporal.Instant): Promise<void> {
  const { mfa } = await tx
    .selectFrom('requests')
    .select('mfa')
    .where('id', '=', grant.request)
    .executeTakeFirstOrThrow();
  assertFreshMfa(mfa, 'connect', caller, now);
}

/** The grant's row is locked: two calls at once cannot both take the last place. */
async function assertRoomForTicket(tx: Tx, grant: GrantId): Promise<void> {
  const live = await tx
    .selectFrom('tickets')
    .select('id')
    .where('grant', '=', grant)
    .where('revokedAt', 'is', null)
    .limit(TICKETS_MAX)
    .execute();
  if (live.length < TICKETS_MAX) return;
  throw new TidegateError(
    'too_many_tickets',
    `Your grant ${grant} has ${TICKETS_MAX} tickets already.`,
    'End a client that was started with tidegate connect, or ask for a new grant.',
  );
}

async function insertTicket(tx: Tx, id: TicketId, grant: GrantRow, password: string, now: Temporal.Instant) {
  const verifier = await verifierOf(password, grant.scramSalt, grant.scramIterations, grant.engine);
  await tx
    .insertInto('tickets')
    .values({ id, grant: grant.id, ...verifier, createdAt: now, revokedAt: null })
    .execute();
  await notify(tx, STATE_CHANNEL, grant.resource);
}

/** Waits for a gateway. A ticket nobody gets to see is worthless at once. */
async function placeOf(
  context: Context & { readonly waitForTicket: WaitForTicket },
  caller: Caller,
  grant: GrantId,
  ticket: TicketId,
  signal: AbortSignal,
): Promise<TicketPlace> {
  try {
    return await context.waitForTicket(ticket, { timeoutMs: GATEWAY_TIMEOUT_MS, signal });
  } catch (error) {
    await revokeIssued(context, grant, ticket, caller.name, 'no gateway took it');
    throw error;
  }
}
