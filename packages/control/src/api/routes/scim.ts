/**
 * SCIM 2.0 (RFC 7643, RFC 7644) at `/scim/v2`, for the provisioning services of identity providers. Not in the contract's
 * table: its shapes, its errors and its media type are the RFCs', and nobody but a provider calls it.
 */
import { TidegateError } from '@tidegate/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { authenticateKey, isApiKey } from '../../identity/api-keys/authenticate.ts';
import type { Caller } from '../../identity/caller.ts';
import { assertProvisioner, change } from '../../identity/scim/actor.ts';
import { LIST_MAX, resourceTypes, schemas, serviceProviderConfig } from '../../identity/scim/discovery.ts';
import { invalid, notFound, ScimError } from '../../identity/scim/errors.ts';
import {
  createGroup,
  deleteGroup,
  membersOf,
  patchGroup,
  readGroup,
  replaceGroup,
} from '../../identity/scim/groups.ts';
import { groupsOfUsers, type Listing, listGroups, listUsers } from '../../identity/scim/lists.ts';
import { namesIn, type Projection, project, type Shown, showGroup, showUser } from '../../identity/scim/resources.ts';
import { createUser, deleteUser, patchUser, readUser, replaceUser } from '../../identity/scim/users.ts';
import type { Values } from '../../identity/scim/values.ts';
import type { Tx } from '../../store/schema.ts';
import type { ScimGroupRow, ScimUserRow } from '../../store/schema-scim.ts';
import { handleScimError } from '../scim-problems.ts';
import type { Routes } from './routes.ts';

export const SCIM_PATH = '/scim/v2';
const MEDIA_TYPE = 'application/scim+json';
/** A group of twenty thousand. */
const BODY_LIMIT = 4 * 1024 * 1024;
const LISTED = 100;

export function scimRoutes(routes: Routes): void {
  void routes.app.register(
    async (scope) => {
      const json = scope.getDefaultJsonParser('error', 'error');
      scope.addContentTypeParser(MEDIA_TYPE, { parseAs: 'string', bodyLimit: BODY_LIMIT }, json);
      scope.setErrorHandler(handleScimError);
      scope.setNotFoundHandler((request, reply) =>
        handleScimError(new ScimError(404, null, 'There is nothing at this address.'), request, reply),
      );
      scope.addHook('onRequest', async (request) => admit(routes, request));
      scope.addHook('onRoute', (route) => {
        route.schema = { hide: true };
        route.bodyLimit = BODY_LIMIT;
      });
      discoveryRoutes(routes, scope);
      userRoutes(routes, scope);
      groupRoutes(routes, scope);
    },
    { prefix: SCIM_PATH },
  );
}

const callers = new WeakMap<FastifyRequest, Caller>();

async function admit({ context }: Routes, request: FastifyRequest): Promise<void> {
  const [, token] = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(request.headers.authorization ?? '') ?? [];
  if (token === undefined || !isApiKey(token)) {
    throw new TidegateError('unauthenticated', 'SCIM takes an API key as a bearer token.', 'See tidegate keys.');
  }
  const caller = await authenticateKey(context, token, request.ip);
  assertProvisioner(caller);
  callers.set(request, caller);
}

function callerOf(request: FastifyRequest): Caller {
  const caller = callers.get(request);
  if (caller === undefined) throw new TidegateError('unauthenticated', 'SCIM takes an API key.');
  return caller;
}

const baseOf = ({ context }: Routes): string => `${context.signIn.publicUrl()}${SCIM_PATH}`;

function discoveryRoutes(routes: Routes, scope: FastifyInstance): void {
  const one = (reply: FastifyReply, all: Values[], request: FastifyRequest) => {
    const { id } = params.parse(request.params);
    const found = all.find((each) => each.id === id);
    if (found === undefined) throw notFound('description', id);
    return send(reply, 200, found);
  };
  scope.get('/ServiceProviderConfig', async (_, reply) => send(reply, 200, serviceProviderConfig(baseOf(routes))));
  scope.get('/ResourceTypes', async (_, reply) => send(reply, 200, listed(resourceTypes(baseOf(routes)))));
  scope.get('/ResourceTypes/:id', async (request, reply) => one(reply, resourceTypes(baseOf(routes)), request));
  scope.get('/Schemas', async (_, reply) => send(reply, 200, listed(schemas(baseOf(routes)))));
  scope.get('/Schemas/:id', async (request, reply) => one(reply, schemas(baseOf(routes)), request));
}

