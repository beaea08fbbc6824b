/** Gateways, how they join, and what they found. */
import { parseDuration } from '@tidegate/core';
import { auditedBy } from '../../identity/permissions/may.ts';
import { listFindings, resolveFinding } from '../../link/findings.ts';
import { listGateways } from '../../link/gateways.ts';
import { createJoinToken } from '../../link/join-tokens.ts';
import { revokeGateway } from '../../link/revoke.ts';
import { serve } from '../serve.ts';
import { answerPage, onePage, pageFrom } from './page.ts';
import type { Routes } from './routes.ts';

export function gatewayRoutes(routes: Routes): void {
  const { context } = routes;
  const { db } = context.store;
  serve(routes, 'gateways', async () => onePage(await listGateways(db, context.now())));
  serve(routes, 'createJoinToken', ({ caller, body }) =>
    createJoinToken(context, { name: body.name, validFor: parseDuration(body.validFor), by: caller.name }),
  );
  serve(routes, 'revokeGateway', ({ caller, params, body }) =>
    revokeGateway(context, { name: params.name, by: caller.name, reason: body.reason }),
  );
  serve(routes, 'findings', async ({ caller, query }) => {
    const filter = { state: query.state, resource: query.resource ?? null, within: auditedBy(caller) };
    return answerPage(await listFindings(db, filter, pageFrom(query)));
  });
  serve(routes, 'resolveFinding', ({ caller, params, body }) =>
    resolveFinding(context, { id: params.id, by: caller.name, reason: body.reason }),
  );
}
