/**
 * Whoever is removed at the provider loses what they have here within minutes: their refresh token is used every
 * `recheckEvery`, and a provider that no longer takes it says so by that. Groups are read anew each time. A provider that
 * can't be reached says nothing about anybody: logins go on, to their own end at most.
 *
 * Any control plane does it: a session is taken by moving its next check on, so that two never use one token at once.
 */

import type { Selectable } from 'kysely';
import { sql } from 'kysely';
import * as openid from 'openid-client';
import { currentConfig } from '../../config/current.ts';
import type { Context } from '../../context.ts';
import { appendEvent } from '../../record/events.ts';
import type { ProviderSessionsTable } from '../../store/schema-oidc.ts';
import { identityOf } from './claims.ts';
import { endIdentity, endSessions } from './end.ts';
import { ClientRefused, ProviderUnavailable } from './fetch.ts';
import { meansGone } from './gone.ts';
import { mapGroups } from './groups.ts';
import { forgetProvider, openProvider, type Provider } from './provider.ts';
import { DeniedByProvider, meaningOf, RefusedToken } from './refused.ts';
import { CHECK_WITHIN, nextCheck, purposeOf } from './session.ts';
import { readTokens, type Shown } from './tokens.ts';

type Session = Selectable<ProviderSessionsTable>;

const AT_ONCE = 16;
/** After a check that found nothing out; sooner than `recheckEvery` where that is long. */
const AGAIN = Temporal.Duration.from({ minutes: 1 });
/** One run ends before the next begins. */
const RUN_MS = 45_000;

/** Checks what is due, until nothing is. */
export async function recheckSessions(context: Context): Promise<void> {
  await forgetIdle(context);
  const until = performance.now() + RUN_MS;
  for (;;) {
    const due = await takeDue(context);
    await Promise.all(due.map((session) => recheck(context, session)));
    if (due.length < AT_ONCE || performance.now() > until) return;
  }
}

async function takeDue({ store, now }: Context): Promise<readonly Session[]> {
  const at = now();
  return store.transaction((tx) =>
    tx
      .updateTable('providerSessions')
      .set({ nextCheckAt: at.add(CHECK_WITHIN) })
      .where('id', 'in', (eb) =>
        eb
          .selectFrom('providerSessions')
          .select('id')
          .where('nextCheckAt', '<=', at)
          .orderBy('nextCheckAt')
          .limit(AT_ONCE)
          .forUpdate()
          .skipLocked(),
      )
      .returningAll()
      .execute(),
  );
}

/** Never throws: one session's trouble is not the others'. */
async function recheck(context: Context, session: Session): Promise<void> {
  try {
    const { identityProviders } = await currentConfig(context.store.db);
    const settings = identityProviders.find(({ name }) => name === session.provider);
    if (settings === undefined) return await signOut(context, session, 'its identity provider is no longer configured');
    const provider = await openProvider(context, session.provider);
    const shown = await ask(context, provider, session);
    await goOn(context, provider, session, shown);
  } catch (error) {
    await settle(context, session, error).catch((also: unknown) =>
      context.log.error({ err: also, session: session.id }, 'a check at an identity provider could not be settled'),
    );
  }
}

/** Throws `DeniedByProvider`, `RefusedToken`, `ProviderUnavailable`. */
async function ask(context: Context, provider: Provider, session: Session): Promise<Shown> {
  const { id, refreshToken } = session;
  if (refreshToken === null) throw new ProviderUnavailable('there is no refresh token');
  try {
    const opened = context.sealer.open(refreshToken, purposeOf(id));
    const tokens = await openid.refreshTokenGrant(provider.client, opened);
    // The old one may be dead from here on, whatever else is wrong with the answer.
    if (tokens.refresh_token !== undefined) {
      const sealed = context.sealer.seal(tokens.refresh_token, purposeOf(id));
      const { db } = context.store;
      await db.updateTable('providerSessions').set({ refreshToken: sealed }).where('id', '=', id).execute();
    }
    const shown = await readTokens(provider, tokens);
    const key = identityOf(provider.settings, shown.claims);
    // OpenID Connect Core 12.2: the same issuer and subject as before.
    if (key.issuer !== session.issuer || key.subject !== session.subject)
      throw new RefusedToken('it is somebody else’s');
    return shown;
  } catch (error) {
    throw meaningOf(error);
  }
}

