/** The record: listed, exported, and what it takes to check it. */
import { Readable } from 'node:stream';
import { auditExport } from '@tidegate/contract';
import type { z } from 'zod';
import { auditedBy } from '../../identity/permissions/may.ts';
import { exportRecord } from '../../record/export.ts';
import { auditKeyOf, listCheckpoints, listEntries, listStreams } from '../../record/read.ts';
import { searchRecord } from '../../record/search.ts';
import { summarise } from '../../record/summary.ts';
import { admit, callerOf, described, serve, whoAndWhere } from '../serve.ts';
import { answerPage, pageFrom } from './page.ts';
import type { Routes } from './routes.ts';

export function auditRoutes(routes: Routes): void {
  const { context } = routes;
  const { db } = context.store;
  serve(routes, 'auditEntries', async ({ caller, query: { cursor, limit, ...filter } }) => {
    const within = auditedBy(caller);
    return answerPage(
      await listEntries(db, within === null ? filter : { ...filter, within }, pageFrom({ cursor, limit })),
    );
  });
  serve(routes, 'searchRecord', async ({ caller, query: { cursor, limit, ...query } }) => {
    const { items, ...rest } = await searchRecord(db, query, auditedBy(caller), pageFrom({ cursor, limit }));
    return { items: [...items], ...rest };
  });
  serve(routes, 'recordSummary', ({ caller, query }) => summarise(db, query, auditedBy(caller), context.now()));
  serve(routes, 'auditStreams', async ({ query }) => answerPage(await listStreams(db, pageFrom(query))));
  serve(routes, 'auditCheckpoints', async ({ query }) =>
    answerPage(await listCheckpoints(db, query.stream ?? null, pageFrom(query))),
  );
  serve(routes, 'auditKey', () => auditKeyOf(db));
  exportRoute(routes);
}

/** A stream of lines, made while it is read: as long as the record is, it never stands in memory. */
function exportRoute(routes: Routes): void {
  const { path: url, query: querystring } = auditExport;
  routes.app.route({
    method: 'GET',
    url,
    schema: { operationId: 'exportAudit', ...described(auditExport), querystring, produces: ['application/x-ndjson'] },
    onRequest: admit(routes, 'exportAudit', auditExport),
    handler: async (request, reply) => {
      const filter = request.query as z.output<typeof querystring>;
      const { signal } = whoAndWhere(routes, request, reply);
      request.log.info({ person: callerOf(request).name }, 'the record is exported');
      const caller = callerOf(request);
      const lines = exportRecord(routes.context, filter, { by: caller.name, within: auditedBy(caller), signal });
      return reply.type('application/x-ndjson').send(Readable.from(lines, { objectMode: false }));
    },
  });
}
