/** First set-up, signing in and out, oneself, second factors. */
import type { Me } from '@tidegate/contract';
import type { Context } from '../../context.ts';
import { type Caller, isAdministrator, isAuditor } from '../../identity/caller.ts';
import { changePassword } from '../../identity/change-password.ts';
import { logout } from '../../identity/logins.ts';
import { setUp } from '../../identity/setup.ts';
import { login } from '../../identity/sign-in.ts';
import { confirmTotp, enrolTotp, hasTotp, removeTotp, showCode } from '../../identity/totp.ts';
import { serve } from '../serve.ts';
import { signedIn } from '../signed-in.ts';
import type { Routes } from './routes.ts';

const SETUP_BODY_LIMIT = 8 * 1024 * 1024;

export function identityRoutes(routes: Routes): void {
  const { context } = routes;
  serve(routes, 'setup', ({ body, address }) => setUp(context, { ...body, config: body.config ?? null }, address), {
    bodyLimit: SETUP_BODY_LIMIT,
  });
  serve(routes, 'login', async ({ body, address, userAgent, browser }) => {
    if (body.cookie) browser.assertOurs();
    const kind = body.cookie ? 'cookie' : 'bearer';
    return signedIn(context, browser, await login(context, body, { address, userAgent, kind }));
  });
  serve(routes, 'logout', async ({ caller, browser }) => {
    await logout(context, caller);
    if (caller.carriedBy === 'cookie') browser.forget();
  });
  serve(routes, 'me', ({ caller }) => showMe(context, caller));
  serve(routes, 'changePassword', ({ caller, body }) => changePassword(context, caller, body.current, body.password));
  serve(routes, 'enrolTotp', ({ caller, body }) => enrolTotp(context, caller, body.password));
  serve(routes, 'confirmTotp', async ({ caller, body }) =>
    showMe(context, await confirmTotp(context, caller, body.code)),
  );
  serve(routes, 'verifyTotp', async ({ caller, body }) => showMe(context, await showCode(context, caller, body.code)));
  serve(routes, 'removeTotp', ({ caller }) => removeTotp(context, caller));
}

async function showMe({ store }: Context, caller: Caller): Promise<Me> {
  return {
    name: caller.name,
    groups: [...caller.groups],
    administrator: isAdministrator(caller),
    auditor: isAuditor(caller),
    mfa: { totp: await hasTotp(store.db, caller.name) },
    session: { expiresAt: caller.loginExpiresAt.toString(), mfaAt: caller.mfaAt?.toString() ?? null },
  };
}
