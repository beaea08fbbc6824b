/** The HTTP server: limits, headers, errors and routes. What a route does is in `routes/`, one file a noun. */
import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import swagger from '@fastify/swagger';
import { randomText, TidegateError } from '@tidegate/core';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyHttpOptions,
  type FastifyInstance,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { jsonSchemaTransform, serializerCompiler } from 'fastify-type-provider-zod';
import { OPENAPI, withNamedSchemas } from './description.ts';
import { handleError, problemOf, sendProblem } from './problems.ts';
import { registerRoutes } from './routes/index.ts';
import type { Parts } from './routes/routes.ts';
import { asksForPage, sendApp, serveFiles } from './static.ts';
import { type Tls, tlsServer } from './tls.ts';
import { validator } from './validate.ts';

/** Bodies are small; only configurations are not, and say so themselves. */
const BODY_LIMIT = 64 * 1024;
/** A whole request has to arrive within this. */
const REQUEST_TIMEOUT_MS = 30_000;
/** How long answers that are under way may take when the server stops. */
const CLOSE_GRACE_MS = 3_000;
/** Long names, percent-encoded. */
const PARAM_MAX = 1024;

export interface ServerOptions {
  /** Proxies whose `X-Forwarded-For` is believed: addresses or networks; nobody's where left out. */
  readonly trustProxy?: readonly string[];
  /** What a browser is shown; nothing where there is none. */
  readonly webFolder: string | null;
  /** Where the server itself does TLS; a proxy does, or nobody, where left out. */
  readonly tls?: Tls | null;
}

/** Builds the server; `listen` is the caller's matter. Closing it answers what waits and then waits for what runs. */
export async function buildServer(
  parts: Parts,
  { trustProxy, webFolder, tls }: ServerOptions,
): Promise<FastifyInstance> {
  const log: FastifyBaseLogger = parts.context.log;
  const app = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    ...listener(tls ?? null),
    trustProxy: trustProxy === undefined ? false : [...trustProxy],
    routerOptions: { maxParamLength: PARAM_MAX },
    // Ours alone: an id from outside could forge what stands in the log.
    genReqId: () => `t_${randomText(randomBytes, 16)}`,
    return503OnClosing: true,
    forceCloseConnections: 'idle',
  });
  app.setValidatorCompiler(validator);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(handleError);
  app.setNotFoundHandler((request, reply) => {
    if (webFolder !== null && asksForPage(request)) return sendApp(reply);
    const nothing = new TidegateError('not_found', 'There is nothing at this address.', 'See /v1/openapi.json.');
    return sendProblem(reply, problemOf(nothing, request.id));
  });
  app.addHook('onRequest', async (request, reply) => {
    void reply.headers({ ...HEADERS, 'x-request-id': request.id });
  });
  app.addHook('preValidation', async ({ params, query, body }) => assertNoNul([params, query, body]));
  app.addHook('onResponse', async (request, reply) => logAnswer(request, reply.statusCode, reply.elapsedTime));

  const stopping = new AbortController();
  app.addHook('preClose', async () => {
    stopping.abort();
    // What is still being sent then (an export, to a slow reader) is cut: it can be asked for again.
    setTimeout(() => app.server.closeAllConnections(), CLOSE_GRACE_MS).unref();
  });
  // A connection kept for a next request would keep us from ending.
  app.addHook('onSend', async (_, reply) => {
    if (stopping.signal.aborted) void reply.header('connection', 'close');
  });

  await app.register(swagger, {
    openapi: OPENAPI,
    transform: jsonSchemaTransform,
    transformObject: withNamedSchemas,
  });
  await app.register(async (scope) => registerRoutes({ ...parts, app: scope, stopping: stopping.signal }));
  if (webFolder !== null) await serveFiles(app, webFolder);
  await app.ready();
  return app;
}

/** Fastify's own where there is no TLS to do. */
const listener = (tls: Tls | null): Pick<FastifyHttpOptions<Server>, 'serverFactory'> =>
  tls === null ? {} : { serverFactory: (handler) => tlsServer(tls, REQUEST_TIMEOUT_MS, handler) };

const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** PostgreSQL's text takes no NUL; said here once, so that no place behind has to think of it. */
function assertNoNul(value: unknown): void {
  if (typeof value === 'string' && value.includes('\0')) {
    throw new TidegateError('invalid_input', 'Text must not contain NUL characters.', 'Leave them out.');
  }
  if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) assertNoNul(each);
}

/** The path without its values: what is asked for by name may be nobody else's business. */
function logAnswer(request: FastifyRequest, status: number, elapsedMs: number): void {
  const route = request.routeOptions.url ?? 'none';
  const line = { method: request.method, route, status, ms: Math.round(elapsedMs), address: request.ip };
  request.log[request.method === 'GET' ? 'debug' : 'info'](line, 'answered');
}
