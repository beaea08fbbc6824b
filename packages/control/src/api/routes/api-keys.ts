/** API keys. */
import { createApiKey, listApiKeys, revokeApiKey } from '../../identity/api-keys/keys.ts';
import { serve } from '../serve.ts';
import { answerPage, pageFrom } from './page.ts';
import type { Routes } from './routes.ts';

export function apiKeyRoutes(routes: Routes): void {
  const { context } = routes;
  serve(routes, 'apiKeys', async ({ caller, query }) => {
    const filter = { state: query.state, person: query.person ?? null };
    return answerPage(await listApiKeys(context, caller, filter, pageFrom(query)));
  });
  serve(routes, 'createApiKey', ({ caller, body }) =>
    createApiKey(context, caller, {
      name: body.name,
      person: body.person ?? null,
      scopes: body.scopes,
      expiresAt: Temporal.Instant.from(body.expiresAt),
    }),
  );
  serve(routes, 'revokeApiKey', ({ caller, params }) => revokeApiKey(context, caller, params.id));
}