function userRoutes(routes: Routes, scope: FastifyInstance): void {
  const { context } = routes;
  const { db } = context.store;
  const show = async (rows: readonly ScimUserRow[]): Promise<Shown[]> => {
    const groups = await groupsOfUsers(
      db,
      rows.map(({ id }) => id),
    );
    return rows.map((row) => showUser(row, groups.get(row.id) ?? [], baseOf(routes)));
  };
  const answer = async (request: FastifyRequest, reply: FastifyReply, status: number, row: ScimUserRow) =>
    sendOne(request, reply, status, (await show([row]))[0]);

  scope.get('/Users', async (request, reply) => {
    const wanted = listing(request);
    const { total, rows } = await listUsers(db, wanted);
    return sendList(request, reply, wanted, total, await show(rows));
  });
  scope.get('/Users/:id', async (request, reply) => answer(request, reply, 200, await readUser(db, idOf(request))));
  scope.post('/Users', async (request, reply) =>
    answer(
      request,
      reply,
      201,
      await changing(routes, request, 'POST /Users', (tx, by) => createUser(tx, by, request.body)),
    ),
  );
  scope.put('/Users/:id', async (request, reply) => {
    const work: Work<ScimUserRow> = (tx, by) => replaceUser(tx, by, idOf(request), request.body, ifMatch(request));
    return answer(request, reply, 200, await changing(routes, request, 'PUT /Users', work));
  });
  scope.patch('/Users/:id', async (request, reply) => {
    const work: Work<ScimUserRow> = (tx, by) => patchUser(tx, by, idOf(request), request.body, ifMatch(request));
    return answer(request, reply, 200, await changing(routes, request, 'PATCH /Users', work));
  });
  scope.delete('/Users/:id', async (request, reply) => {
    await changing(routes, request, 'DELETE /Users', (tx, by) => deleteUser(tx, by, idOf(request), ifMatch(request)));
    return reply.code(204).send();
  });
}

function groupRoutes(routes: Routes, scope: FastifyInstance): void {
  const { context } = routes;
  const { db } = context.store;
  const show = async (request: FastifyRequest, rows: readonly ScimGroupRow[]): Promise<Shown[]> => {
    // Thousands of members are not read only to be left out.
    const wanted = isShown('members', projection(request));
    const members = wanted
      ? await membersOf(
          db,
          rows.map(({ id }) => id),
        )
      : null;
    return rows.map((row) => showGroup(row, members === null ? null : (members.get(row.id) ?? []), baseOf(routes)));
  };
  const answer = async (request: FastifyRequest, reply: FastifyReply, status: number, row: ScimGroupRow) =>
    sendOne(request, reply, status, (await show(request, [row]))[0]);

  scope.get('/Groups', async (request, reply) => {
    const wanted = listing(request);
    const { total, rows } = await listGroups(db, wanted);
    return sendList(request, reply, wanted, total, await show(request, rows));
  });
  scope.get('/Groups/:id', async (request, reply) => answer(request, reply, 200, await readGroup(db, idOf(request))));
  scope.post('/Groups', async (request, reply) => {
    const work: Work<ScimGroupRow> = (tx, by) => createGroup(tx, by, request.body);
    return answer(request, reply, 201, await changing(routes, request, 'POST /Groups', work));
  });
  scope.put('/Groups/:id', async (request, reply) => {
    const work: Work<ScimGroupRow> = (tx, by) => replaceGroup(tx, by, idOf(request), request.body, ifMatch(request));
    return answer(request, reply, 200, await changing(routes, request, 'PUT /Groups', work));
  });
  scope.patch('/Groups/:id', async (request, reply) => {
    const work: Work<ScimGroupRow> = (tx, by) => patchGroup(tx, by, idOf(request), request.body, ifMatch(request));
    const row = await changing(routes, request, 'PATCH /Groups', work);
    // The whole group is an answer only to who asks for it: Entra ID patches groups of thousands, a few members at a time.
    if (projection(request).attributes !== null) return answer(request, reply, 200, row);
    return reply
      .code(204)
      .header('etag', showGroup(row, null, baseOf(routes)).etag)
      .send();
  });
  scope.delete('/Groups/:id', async (request, reply) => {
    await changing(routes, request, 'DELETE /Groups', (tx, by) => deleteGroup(tx, by, idOf(request), ifMatch(request)));
    return reply.code(204).send();
  });
}

