/** Asking, reviewing, and what would be decided. */
import { newRequest } from '@tidegate/contract';
import { parseDuration, TidegateError } from '@tidegate/core';
import { cancelRequest } from '../../access/cancel.ts';
import { explainAsk } from '../../access/explain.ts';
import { listRequests } from '../../access/lists.ts';
import { createRequest } from '../../access/request.ts';
import { reviewRequest } from '../../access/review.ts';
import { readRequest } from '../../access/rows.ts';
import { assertMaySeeRequest, showRequest } from '../../access/show.ts';
import { whenChanged } from '../../access/wait.ts';
import type { Caller } from '../../identity/caller.ts';
import { showCode } from '../../identity/totp.ts';
import { serve } from '../serve.ts';
import { answerPage, pageFrom } from './page.ts';
import type { Routes } from './routes.ts';

export function requestRoutes(routes: Routes): void {
  const { context } = routes;
  const { store } = context;
  serve(routes, 'explain', ({ caller, query }) =>
    explainAsk(context, caller, {
      resource: query.resource,
      role: query.role,
      as: query.as ?? null,
      duration: query.duration === undefined ? null : parseDuration(query.duration),
      only: query.only === undefined ? null : listIn(query.only),
    }),
  );
  serve(routes, 'requests', async ({ caller, query }) =>
    answerPage(await listRequests(store.db, caller, query.filter, pageFrom(query))),
  );
  serve(routes, 'createRequest', async ({ caller, body }) =>
    createRequest(context, await withCode(routes, caller, body.mfaCode), {
      resource: body.resource,
      role: body.role,
      duration: body.duration === undefined ? null : parseDuration(body.duration),
      startsAt: body.startsAt === undefined ? null : Temporal.Instant.from(body.startsAt),
      reason: body.reason,
      ticket: body.ticket ?? null,
      only: body.only ?? null,
    }),
  );
  serve(routes, 'request', async ({ caller, params, query, signal }) => {
    const { request } = await readRequest(store.db, params.id);
    await assertMaySeeRequest(store.db, caller, request);
    return whenChanged(store, () => showRequest(store.db, params.id), { seconds: query.wait, signal });
  });
  serve(routes, 'review', async ({ caller, params, body }) =>
    reviewRequest(context, await withCode(routes, caller, body.mfaCode), params.id, {
      decision: body.decision,
      comment: body.comment ?? null,
    }),
  );
  serve(routes, 'cancelRequest', ({ caller, params }) => cancelRequest(context, caller, params.id));
}

/** A list of texts in a query, as JSON. Throws `invalid_input`. */
function listIn(text: string): readonly string[] {
  try {
    return onlyList.parse(JSON.parse(text));
  } catch (error) {
    throw new TidegateError('invalid_input', '“only” must be a list of tables, as JSON: ["sales.orders"].', '', error);
  }
}
const onlyList = newRequest.shape.only.unwrap();

/** A code sent along with a call is looked at first, whether or not the rule asks for one. */
export async function withCode({ context }: Routes, caller: Caller, code: string | undefined): Promise<Caller> {
  return code === undefined ? caller : showCode(context, caller, code);
}
