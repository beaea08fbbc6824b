/** Workloads: signing in, and the list. */
import { listWorkloads } from '../../identity/workloads/list.ts';
import { loginWithCertificate, loginWithToken } from '../../identity/workloads/sign-in.ts';
import { serve } from '../serve.ts';
import { signedIn } from '../signed-in.ts';
import { onePage } from './page.ts';
import type { Routes } from './routes.ts';

export function workloadRoutes(routes: Routes): void {
  const { context } = routes;
  serve(routes, 'workloads', async () => onePage(await listWorkloads(context.store.db)));
  serve(routes, 'loginWorkload', async ({ body, browser, address, userAgent }) =>
    signedIn(context, browser, await loginWithToken(context, body.token, { address, userAgent })),
  );
  serve(routes, 'loginCertificate', async ({ browser, address, userAgent, certificate }) =>
    signedIn(context, browser, await loginWithCertificate(context, certificate, { address, userAgent })),
  );
}
