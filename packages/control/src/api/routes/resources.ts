/** Resources. */

import type { ResourceName } from '@tidegate/core';
import { askersOf, rulesOnResource } from '../../access/askers.ts';
import { giveUpResource } from '../../access/give-up.ts';
import { Objects } from '../../access/objects.ts';
import { listResources, showResource } from '../../access/resources.ts';
import { storeCredential } from '../../config/credentials.ts';
import { testResource } from '../../config/test-resource.ts';
import type { Context } from '../../context.ts';
import type { Caller } from '../../identity/caller.ts';
import { loadPerson } from '../../identity/people.ts';
import { assertAdministers } from '../../identity/permissions/may.ts';
import { recorded } from '../../refusals.ts';
import { serve } from '../serve.ts';
import { answerPage, onePage, pageFrom } from './page.ts';
import type { Routes } from './routes.ts';

export function resourceRoutes(routes: Routes): void {
  const { context } = routes;
  const { db } = context.store;
  serve(routes, 'resources', async () => onePage(await listResources(db, context.now())));
  serve(routes, 'resource', ({ params }) => showResource(db, params.name, context.now()));
  serve(routes, 'resourceRules', async ({ caller, params }) => onePage(await rulesOnResource(db, caller, params.name)));
  serve(routes, 'resourceAskers', async ({ caller, params, query }) =>
    answerPage(await askersOf(db, caller, params.name, pageFrom(query))),
  );
  const objects = new Objects(context, routes.look);
  serve(routes, 'resourceObjects', async ({ caller, params }) =>
    objects.of(params.name, await loadPerson(db, caller.name)),
  );
  serve(routes, 'setCredential', async ({ caller, params, body }) => {
    await ofAdministrators(context, caller, 'setCredential', params.name);
    return storeCredential(context, { resource: params.name, password: body.password, by: caller.name });
  });
  serve(routes, 'testResource', ({ caller, body }) =>
    testResource(context, routes.look, caller, { resource: body.resource, password: body.password ?? null }),
  );
  serve(routes, 'giveUpResource', async ({ caller, params, body }) => {
    await ofAdministrators(context, caller, 'giveUpResource', params.name);
    return giveUpResource(context, { resource: params.name, by: caller.name, reason: body.reason });
  });
}

/** An administrator of some resources was let in; of this one? A try stands on the record as it does at the door. */
function ofAdministrators(context: Context, caller: Caller, endpoint: string, resource: ResourceName): Promise<void> {
  const data = { person: caller.name, endpoint, resource, address: caller.address };
  return recorded(context, { kind: 'call.refused', data }, async () => assertAdministers(caller, resource));
}
