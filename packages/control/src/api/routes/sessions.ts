/** Sessions: listed, looked at while they run and after, cut. */
import { Readable } from 'node:stream';
import { sessionLive } from '@tidegate/contract';
import type { z } from 'zod';
import { type LiveEvent, watchSession } from '../../access/live.ts';
import { cutSession, listSessions, showSession } from '../../access/sessions.ts';
import { listStatements } from '../../access/statements.ts';
import { admit, callerOf, described, serve, whoAndWhere } from '../serve.ts';
import { answerPage, instantFrom, pageFrom } from './page.ts';
import type { Routes } from './routes.ts';

export function sessionRoutes(routes: Routes): void {
  const { context } = routes;
  const { db } = context.store;
  serve(routes, 'sessions', async ({ caller, query }) => {
    const { state, grant, person, resource, since, until } = query;
    const who = { grant: grant ?? null, person: person ?? null, resource: resource ?? null };
    const filter = { state, ...who, since: instantFrom(since), until: instantFrom(until) };
    return answerPage(await listSessions(db, caller, filter, pageFrom(query)));
  });
  serve(routes, 'session', async ({ caller, params }) => (await showSession(db, caller, params.id)).detail);
  serve(routes, 'sessionStatements', async ({ caller, params, query }) => {
    const { startedAt } = await showSession(db, caller, params.id);
    return answerPage(await listStatements(db, { id: params.id, startedAt }, pageFrom(query)));
  });
  serve(routes, 'cutSession', ({ caller, params, body }) => cutSession(context, caller, params.id, body.reason));
  liveRoute(routes);
}

/** Server-sent events. `Last-Event-ID` is what a browser sends by itself when it comes again. */
function liveRoute(routes: Routes): void {
  const { path: url, params, query: querystring } = sessionLive;
  routes.app.route({
    method: 'GET',
    url,
    schema: {
      operationId: 'watchSession',
      ...described(sessionLive),
      params,
      querystring,
      produces: ['text/event-stream'],
    },
    onRequest: admit(routes, 'watchSession', sessionLive),
    handler: async (request, reply) => {
      const { id } = request.params as z.output<typeof params>;
      const { after } = request.query as z.output<typeof querystring>;
      const { signal } = whoAndWhere(routes, request, reply);
      const last = request.headers['last-event-id'];
      const from = (typeof last === 'string' ? last : undefined) ?? after ?? null;
      const events = await watchSession(routes.context, callerOf(request), id, from, signal);
      void reply.header('x-accel-buffering', 'no').type('text/event-stream');
      return reply.send(Readable.from(written(events), { objectMode: false }));
    },
  });
}

async function* written(events: AsyncIterable<LiveEvent>): AsyncGenerator<string> {
  // Something at once, so that the browser knows that it is connected.
  yield ': here\n\n';
  for await (const event of events) {
    if (event.type === 'quiet') yield ': quiet\n\n';
    else if (event.type === 'ended') yield `event: ended\ndata: ${JSON.stringify(event.session)}\n\n`;
    else yield `event: statement\nid: ${event.statement.cursor}\ndata: ${JSON.stringify(event.statement)}\n\n`;
  }
}
