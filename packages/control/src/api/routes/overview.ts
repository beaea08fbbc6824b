/** The overview. */
import { showOverview } from '../../access/overview.ts';
import { serve } from '../serve.ts';
import { instantFrom } from './page.ts';
import type { Routes } from './routes.ts';

export function overviewRoutes(routes: Routes): void {
  const { context } = routes;
  serve(routes, 'overview', ({ caller, query }) =>
    showOverview(
      context.store.db,
      caller,
      { since: instantFrom(query.since), until: instantFrom(query.until) },
      context.now(),
    ),
  );
}
