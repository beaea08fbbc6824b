/** Sessions. */
import { cutSession, listSessions } from '../../access/sessions.ts';
import { serve } from '../serve.ts';
import { answerPage, pageFrom } from './page.ts';
import type { Routes } from './routes.ts';

export function sessionRoutes(routes: Routes): void {
  const { context } = routes;
  serve(routes, 'sessions', async ({ caller, query }) => {
    const filter = { state: query.state, grant: query.grant ?? null };
    return answerPage(await listSessions(context.store.db, caller, filter, pageFrom(query)));
  });
  serve(routes, 'cutSession', ({ caller, params, body }) => cutSession(context, caller, params.id, body.reason));
}
