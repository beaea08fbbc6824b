/** Refusals in SCIM's own words (RFC 7644 section 3.12): the same refusals, and the same log, as everywhere else. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ScimError } from '../identity/scim/errors.ts';
import { handleError, problemOf } from './problems.ts';

export function handleScimError(error: Error, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  // Logs, and sets the headers that go with a status; what it would send is replaced.
  const told = problemOf(error, request.id);
  const status = error instanceof ScimError ? error.status : told.status;
  const scimType = error instanceof ScimError ? error.scimType : told.code === 'invalid_input' ? 'invalidSyntax' : null;
  const body = {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
    status: String(status),
    ...(scimType === null ? {} : { scimType }),
    detail: `${told.detail} ${told.next}`.trim(),
  };
  if (status >= 500) return handleError(error, request, reply);
  if (status === 401) void reply.header('www-authenticate', 'Bearer realm="tidegate"');
  return reply.code(status).type('application/scim+json').send(JSON.stringify(body));
}
