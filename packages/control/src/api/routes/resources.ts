/** Resources. */
import { giveUpResource } from '../../access/give-up.ts';
import { Objects } from '../../access/objects.ts';
import { listResources, showResource } from '../../access/resources.ts';
import { storeCredential } from '../../config/credentials.ts';
import { loadPerson } from '../../identity/people.ts';
import { serve } from '../serve.ts';
import { onePage } from './page.ts';
import type { Routes } from './routes.ts';

export function resourceRoutes(routes: Routes): void {
  const { context } = routes;
  const { db } = context.store;
  serve(routes, 'resources', async () => onePage(await listResources(db, context.now())));
  serve(routes, 'resource', ({ params }) => showResource(db, params.name, context.now()));
  const objects = new Objects(context, routes.look);
  serve(routes, 'resourceObjects', async ({ caller, params }) =>
    objects.of(params.name, await loadPerson(db, caller.name)),
  );
  serve(routes, 'setCredential', ({ caller, params, body }) =>
    storeCredential(context, { resource: params.name, password: body.password, by: caller.name }),
  );
  serve(routes, 'giveUpResource', ({ caller, params, body }) =>
    giveUpResource(context, { resource: params.name, by: caller.name, reason: body.reason }),
  );
}
