/** Every route there is. */
import { sql } from 'kysely';
import { problemOf, sendProblem } from '../problems.ts';
import { apiKeyRoutes } from './api-keys.ts';
import { auditRoutes } from './audit.ts';
import { configRoutes } from './config.ts';
import { factorRoutes } from './factors.ts';
import { gatewayRoutes } from './gateways.ts';
import { grantRoutes } from './grants.ts';
import { identityRoutes } from './identity.ts';
import { noticeRoutes } from './notices.ts';
import { oidcRoutes } from './oidc.ts';
import { overviewRoutes } from './overview.ts';
import { peopleRoutes } from './people.ts';
import { queryRoutes } from './query.ts';
import { requestRoutes } from './requests.ts';
import { resourceRoutes } from './resources.ts';
import type { Routes } from './routes.ts';
import { scimRoutes } from './scim.ts';
import { sessionRoutes } from './sessions.ts';
import { streamRoutes } from './stream.ts';
import { workloadRoutes } from './workloads.ts';

export function registerRoutes(routes: Routes): void {
  identityRoutes(routes);
  factorRoutes(routes);
  oidcRoutes(routes);
  peopleRoutes(routes);
  apiKeyRoutes(routes);
  workloadRoutes(routes);
  resourceRoutes(routes);
  requestRoutes(routes);
  grantRoutes(routes);
  sessionRoutes(routes);
  configRoutes(routes);
  gatewayRoutes(routes);
  noticeRoutes(routes);
  auditRoutes(routes);
  overviewRoutes(routes);
  queryRoutes(routes);
  streamRoutes(routes);
  scimRoutes(routes);
  operationRoutes(routes);
}

/** For load balancers and for those who write clients; not part of the API's own description. */
function operationRoutes({ app, context }: Routes): void {
  const hide = { schema: { hide: true } };
  app.get('/healthz', hide, async (_, reply) => reply.send({ status: 'ok' }));
  app.get('/readyz', hide, async (request, reply) => {
    try {
      await sql`SELECT 1`.execute(context.store.db);
      return reply.send({ status: 'ready' });
    } catch (error) {
      request.log.warn({ err: error }, 'not ready');
      return sendProblem(reply, problemOf(error, request.id));
    }
  });
  app.get('/v1/openapi.json', hide, async (_, reply) => reply.send(app.swagger()));
}
