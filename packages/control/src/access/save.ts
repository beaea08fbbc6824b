/** How requests and grants are written. Everything that changes one goes through here, and is announced here. */
import { randomBytes } from 'node:crypto';
import type { AccessRequest, Allowed, Engine, Given, Grant } from '@tidegate/core';
import { type ActiveGrant, type ClosedGrant, type ClosingGrant, durationText, randomText } from '@tidegate/core';
import type { Context } from '../context.ts';
import { announce } from '../store/announce.ts';
import type { Tx } from '../store/schema.ts';

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
): Promise<void> {
  const { reviews: _, steps, only, ...rest } = request;
  await tx
    .insertInto('requests')
    .values({
      ...rest,
      why,
      only: only === null ? null : JSON.stringify(only),
      steps: JSON.stringify(steps),
      mfa: JSON.stringify({ at: mfa.at, within: durationText(mfa.within) }),
      decidedAt: request.state === 'pending' ? null : request.createdAt,
    })
    .execute();
  await announce(tx, request.resource, { request: request.id });
}

/** Takes over the request's new state, and the review that brought it about. */
export async function saveDecision(tx: Tx, before: AccessRequest, after: AccessRequest, now: Temporal.Instant) {
  for (const { reviewer, step, decision, comment, at } of after.reviews.slice(before.reviews.length)) {
    await tx
      .insertInto('reviews')
      .values({ request: after.id, requester: after.requester, reviewer, step, decision, comment, at })
      .execute();
  }
  if (after.state !== before.state) {
    await tx.updateTable('requests').set({ state: after.state, decidedAt: now }).where('id', '=', after.id).execute();
  }
  await announce(tx, after.resource, { request: after.id });
}

export interface GrantOf {
  readonly engine: Engine;
  /** What the role gives just now, narrowed as was asked: what was agreed to. */
  readonly given: Given;
  readonly now: Temporal.Instant;
}

/** With salt and principal password of its own. */
export async function insertGrant({ sealer, random }: Context, tx: Tx, grant: Grant, of: GrantOf): Promise<void> {
  const { id, request, person, resource, role, loginName, duration, notBefore, openBy, state } = grant;
  await tx
    .insertInto('grants')
    .values({
      id,
      request,
      person,
      resource,
      role,
      engine: of.engine,
      ...givenColumns(of.given),
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

const givenColumns = (given: Given) =>
  'level' in given
    ? { privileges: given.level, lines: null }
    : { privileges: 'lines' as const, lines: JSON.stringify(given.lines) };

/** The clock has started, or its end has moved. */
export async function saveActive(tx: Tx, grant: ActiveGrant): Promise<void> {
  const { id, state, startsAt, expiresAt, resource } = grant;
  await tx.updateTable('grants').set({ state, startsAt, expiresAt, problem: null }).where('id', '=', id).execute();
  await announce(tx, resource, { grant: id });
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