async function goOn(context: Context, { settings }: Provider, session: Session, { groups }: Shown): Promise<void> {
  await context.store.transaction(async (tx) => {
    const at = context.now();
    await tx
      .updateTable('providerSessions')
      .set({ checkedAt: at, nextCheckAt: nextCheck(settings, at), problem: null })
      .where('id', '=', session.id)
      .execute();
    const { person } = await tx
      .updateTable('identities')
      .set({ groups: [...groups], lastSeenAt: at })
      .where('issuer', '=', session.issuer)
      .where('subject', '=', session.subject)
      .returning('person')
      .executeTakeFirstOrThrow();
    await appendEvent(tx, ...(await mapGroups(tx, await currentConfig(tx), person, at)));
  });
}

/** What an answer that was none, or a no, means for the person. */
async function settle(context: Context, session: Session, error: unknown): Promise<void> {
  if (error instanceof DeniedByProvider) return refused(context, session, error);
  if (error instanceof ClientRefused) forgetProvider(session.provider);
  const why = error instanceof RefusedToken ? error.why : error instanceof Error ? error.message : String(error);
  context.log.warn(
    { err: error, provider: session.provider, session: session.id },
    'an identity provider could not be asked',
  );
  const { db } = context.store;
  const nextCheckAt = context.now().add(AGAIN);
  await db.updateTable('providerSessions').set({ nextCheckAt, problem: why }).where('id', '=', session.id).execute();
}

async function refused(context: Context, session: Session, denied: DeniedByProvider): Promise<void> {
  await context.store.transaction(async (tx) => {
    const at = context.now();
    const config = await currentConfig(tx);
    const settings = config.identityProviders.find(({ name }) => name === session.provider);
    const why = `the identity provider ${session.provider} no longer lets them in (${denied.why})`;
    const events =
      settings === undefined || meansGone(settings, denied)
        ? await endIdentity(tx, config, session, { why, at })
        : await endSessions(tx, [session.id], why, at);
    await appendEvent(tx, ...events);
  });
}

async function signOut(context: Context, session: Session, why: string): Promise<void> {
  await context.store.transaction(async (tx) => {
    await appendEvent(tx, ...(await endSessions(tx, [session.id], why, context.now())));
  });
}

/**
 * Who signed out here is asked about for as long as something of theirs is open, unless another sign-in of theirs is
 * asked about anyway; after that their refresh token is forgotten.
 */
async function forgetIdle({ store }: Context): Promise<void> {
  await store.db
    .deleteFrom('providerSessions as session')
    .where('session.login', 'is', null)
    .where((eb) =>
      eb.or([
        eb('session.nextCheckAt', 'is', null),
        eb.exists(
          eb
            .selectFrom('providerSessions as other')
            .select(sql`1`.as('one'))
            .whereRef('other.issuer', '=', 'session.issuer')
            .whereRef('other.subject', '=', 'session.subject')
            .whereRef('other.id', '!=', 'session.id')
            .where('other.nextCheckAt', 'is not', null)
            .where((or) =>
              or.or([or('other.login', 'is not', null), or('other.createdAt', '>', or.ref('session.createdAt'))]),
            ),
        ),
        eb
          .not(
            eb.exists(
              eb
                .selectFrom('identities')
                .innerJoin('grants', 'grants.person', 'identities.person')
                .select(sql`1`.as('one'))
                .whereRef('identities.issuer', '=', 'session.issuer')
                .whereRef('identities.subject', '=', 'session.subject')
                .where('grants.state', 'in', ['scheduled', 'active']),
            ),
          )
          .and(
            eb.not(
              eb.exists(
                eb
                  .selectFrom('identities')
                  .innerJoin('requests', 'requests.requester', 'identities.person')
                  .select(sql`1`.as('one'))
                  .whereRef('identities.issuer', '=', 'session.issuer')
                  .whereRef('identities.subject', '=', 'session.subject')
                  .where('requests.state', '=', 'pending'),
              ),
            ),
          ),
      ]),
    )
    .execute();
}