type Work<T> = (tx: Tx, by: Parameters<Parameters<typeof change>[4]>[1]) => Promise<T>;

const changing = <T>({ context }: Routes, request: FastifyRequest, what: string, work: Work<T>): Promise<T> =>
  change(context, callerOf(request), what, params.partial().parse(request.params).id ?? null, work);

const params = z.object({ id: z.string().max(300) });
const idOf = (request: FastifyRequest): string => params.parse(request.params).id;

const ifMatch = ({ headers }: FastifyRequest): string | null => headers['if-match'] ?? null;

const shownQuery = z.object({
  attributes: z.string().max(4_000).optional(),
  excludedAttributes: z.string().max(4_000).optional(),
});
const listQuery = z.object({
  filter: z.string().optional(),
  startIndex: z.coerce.number().int().optional(),
  count: z.coerce.number().int().optional(),
});

function projection(request: FastifyRequest): Projection {
  const parsed = shownQuery.safeParse(request.query);
  if (!parsed.success) throw invalid('invalidValue', '“attributes” is a list of names with commas between.');
  const { attributes, excludedAttributes } = parsed.data;
  return { attributes: attributes === undefined ? null : namesIn(attributes), excluded: namesIn(excludedAttributes) };
}

const isShown = (name: string, { attributes, excluded }: Projection): boolean =>
  !excluded.includes(name) && (attributes === null || attributes.some((each) => each.split('.')[0] === name));

/** Too small is 1 for the start and 0 for the count (RFC 7644 section 3.4.2.4). */
function listing(request: FastifyRequest): Listing {
  const parsed = listQuery.safeParse(request.query);
  if (!parsed.success) throw invalid('invalidValue', '“startIndex” and “count” are whole numbers.');
  const { filter, startIndex = 1, count = LISTED } = parsed.data;
  return {
    filter: filter === undefined || filter.trim() === '' ? null : filter,
    startIndex: Math.min(Math.max(startIndex, 1), Number.MAX_SAFE_INTEGER),
    count: Math.min(Math.max(count, 0), LIST_MAX),
  };
}

function sendOne(request: FastifyRequest, reply: FastifyReply, status: number, shown: Shown | undefined): FastifyReply {
  if (shown === undefined) throw new TidegateError('internal', 'A resource was lost on its way.');
  const { resource, etag, location } = shown;
  void reply.header('etag', etag).header('location', location);
  if (request.method === 'GET' && request.headers['if-none-match'] === etag) return reply.code(304).send();
  return send(reply, status, project(resource, projection(request)));
}

function sendList(
  request: FastifyRequest,
  reply: FastifyReply,
  { startIndex }: Listing,
  total: number,
  shown: readonly Shown[],
): FastifyReply {
  const fields = projection(request);
  return send(
    reply,
    200,
    listed(
      shown.map(({ resource }) => project(resource, fields)),
      total,
      startIndex,
    ),
  );
}

const listed = (resources: readonly Values[], totalResults = resources.length, startIndex = 1): Values => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
  totalResults,
  startIndex,
  itemsPerPage: resources.length,
  Resources: resources,
});

const send = (reply: FastifyReply, status: number, body: Values): FastifyReply =>
  reply.code(status).type(MEDIA_TYPE).send(JSON.stringify(body));
