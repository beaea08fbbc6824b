/** Grants, and the way in. */
import { parseDuration } from '@tidegate/core';
import { connect } from '../../access/connect.ts';
import { requestExtension } from '../../access/extend.ts';
import { listGrants } from '../../access/lists.ts';
import { keepGrant, listOutgrown } from '../../access/outgrown.ts';
import { relinquishGrant } from '../../access/relinquish.ts';
import { revokeGrant } from '../../access/revoke.ts';
import { readGrantRow } from '../../access/rows.ts';
import { assertMaySeeGrant, showGrant } from '../../access/show.ts';
import { grantStory } from '../../access/story.ts';
import { revokeTicket } from '../../access/tickets.ts';
import { whenChanged } from '../../access/wait.ts';
import { assertUserOf } from '../../identity/permissions/user.ts';
import { serve } from '../serve.ts';
import { answerPage, onePage, pageFrom } from './page.ts';
import { withCode } from './requests.ts';
import type { Routes } from './routes.ts';

export function grantRoutes(routes: Routes): void {
  const { context, waitForTicket } = routes;
  const { store } = context;
  serve(routes, 'grants', async ({ caller, query }) => {
    const filter = { state: query.state, person: query.person ?? null, resource: query.resource ?? null };
    return answerPage(await listGrants(store.db, caller, filter, pageFrom(query)));
  });
  serve(routes, 'grant', async ({ caller, params, query, signal }) => {
    await assertMaySeeGrant(store.db, caller, await readGrantRow(store.db, params.id));
    return whenChanged(store, () => showGrant(store.db, params.id), { seconds: query.wait, signal });
  });
  serve(routes, 'grantStory', ({ caller, params, query }) =>
    grantStory(store.db, caller, params.id, pageFrom(query), context.now()),
  );
  serve(routes, 'extendGrant', async ({ caller, params, body }) => {
    const { person, resource } = await readGrantRow(store.db, params.id);
    if (person === caller.name) await assertUserOf(context, caller, 'extendGrant', resource);
    const wanted = { duration: parseDuration(body.duration), reason: body.reason };
    return requestExtension(context, caller, params.id, wanted);
  });
  serve(routes, 'relinquishGrant', ({ caller, params }) => relinquishGrant(context, caller, params.id));
  serve(routes, 'revokeGrant', ({ caller, params, body }) => revokeGrant(context, caller, params.id, body.reason));
  serve(routes, 'outgrownGrants', async ({ caller }) => onePage(await listOutgrown(context, caller)));
  serve(routes, 'keepGrant', ({ caller, params, body }) => keepGrant(context, caller, params.id, body.comment));
  serve(routes, 'connect', async ({ caller, body, signal }) => {
    await assertUserOf(context, caller, 'connect', body.resource);
    return connect(
      { ...context, waitForTicket },
      await withCode(routes, caller, body.mfaCode),
      {
        resource: body.resource,
        grant: body.grant ?? null,
        role: body.role ?? null,
        database: body.database ?? null,
      },
      signal,
    );
  });
  serve(routes, 'revokeTicket', ({ caller, params }) => revokeTicket(context, caller, params.id, params.ticket));
}
