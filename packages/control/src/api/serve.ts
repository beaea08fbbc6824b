/**
 * One route out of one line of the contract's table: method, path, schemas and who may call come from there, so that the
 * API, its description and its client cannot say different things.
 */
import type { X509Certificate } from 'node:crypto';
import { type Endpoint, type EndpointName, endpoints, problem } from '@tidegate/contract';
import { TidegateError } from '@tidegate/core';
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { assertInScope, authenticateKey, isApiKey } from '../identity/api-keys/authenticate.ts';
import type { Caller } from '../identity/caller.ts';
import { authenticate } from '../identity/logins.ts';
import { offeringLink } from '../identity/offer-link.ts';
import { assertAdmitted } from '../identity/permissions/admit.ts';
import { recorded } from '../refusals.ts';
import { assertFromOurPage, type Browser, browserOf } from './browser.ts';
import { certificateOf } from './tls.ts';

type Table = typeof endpoints;
type Parsed<E, K extends string> = E extends Readonly<Record<K, infer S extends z.ZodType>> ? z.output<S> : undefined;

/** What a handler is given: everything parsed, and who calls (nobody, where anyone may). */
export interface Call<E extends Endpoint> {
  readonly params: Parsed<E, 'params'>;
  readonly query: Parsed<E, 'query'>;
  readonly body: Parsed<E, 'body'>;
  readonly caller: E['access'] extends 'anyone' ? null : Caller;
  readonly address: string;
  /** As the client calls itself. */
  readonly userAgent: string | null;
  readonly browser: Browser;
  /** What the client showed in TLS, of the authority for clients; null: nothing that holds. */
  readonly certificate: X509Certificate | null;
  /** Aborted when the client is gone or the server stops. */
  readonly signal: AbortSignal;
}
/** Answers what the endpoint's schema describes; nothing where it has none. */
export type Handler<K extends EndpointName> = Table[K] extends { readonly answer: infer S extends z.ZodType }
  ? (call: Call<Table[K]>) => Promise<z.output<S>>
  : (call: Call<Table[K]>) => Promise<void>;

export interface Served {
  readonly app: FastifyInstance;
  readonly context: Context;
  /** Aborted when the server stops: what waits must not hold it up. */
  readonly stopping: AbortSignal;
}

/** Registers the route of one endpoint. `bodyLimit` in bytes, where the default is too small. */
export function serve<K extends EndpointName>(
  served: Served,
  name: K,
  handler: Handler<K>,
  options: { readonly bodyLimit?: number } = {},
): void {
  const endpoint: Endpoint = endpoints[name];
  const status = endpoint.status ?? 200;
  served.app.route({
    method: endpoint.method,
    url: endpoint.path,
    ...options,
    schema: {
      operationId: name,
      ...described(endpoint),
      ...(endpoint.params === undefined ? {} : { params: endpoint.params }),
      ...(endpoint.query === undefined ? {} : { querystring: endpoint.query }),
      ...(endpoint.body === undefined ? {} : { body: endpoint.body }),
      response: { [status]: answered(endpoint), default: REFUSED },
    },
    onRequest: admit(served, name, endpoint),
    handler: async (request, reply) => {
      const call = { ...parsed<Table[K]>(request), ...whoAndWhere(served, request, reply) } as Call<Table[K]>;
      const answer = await offeringLink(served.context, call.caller, () => handler(call));
      return reply.code(status).send(answer);
    },
  });
}

/** What OpenAPI says of a refusal; `problems.ts` writes it. */
export const REFUSED = {
  description: 'Refused: `code` is stable, `detail` says what happened, `next` what can be done',
  content: { 'application/problem+json': { schema: problem } },
};

/** `null` is how an answer without a body is told to the generator. */
const answered = ({ answer }: Endpoint) =>
  answer === undefined
    ? z.null().describe('Done')
    : { description: 'Done', content: { 'application/json': { schema: answer } } };

/** What fastify has parsed with the endpoint's own schemas; `unknown` only because it is registered generically. */
const parsed = <E extends Endpoint>({ params, query, body }: FastifyRequest) => ({
  params: params as Parsed<E, 'params'>,
  query: query as Parsed<E, 'query'>,
  body: body as Parsed<E, 'body'>,
});

const callers = new WeakMap<FastifyRequest, Caller>();

/** Who calls; only for routes whose endpoint asks for a login. */
export function callerOf(request: FastifyRequest): Caller {
  const caller = callers.get(request);
  if (caller === undefined) throw new TidegateError('unauthenticated', 'You are not signed in.', 'Sign in first.');
  return caller;
}

/** One for all: an error of its own for each answer that went well costs more than it tells. */
const GONE = new DOMException('The caller is gone.', 'AbortError');

/** The caller, the address, and the signal that ends what they wait for. */
export function whoAndWhere({ context, stopping }: Served, request: FastifyRequest, reply: FastifyReply) {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort(GONE));
  return {
    caller: callers.get(request) ?? null,
    address: request.ip,
    userAgent: request.headers['user-agent'] ?? null,
    browser: browserOf(context, request, reply),
    signal: AbortSignal.any([gone.signal, stopping]),
    certificate: certificateOf(request.raw.socket),
  };
}

/**
 * Who calls, by the token in the header, or the one in the browser's cookie. A header that is there counts alone: what
 * is wrong with it is never made up for by a cookie.
 */
async function callerFrom(
  context: Context,
  endpoint: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Caller> {
  const { ip: address, headers } = request;
  const browser = browserOf(context, request, reply);
  if (headers.authorization === undefined && browser.token !== null) {
    const credential = { kind: 'cookie', token: browser.token } as const;
    const caller = await authenticate(context, credential, address, browser.keep);
    const tried = { kind: 'call.refused', data: { person: caller.name, endpoint, address } };
    await recorded(context, tried, async () => assertFromOurPage(context.signIn, request));
    return caller;
  }
  const [, token] = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(headers.authorization ?? '') ?? [];
  if (token === undefined) {
    throw new TidegateError('unauthenticated', 'You are not signed in.', 'Sign in: tidegate login.');
  }
  if (isApiKey(token)) return authenticateKey(context, token, address);
  return authenticate(context, { kind: 'bearer', token }, address, () => undefined);
}

/** Before the body is read: a login where one is needed, and what the endpoint says its caller must be. */
export function admit({ context }: Served, name: string, endpoint: Endpoint) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (endpoint.access === 'anyone') return;
    const caller = await callerFrom(context, name, request, reply);
    await assertInScope(context, caller, name);
    await assertAdmitted(context, caller, name, endpoint);
    callers.set(request, caller);
  };
}

/** What OpenAPI says about an endpoint besides its schemas. */
export function described(endpoint: Endpoint): RouteShorthandOptions['schema'] {
  const needs = {
    anyone: '',
    person: '',
    auditor: ' For auditors and administrators.',
    'policy-reader': ' For auditors, policy editors and administrators.',
    'policy-editor': ' For policy editors and administrators.',
    administrator: ' For administrators.',
  };
  return {
    summary: endpoint.summary,
    description: `${endpoint.summary}.${needs[endpoint.access]}${endpoint.scoped === true ? ' Or on some resources.' : ''}`,
    tags: [endpoint.path.split('/')[2] ?? ''],
    security: endpoint.access === 'anyone' ? [] : [{ bearer: [] }, { cookie: [] }],
  };
}
