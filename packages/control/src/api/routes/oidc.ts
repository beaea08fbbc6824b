/** Signing in at identity providers: begun here, answered by a browser, a terminal or the provider itself. */
import { backChannelLogout as logoutEndpoint, signInCallback, type startSignIn } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { currentConfig } from '../../config/current.ts';
import type { Context } from '../../context.ts';
import type { OpenedLogin } from '../../identity/logins.ts';
import { answerSignIn } from '../../identity/oidc/answer.ts';
import { backChannelLogout } from '../../identity/oidc/back-channel.ts';
import { type Begun, beginSignIn, beginStepUp, type Destination } from '../../identity/oidc/begin.ts';
import { beginDevice, pollDevice } from '../../identity/oidc/device.ts';
import { linkIdentity, listIdentities, unlinkIdentity } from '../../identity/oidc/identities.ts';
import { redeemSignIn } from '../../identity/oidc/redeem.ts';
import type { Browser } from '../browser.ts';
import { sendPlainPage } from '../plain-page.ts';
import { problemOf, sendProblem } from '../problems.ts';
import { described, serve, whoAndWhere } from '../serve.ts';
import { signedIn } from '../signed-in.ts';
import { onePage } from './page.ts';
import type { Routes } from './routes.ts';

export function oidcRoutes(routes: Routes): void {
  const { context } = routes;
  const { db } = context.store;
  serve(routes, 'signInWays', async () => {
    const { identityProviders } = await currentConfig(db);
    return { local: await hasLocalAccounts(context), providers: identityProviders.map(({ name }) => ({ name })) };
  });
  serve(routes, 'startSignIn', async ({ params, body, address, browser }) => {
    const begun = await beginSignIn(context, params.provider, toDestination(body, browser), address);
    return sendOn(browser, begun);
  });
  serve(routes, 'startStepUp', async ({ caller, body, browser }) =>
    sendOn(browser, await beginStepUp(context, caller, toDestination(body, browser), body.asked ?? null)),
  );
  serve(routes, 'redeemSignIn', async ({ body, address, userAgent }) => ({
    login: toBearer(await redeemSignIn(context, { ...body, address, userAgent })),
  }));
  serve(routes, 'startDeviceSignIn', async ({ params, address }) => {
    const { intervalSeconds: interval, expiresAt, ...device } = await beginDevice(context, params.provider, address);
    return { ...device, interval, expiresAt: expiresAt.toString() };
  });
  serve(routes, 'pollDeviceSignIn', async ({ body, address, userAgent }) => {
    const { opened, waitSeconds } = await pollDevice(context, { ...body, address, userAgent });
    return { login: toBearer(opened), wait: waitSeconds };
  });
  serve(routes, 'identities', async ({ params }) => onePage(await listIdentities(db, params.name)));
  serve(routes, 'linkIdentity', async ({ caller, params, body }) =>
    onePage(await linkIdentity(context, caller, params.name, body)),
  );
  serve(routes, 'unlinkIdentity', ({ caller, params, query }) => unlinkIdentity(context, caller, params.name, query));
  callbackRoute(routes);
  backChannelRoute(routes);
}

function toDestination({ destination }: z.output<typeof startSignIn>, browser: Browser): Destination {
  if (!('cookie' in destination)) return { browser: false, ...destination };
  browser.assertOurs();
  return { browser: true, returnTo: destination.returnTo, bound: browser.bound };
}

/** Keeps in the browser what its answer must bring again. */
function sendOn(browser: Browser, { location, cookie }: Begun): { location: string } {
  if (cookie !== null) browser.bind(cookie);
  return { location };
}

const toBearer = (opened: OpenedLogin | null) =>
  opened === null ? null : { token: opened.token, person: opened.person, expiresAt: opened.expiresAt.toString() };

async function hasLocalAccounts({ store }: Context): Promise<boolean> {
  const one = await store.db
    .selectFrom('people')
    .select('name')
    .where('password', 'is not', null)
    .where('disabledAt', 'is', null)
    .limit(1)
    .executeTakeFirst();
  return one !== undefined;
}

/** Browsers come here from the provider's page: what goes wrong is said on a plain page of ours. */
function callbackRoute(routes: Routes): void {
  const { context } = routes;
  routes.app.route({
    method: 'GET',
    url: signInCallback.path,
    schema: { operationId: 'signInCallback', ...described(signInCallback) },
    errorHandler: (error, request, reply) => void sayPlainly(context, error, request, reply),
    handler: async (request, reply) => {
      const { address, userAgent, browser } = whoAndWhere(routes, request, reply);
      const query = new URL(request.url, 'http://tidegate.invalid').searchParams;
      const brought = { query, cookie: browser.bound, address, userAgent, handToken: browser.keep };
      const { location, opened } = await answerSignIn(context, brought);
      if (opened !== null) await signedIn(context, browser, opened);
      return reply.redirect(location, 303);
    },
  });
}

function sayPlainly(context: Context, error: Error, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const told = problemOf(error, request.id);
  if (told.status >= 500) {
    context.log[told.status === 500 ? 'error' : 'warn']({ err: error }, 'a sign-in could not be answered');
  }
  return (request.headers.accept ?? '').includes('text/html') ? sendPlainPage(reply, told) : sendProblem(reply, told);
}

const FORM = 'application/x-www-form-urlencoded';

/** Its body is a form, and only its: whatever else takes JSON takes nothing that a page elsewhere could send. */
function backChannelRoute(routes: Routes): void {
  const { context } = routes;
  const { path: url, params, body } = logoutEndpoint;
  void routes.app.register(async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser(FORM, { parseAs: 'string' }, (_, text, done) =>
      done(null, Object.fromEntries(new URLSearchParams(text.toString()))),
    );
    app.route({
      method: 'POST',
      url,
      schema: { operationId: 'backChannelLogout', ...described(logoutEndpoint), params, body, consumes: [FORM] },
      handler: async (request, reply) => {
        const { provider } = request.params as z.output<typeof params>;
        const { logout_token: token } = request.body as z.output<typeof body>;
        try {
          await backChannelLogout(context, provider, token, request.ip);
        } catch (error) {
          if (!(error instanceof TidegateError) || error.code !== 'login_failed') throw error;
          // Section 2.8 has its own words for it.
          return reply.code(400).send({ error: 'invalid_request', error_description: 'The logout token is refused.' });
        }
        return reply.code(200).send();
      },
    });
  });
}
