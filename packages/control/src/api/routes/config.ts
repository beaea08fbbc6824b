/** The configuration: what is in force, what a change would do, putting one in force. */
import { configJsonSchema } from '@tidegate/config';
import { putInForce } from '../../access/put-in-force.ts';
import { planConfig } from '../../config/plan.ts';
import { simulate } from '../../config/simulate.ts';
import { listVersions, readVersion } from '../../config/versions.ts';
import { serve } from '../serve.ts';
import { answerPage, pageFrom } from './page.ts';
import type { Routes } from './routes.ts';

/** A configuration may have four million characters. */
const BODY_LIMIT = 16 * 1024 * 1024;

export function configRoutes(routes: Routes): void {
  const { context } = routes;
  const { store } = context;
  serve(routes, 'config', () => readVersion(store.db, null));
  serve(routes, 'configVersions', async ({ query }) => answerPage(await listVersions(store.db, pageFrom(query))));
  serve(routes, 'configVersion', ({ params }) => readVersion(store.db, params.version));
  serve(routes, 'planConfig', ({ body }) => planConfig(context, body.yaml, routes.look), {
    bodyLimit: BODY_LIMIT,
  });
  serve(routes, 'simulateConfig', ({ body }) => simulate(context, body.yaml, Temporal.Instant.from(body.since)), {
    bodyLimit: BODY_LIMIT,
  });
  serve(routes, 'configSchema', async () => ({ ...configJsonSchema() }));
  serve(
    routes,
    'applyConfig',
    ({ caller, body }) => putInForce(context, { yaml: body.yaml, planId: body.planId ?? null, by: caller.name }),
    { bodyLimit: BODY_LIMIT },
  );
}
