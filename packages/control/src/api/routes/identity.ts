/** First set-up, signing in and out, oneself, logins. */
import { type Me, tidegateRole } from '@tidegate/contract';
import { ownedBy } from '../../access/show.ts';
import type { Context } from '../../context.ts';
import { mayMakeOwnKeys } from '../../identity/api-keys/keys.ts';
import type { Caller } from '../../identity/caller.ts';
import { changePassword } from '../../identity/change-password.ts';
import { factorsOf } from '../../identity/factors.ts';
import { endLogin, listLogins } from '../../identity/list-logins.ts';
import { logout } from '../../identity/logins.ts';
import { askPasskeyLogin, loginWithPasskey } from '../../identity/passkeys/show.ts';
import { isAdministrator, isAuditor } from '../../identity/permissions/may.ts';
import { isHad } from '../../identity/permissions/powers.ts';
import { setUp } from '../../identity/setup.ts';
import { type Client, login } from '../../identity/sign-in.ts';
import type { Browser } from '../browser.ts';
import { serve } from '../serve.ts';
import { signedIn } from '../signed-in.ts';
import { answerPage, pageFrom } from './page.ts';
import type { Routes } from './routes.ts';

const SETUP_BODY_LIMIT = 8 * 1024 * 1024;

export function identityRoutes(routes: Routes): void {
  const { context } = routes;
  serve(routes, 'setup', ({ body, address }) => setUp(context, { ...body, config: body.config ?? null }, address), {
    bodyLimit: SETUP_BODY_LIMIT,
  });
  serve(routes, 'login', async ({ body, browser, ...call }) =>
    signedIn(context, browser, await login(context, body, clientOf(call, browser, body.cookie))),
  );
  serve(routes, 'askPasskeyLogin', ({ address }) => askPasskeyLogin(context, address));
  serve(routes, 'loginWithPasskey', async ({ body, browser, ...call }) =>
    signedIn(context, browser, await loginWithPasskey(context, body, clientOf(call, browser, body.cookie))),
  );
  serve(routes, 'logout', async ({ caller, browser }) => {
    await logout(context, caller);
    if (caller.carriedBy === 'cookie') browser.forget();
  });
  serve(routes, 'me', ({ caller }) => showMe(context, caller));
  serve(routes, 'changePassword', ({ caller, body }) => changePassword(context, caller, body.current, body.password));

  serve(routes, 'myLogins', async ({ caller, query }) =>
    answerPage(await listLogins(context, caller, caller.name, pageFrom(query))),
  );
  serve(routes, 'endMyLogin', async ({ caller, params, browser }) => {
    await endLogin(context, caller, caller.name, params.id);
    if (caller.carriedBy === 'cookie' && params.id === caller.login) browser.forget();
  });
  serve(routes, 'loginsOf', async ({ caller, params, query }) =>
    answerPage(await listLogins(context, caller, params.name, pageFrom(query))),
  );
  serve(routes, 'endLoginOf', ({ caller, params }) => endLogin(context, caller, params.name, params.id));
}

/** Throws `forbidden` where a cookie is asked for, and not by a page of ours. */
function clientOf(call: Pick<Client, 'address' | 'userAgent'>, browser: Browser, cookie: boolean): Client {
  if (cookie) browser.assertOurs();
  return { address: call.address, userAgent: call.userAgent, kind: cookie ? 'cookie' : 'bearer' };
}

export async function showMe({ store }: Context, caller: Caller): Promise<Me> {
  return {
    name: caller.name,
    groups: [...caller.groups],
    administrator: isAdministrator(caller),
    auditor: isAuditor(caller),
    roles: rolesOf(caller),
    owns: [...(await ownedBy(store.db, caller))].sort(),
    mayMakeKeys: isAdministrator(caller) || (await mayMakeOwnKeys(store.db, caller)),
    mfa: await factorsOf(store.db, caller.name),
    session: {
      id: caller.login,
      how: caller.how,
      kind: caller.carriedBy,
      expiresAt: caller.loginExpiresAt.toString(),
      authTime: caller.authTime.toString(),
      mfaAt: caller.mfaAt?.toString() ?? null,
    },
  };
}

/** Tidegate's own roles that the caller has; what everybody has anyway is not told. */
function rolesOf({ powers }: Caller): Me['roles'] {
  return tidegateRole.options.flatMap((role) => {
    const reach = powers[role];
    if (role === 'user' || !isHad(reach)) return [];
    return [{ role, resources: reach === 'everything' ? null : [...reach].sort() }];
  });
}
