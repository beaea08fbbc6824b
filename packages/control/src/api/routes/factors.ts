/** Second factors: enrolled, shown, recovered, shown elsewhere; passkeys. */
import { showCode, useRecoveryCode } from '../../identity/codes.ts';
import { listPasskeys, removePasskey, renamePasskey } from '../../identity/passkeys/list.ts';
import { addPasskey, beginPasskey } from '../../identity/passkeys/register.ts';
import { askPasskey, showPasskey } from '../../identity/passkeys/show.ts';
import { makeRecoveryCodes } from '../../identity/recovery.ts';
import { beginStepUp, completeStepUp, refuseStepUp, waitForStepUp } from '../../identity/step-up.ts';
import { confirmTotp, enrolTotp, removeTotp } from '../../identity/totp.ts';
import { serve } from '../serve.ts';
import { showMe } from './identity.ts';
import { onePage } from './page.ts';
import type { Routes } from './routes.ts';

/** An authenticator's answer may carry certificates. */
const REGISTRATION_BODY_LIMIT = 128 * 1024;

export function factorRoutes(routes: Routes): void {
  const { context } = routes;
  const { db } = context.store;
  serve(routes, 'enrolTotp', ({ caller, body }) => enrolTotp(context, caller, body.password));
  serve(routes, 'confirmTotp', async ({ caller, body }) =>
    showMe(context, await confirmTotp(context, caller, body.code)),
  );
  serve(routes, 'verifyTotp', async ({ caller, body }) => showMe(context, await showCode(context, caller, body.code)));
  serve(routes, 'removeTotp', ({ caller }) => removeTotp(context, caller));

  serve(routes, 'makeRecoveryCodes', async ({ caller }) => ({ codes: await makeRecoveryCodes(context, caller) }));
  serve(routes, 'useRecoveryCode', async ({ caller, body }) =>
    showMe(context, await useRecoveryCode(context, caller, body.code)),
  );

  serve(routes, 'passkeys', async ({ caller }) => onePage(await listPasskeys(db, caller.name)));
  serve(routes, 'beginPasskey', ({ caller, body }) => beginPasskey(context, caller, body.password));
  serve(routes, 'addPasskey', ({ caller, body }) => addPasskey(context, caller, body), {
    bodyLimit: REGISTRATION_BODY_LIMIT,
  });
  serve(routes, 'renamePasskey', ({ caller, params, body }) => renamePasskey(context, caller, params.id, body.name));
  serve(routes, 'removePasskey', ({ caller, params }) => removePasskey(context, caller, params.id));
  serve(routes, 'askPasskey', ({ caller }) => askPasskey(context, caller));
  serve(routes, 'showPasskey', async ({ caller, body }) => showMe(context, await showPasskey(context, caller, body)));

  serve(routes, 'beginStepUp', ({ caller }) => beginStepUp(context, caller));
  serve(routes, 'stepUp', ({ caller, params, query, signal }) =>
    waitForStepUp(context, caller, params.id, { seconds: query.wait, signal }),
  );
  serve(routes, 'completeStepUp', ({ caller, params, body }) => completeStepUp(context, caller, params.id, body));
  serve(routes, 'refuseStepUp', ({ caller, params }) => refuseStepUp(context, caller, params.id));
}
