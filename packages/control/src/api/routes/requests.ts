/** Asking, reviewing, and what would be decided. */
import { newRequest } from '@tidegate/contract';
import { parseDuration, TidegateError } from '@tidegate/core';
import { listAfterReviews, reviewAfterwards } from '../../access/after-review.ts';
import { cancelRequest } from '../../access/cancel.ts';
import { createDelegation, endDelegation, listDelegations, standsInFor } from '../../access/delegations.ts';
import { explainAsk } from '../../access/explain.ts';
import { listRequests } from '../../access/lists.ts';
import { createRequest } from '../../access/request.ts';
import { reviewRequest } from '../../access/review.ts';
import { readRequest } from '../../access/rows.ts';
import { assertMaySeeRequest, showRequest } from '../../access/show.ts';
import { whenChanged } from '../../access/wait.ts';
import type { Caller } from '../../identity/caller.ts';
import { showCode } from '../../identity/codes.ts';
import { assertUserOf } from '../../identity/permissions/user.ts';
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
      startsAt: instantOr(query.startsAt, null),
      breakGlass: query.breakGlass,
      at: instantOr(query.at, null),
    }),
  );
  serve(routes, 'requests', async ({ caller, query }) =>
    answerPage(await listRequests(store.db, caller, query.filter, pageFrom(query), context.now())),
  );
  serve(routes, 'createRequest', async ({ caller, body }) => {
    await assertUserOf(context, caller, 'createRequest', body.resource);
    return createRequest(context, await withCode(routes, caller, body.mfaCode), {
      resource: body.resource,
      role: body.role,
      duration: body.duration === undefined ? null : parseDuration(body.duration),
      startsAt: instantOr(body.startsAt, null),
      recurrence:
        body.recurrence === undefined
          ? null
          : { ...body.recurrence, until: Temporal.Instant.from(body.recurrence.until) },
      reason: body.reason,
      ticket: body.ticket ?? null,
      only: body.only ?? null,
      breakGlass: body.breakGlass,
    });
  });
  serve(routes, 'request', async ({ caller, params, query, signal }) => {
    const { request } = await readRequest(store.db, params.id);
    await assertMaySeeRequest(store.db, caller, request, await standsInFor(store.db, caller.name, context.now()));
    return whenChanged(store, () => showRequest(store.db, params.id, context.now()), { seconds: query.wait, signal });
  });
  serve(routes, 'review', async ({ caller, params, body }) =>
    reviewRequest(context, await withCode(routes, caller, body.mfaCode), params.id, {
      decision: body.decision,
      duration: body.duration === undefined ? null : parseDuration(body.duration),
      comment: body.comment ?? null,
    }),
  );
  serve(routes, 'afterReviews', async ({ caller, query }) =>
    answerPage(await listAfterReviews(store.db, caller, query.state, pageFrom(query), context.now())),
  );
  serve(routes, 'afterReview', ({ caller, params, body }) => reviewAfterwards(context, caller, params.id, body));
  serve(routes, 'delegations', async ({ caller, query }) =>
    answerPage(await listDelegations(store.db, caller, query.state, pageFrom(query), context.now())),
  );
  serve(routes, 'createDelegation', ({ caller, body }) =>
    createDelegation(context, caller, {
      person: body.person ?? null,
      delegate: body.delegate,
      startsAt: instantOr(body.startsAt, null),
      endsAt: Temporal.Instant.from(body.endsAt),
      reason: body.reason,
    }),
  );
  serve(routes, 'endDelegation', ({ caller, params }) => endDelegation(context, caller, params.id));
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
const instantOr = <T>(text: string | undefined, otherwise: T): Temporal.Instant | T =>
  text === undefined ? otherwise : Temporal.Instant.from(text);

/** A code sent along with a call is looked at first, whether or not the rule asks for one. */
export async function withCode({ context }: Routes, caller: Caller, code: string | undefined): Promise<Caller> {
  return code === undefined ? caller : showCode(context, caller, code);
}
