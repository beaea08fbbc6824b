/** How requests and grants are written. Everything that changes one goes through here, and is announced here. */
import { randomBytes } from 'node:crypto';
import type { AccessRequest, Allowed, Engine, Given, Grant } from '@tidegate/core';
import { type ActiveGrant, type ClosedGrant, type ClosingGrant, durationText, randomText } from '@tidegate/core';
import type { Context } from '../context.ts';
import { announce, announcement } from '../store/announce.ts';
import type { Tx } from '../store/schema.ts';
import type { MfaDemand } from '../store/schema-access.ts';
import { type RequestRow, storedSteps } from './rows.ts';

/** A grant's tickets are random: stretching them buys nothing, and costs each login (RFC 7677 asks for this at least). */
const SCRAM_ITERATIONS = 4096;
const SALT_BYTES = 16;
/** 32 characters of 5 bits. */
const PRINCIPAL_PASSWORD_LENGTH = 32;
/** Servers ask for upper and lower case, a digit and another character (SQL Server, MySQL's validate_password): one of each. */
const PRINCIPAL_PASSWORD_PREFIX = 'Tg1.';

export async function insertRequest(
  tx: Tx,
  request: AccessRequest,
  { why, mfa }: Pick<Allowed, 'why' | 'mfa'>,
): Promise<RequestRow> {
  const { reviews: _, steps, recurrence, only, ...rest } = request;
  const row = await tx
    .insertInto('requests')
    .values({
      ...rest,
      why,
      only: only === null ? null : JSON.stringify(only),
      steps: storedSteps(steps),
      recurrence: recurrence === null ? null : JSON.stringify({ ...recurrence, until: recurrence.until.toString() }),
      // Windows that nobody has to agree to are on their way at once.
      nextOpening: recurrence !== null && request.state === 'approved' ? request.startsAt : null,
      mfa: JSON.stringify({ at: mfa.at, within: durationText(mfa.within) }),
      decidedAt: request.state === 'pending' ? null : request.createdAt,
    })
    .returningAll()
    // Here and not in a statement of its own: this is what is asked for by the hundred.
    .returning(announcement({ request: request.id }).as('announced'))
    .executeTakeFirstOrThrow();
  return row;
}

/** Takes over the request's new state, and the review that brought it about. */
export async function saveDecision(tx: Tx, before: AccessRequest, after: AccessRequest, now: Temporal.Instant) {
  for (const given of after.reviews.slice(before.reviews.length)) {
    const { reviewer, onBehalfOf, round, step, fits, decision, duration, comment, at } = given;
    const of = { request: after.id, requester: after.requester };
    await tx
      .insertInto('reviews')
      .values({ ...of, reviewer, onBehalfOf, round, step, fits, decision, duration, comment, at })
      .execute();
  }
  if (after.state !== before.state) {
    await tx.updateTable('requests').set({ state: after.state, decidedAt: now }).where('id', '=', after.id).execute();
  }
  await announce(tx, after.resource, { request: after.id });
}

export interface NewDecision {
  readonly why: string;
  /** null: as it was. */
  readonly mfa: MfaDemand | null;
  /** Of the policy that decided. */
  readonly policyVersion: number;
  readonly now: Temporal.Instant;
}

/** Takes over what a changed policy makes of a pending request. */
export async function saveRedecided(tx: Tx, request: AccessRequest, { why, mfa, policyVersion, now }: NewDecision) {
  const { id, state, runBy, rule, steps, round, roundAt, lapsesAt } = request;
  await tx
    .updateTable('requests')
    .set({ runBy, rule, why, policyVersion, steps: storedSteps(steps), round, roundAt, lapsesAt, state })
    .$if(mfa !== null, (query) => query.set({ mfa: JSON.stringify(mfa) }))
    .$if(state !== 'pending', (query) => query.set({ decidedAt: now }))
    .where('id', '=', id)
    .execute();
  await announce(tx, request.resource, { request: request.id });
}

/** When the next of its windows opens; null: none does any more. */
export async function saveNextOpening(tx: Tx, { id, resource }: AccessRequest, at: Temporal.Instant | null) {
  await tx.updateTable('requests').set({ nextOpening: at }).where('id', '=', id).execute();
  await announce(tx, resource, { request: id });
}

export interface GrantOf {
  readonly engine: Engine;
  /** What was agreed to: what the role gives just now, narrowed as was asked. */
  readonly given: Given;
  /** Whether results may be saved; null: the resource says. */
  readonly mayExport: boolean | null;
  readonly now: Temporal.Instant;
}

/** With salt and principal password of its own. */
export async function insertGrant({ sealer, random }: Context, tx: Tx, grant: Grant, of: GrantOf): Promise<void> {
  const { id, request, opening, person, resource, role, loginName, duration, notBefore, openBy, state } = grant;
  await tx
    .insertInto('grants')
    .values({
      id,
      request,
      opening,
      person,
      resource,
      role,
      engine: of.engine,
      ...('level' in of.given
        ? { privileges: of.given.level, lines: null }
        : { privileges: 'lines' as const, lines: JSON.stringify(of.given.lines) }),
      mayExport: of.mayExport,
      loginName,
      duration,
      notBefore,
      openBy,
      state,
      createdAt: of.now,
      scramSalt: randomBytes(SALT_BYTES),
      scramIterations: SCRAM_ITERATIONS,
      principalPassword: sealer.seal(
        PRINCIPAL_PASSWORD_PREFIX + randomText(random, PRINCIPAL_PASSWORD_LENGTH),
        `principal/${id}`,
      ),
    })
    .execute();
  await announce(tx, resource, { grant: id });
}

/** The clock has started, or its end has moved. */
export async function saveActive(tx: Tx, grant: ActiveGrant): Promise<void> {
  const { id, state, startsAt, expiresAt, resource } = grant;
  await tx.updateTable('grants').set({ state, startsAt, expiresAt, problem: null }).where('id', '=', id).execute();
  await announce(tx, resource, { grant: id });
}

/** The word of the rule that gave it more time is the one that counts from now on. */
export async function saveMayExport(tx: Tx, { id }: ActiveGrant, mayExport: boolean | null): Promise<void> {
  await tx.updateTable('grants').set({ mayExport }).where('id', '=', id).execute();
}

export async function saveClosing(tx: Tx, { id, state, because, resource }: ClosingGrant, now: Temporal.Instant) {
  await tx
    .updateTable('grants')
    .set({
      state,
      closingAt: now,
      closeReason: because.reason,
      closedBy: because.by,
      closeComment: because.comment,
      problem: null,
    })
    .where('id', '=', id)
    .execute();
  await announce(tx, resource, { grant: id });
}

export async function saveClosed(tx: Tx, { id, state, closedAt, resource }: ClosedGrant): Promise<void> {
  await tx.updateTable('grants').set({ state, closedAt, problem: null }).where('id', '=', id).execute();
  await announce(tx, resource, { grant: id });
}
