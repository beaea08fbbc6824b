/** The configuration: what is in force, what a change would do, putting one in force. */
import { applyConfig } from '../../config/apply.ts';
import { planConfig } from '../../config/plan.ts';
import { listVersions, readVersion } from '../../config/versions.ts';
import { recorded } from '../../refusals.ts';
import { serve } from '../serve.ts';
import { answerPage, pageFrom } from './page.ts';
import type { Routes } from './routes.ts';

/** A configuration may have four million characters. */
const BODY_LIMIT = 16 * 1024 * 1024;

export function configRoutes(routes: Routes): void {
  const { context } = routes;
  const { store, now } = context;
  serve(routes, 'config', () => readVersion(store.db, null));
  serve(routes, 'configVersions', async ({ query }) => answerPage(await listVersions(store.db, pageFrom(query))));
  serve(routes, 'configVersion', ({ params }) => readVersion(store.db, params.version));
  serve(routes, 'planConfig', ({ body }) => planConfig(store.db, body.yaml), { bodyLimit: BODY_LIMIT });
  serve(
    routes,
    'applyConfig',
    ({ caller, body }) =>
      recorded(context, { kind: 'config.refused', data: { by: caller.name } }, () =>
        store.transaction(async (tx) => {
          const { yaml, planId } = body;
          const { version } = await applyConfig(tx, { yaml, planId: planId ?? null, by: caller.name, at: now() });
          return readVersion(tx, version);
        }),
      ),
    { bodyLimit: BODY_LIMIT },
  );
}
