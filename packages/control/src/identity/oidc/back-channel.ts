/**
 * OpenID Connect Back-Channel Logout 1.0: the provider itself tells that a session there is over. Its logins end at once,
 * and the provider is asked at the next look whether the person may still come in: a logout that was a removal takes
 * their grants too, a mere logout leaves them.
 */
import { jwtVerify } from 'jose';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { appendEvent, type ControlEvent } from '../../record/events.ts';
import type { Tx } from '../../store/schema.ts';
import { explain } from './explain.ts';
import { CLOCK_TOLERANCE_S, openProvider, type Provider } from './provider.ts';
import { meaningOf, RefusedToken } from './refused.ts';
import { ALGORITHMS } from './tokens.ts';
import { digestOf } from './under-way.ts';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
/** The provider sends it when it happens; a token that is older was kept by somebody. Seconds. */
const OLDEST_S = 300;

/** Section 2.4, and 2.6: what must be there, and what must not. */
const logoutToken = z.looseObject({
  jti: z.string().min(1).max(255),
  sub: z.string().min(1).max(255).optional(),
  sid: z.string().min(1).max(512).optional(),
  events: z.looseObject({ [EVENT]: z.looseObject({}) }),
  nonce: z.never().optional(),
});
type LogoutToken = z.infer<typeof logoutToken>;

/** Ends what the token says. Throws `login_failed` (refused, and on the record), `not_found`, `unavailable`. */
export async function backChannelLogout(context: Context, name: string, token: string, address: string): Promise<void> {
  const provider = await openProvider(context, name);
  try {
    const told = await read(provider, token);
    await context.store.transaction(async (tx) => {
      const at = context.now();
      await once(tx, provider, told, at);
      await appendEvent(tx, ...(await endLoginsOf(tx, provider, told, at)));
    });
  } catch (error) {
    throw await explain(context, { provider: name }, address, error);
  }
}

async function read({ settings, keys }: Provider, token: string): Promise<LogoutToken> {
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer: settings.issuer,
      audience: settings.clientId,
      algorithms: ALGORITHMS,
      clockTolerance: CLOCK_TOLERANCE_S,
      maxTokenAge: OLDEST_S,
      requiredClaims: ['iat', 'jti', 'events'],
    });
    const parsed = logoutToken.safeParse(payload);
    if (!parsed.success) {
      throw new RefusedToken(`a logout token’s “${parsed.error.issues[0]?.path.join('.')}” is not as it must be`);
    }
    if (parsed.data.sub === undefined && parsed.data.sid === undefined) {
      throw new RefusedToken('a logout token names neither a person nor a session');
    }
    return parsed.data;
  } catch (error) {
    throw meaningOf(error);
  }
}

/** Its id is kept until it would be too old anyway. */
async function once(tx: Tx, { settings }: Provider, { jti }: LogoutToken, at: Temporal.Instant): Promise<void> {
  const made = await tx
    .insertInto('logoutTokens')
    .values({
      issuer: settings.issuer,
      id: digestOf(jti),
      expiresAt: at.add({ seconds: OLDEST_S + 2 * CLOCK_TOLERANCE_S }),
    })
    .onConflict((on) => on.doNothing())
    .returning('issuer')
    .executeTakeFirst();
  if (made === undefined) throw new RefusedToken('a logout token that came before');
}

/** Of the session it names; without one, of all of the person's. What is kept to ask with is used at the next look. */
async function endLoginsOf(
  tx: Tx,
  { settings }: Provider,
  { sub, sid }: LogoutToken,
  at: Temporal.Instant,
): Promise<ControlEvent[]> {
  const sessions = await tx
    .selectFrom('providerSessions')
    .select(['id', 'login'])
    .where('provider', '=', settings.name)
    .$if(sub !== undefined, (query) => query.where('tokenSubject', '=', sub ?? ''))
    .$if(sid !== undefined, (query) => query.where('sid', '=', sid ?? ''))
    .forUpdate()
    .execute();
  if (sessions.length === 0) return [];
  const ids = sessions.map(({ id }) => id);
  await tx
    .updateTable('providerSessions')
    .set({ nextCheckAt: at })
    .where('id', 'in', ids)
    .where('refreshToken', 'is not', null)
    .execute();
  const logins = sessions.flatMap(({ login }) => (login === null ? [] : [login]));
  if (logins.length === 0) return [];
  const ended = await tx
    .deleteFrom('logins')
    .where('id', 'in', logins)
    .returning(['id', 'person', 'address'])
    .execute();
  const why = `signed out at the identity provider ${settings.name}`;
  return ended.map(({ id, person, address }) => ({
    kind: 'login.ended',
    at,
    data: { person, address, login: id, why },
  }));
}
