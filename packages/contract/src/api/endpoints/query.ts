/** SQL from the browser, through a gateway like any client's. */

import * as query from '../query.ts';
import { byId, type Endpoint } from './endpoint.ts';

export const queries = {
  openQuery: {
    method: 'POST',
    path: '/v1/query',
    access: 'person',
    summary:
      'Open a session to run SQL in, under your own open grant: the same principal, record and end as any client’s',
    body: query.openQuery,
    status: 201,
    answer: query.querySession,
  },
  querySchema: {
    method: 'GET',
    path: '/v1/query/:id/schema',
    access: 'person',
    summary: 'Tables and columns that the session can see, for completion',
    params: byId(query.queryId),
    answer: query.querySchema,
  },
  cancelQuery: {
    method: 'POST',
    path: '/v1/query/:id/cancel',
    access: 'person',
    summary: 'Stop the statement that is running',
    params: byId(query.queryId),
    status: 204,
  },
  exportQuery: {
    method: 'POST',
    path: '/v1/query/:id/exports',
    access: 'person',
    summary: 'Say that fetched rows are saved as a file, where the resource allows it; it stands on record',
    params: byId(query.queryId),
    body: query.exportQuery,
    status: 204,
  },
  closeQuery: {
    method: 'DELETE',
    path: '/v1/query/:id',
    access: 'person',
    summary: 'End the session',
    params: byId(query.queryId),
    status: 204,
  },
} as const satisfies Readonly<Record<string, Endpoint>>;

/** NDJSON of `queryLine`, as the rows come. Not in the table, because its answer is a stream. */
export const runQuery = {
  method: 'POST',
  path: '/v1/query/:id/run',
  access: 'person',
  summary: 'Run SQL; one at a time',
  params: byId(query.queryId),
  body: query.runQuery,
} as const satisfies Endpoint;
