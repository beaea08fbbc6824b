/** SQL from the browser. */
import { Readable } from 'node:stream';
import { type QueryLine, runQuery } from '@tidegate/contract';
import type { z } from 'zod';
import { QuerySessions } from '../../query/sessions.ts';
import { admit, callerOf, described, serve, whoAndWhere } from '../serve.ts';
import { withCode } from './requests.ts';
import type { Routes } from './routes.ts';

/** A statement may have a million characters. */
const BODY_LIMIT = 4 * 1024 * 1024;

export function queryRoutes(routes: Routes): void {
  const { app, context, waitForTicket } = routes;
  const sessions = new QuerySessions({ ...context, waitForTicket });
  app.addHook('onClose', () => sessions.stop());
  serve(routes, 'openQuery', async ({ caller, body, signal }) => {
    const { resource, grant = null, role = null, database = null, mfaCode } = body;
    return sessions.open(await withCode(routes, caller, mfaCode), { resource, grant, role, database }, signal);
  });
  serve(routes, 'querySchema', ({ caller, params }) => sessions.schema(caller, params.id));
  serve(routes, 'cancelQuery', ({ caller, params }) => sessions.cancel(caller, params.id));
  serve(routes, 'exportQuery', ({ caller, params, body }) => sessions.exported(caller, params.id, body));
  serve(routes, 'closeQuery', ({ caller, params }) => sessions.close(caller, params.id));
  runRoute(routes, sessions);
}

function runRoute(routes: Routes, sessions: QuerySessions): void {
  const { path: url, params, body } = runQuery;
  routes.app.route({
    method: 'POST',
    url,
    bodyLimit: BODY_LIMIT,
    schema: {
      operationId: 'runQuery',
      ...described(runQuery),
      params,
      body,
      produces: ['application/x-ndjson'],
    },
    onRequest: admit(routes, 'runQuery', runQuery),
    handler: async (request, reply) => {
      const { id } = request.params as z.output<typeof params>;
      const { sql, maxRows } = request.body as z.output<typeof body>;
      const { signal } = whoAndWhere(routes, request, reply);
      const lines = sessions.run(callerOf(request), id, sql, maxRows, signal);
      return reply.type('application/x-ndjson').send(Readable.from(written(lines), { objectMode: false }));
    },
  });
}

async function* written(lines: AsyncIterable<QueryLine>): AsyncGenerator<string> {
  for await (const line of lines) yield `${JSON.stringify(line)}\n`;
}
