/**
 * Every endpoint of the API in one table: the server registers its routes from it, the client its methods, and
 * `openapi.json` its paths. `access` is the least a caller must be; what they may see of it is the handler's matter.
 */
import { z } from 'zod';
import { grantId, page, pageQuery, personName, requestId, resourceName, sessionId, ticketId } from '../shapes.ts';
import * as access from './access.ts';
import * as identity from './identity.ts';
import * as operate from './operate.ts';

/** `anyone`: no login needed. `auditor`: auditors and administrators. */
export type Access = 'anyone' | 'person' | 'auditor' | 'administrator';

export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With `:name` where a member of `params` goes. */
  readonly path: string;
  readonly access: Access;
  readonly summary: string;
  /** The answer's status; 200 where left out. 204 has no `answer`. */
  readonly status?: 201 | 204;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodObject;
  readonly answer?: z.ZodType;
}

const named = <T extends z.ZodType>(name: T) => z.object({ name });
const byId = <T extends z.ZodType>(id: T) => z.object({ id });

/** Seconds to wait for a change before answering what is. */
const wait = z.coerce.number<number>().int().min(0).max(60).default(0);
const openOrAll = z.enum(['open', 'all']).default('open');

export const endpoints = {
  // First set-up and signing in
  setup: {
    method: 'POST',
    path: '/v1/setup',
    access: 'anyone',
    summary: 'Make the first people, with the one-time token, and optionally the first configuration',
    body: identity.setup,
    answer: identity.setUp,
  },
  login: {
    method: 'POST',
    path: '/v1/login',
    access: 'anyone',
    summary: 'Sign in with a local account',
    body: identity.login,
    answer: identity.loggedIn,
  },
  logout: { method: 'POST', path: '/v1/logout', access: 'person', summary: 'End this login', status: 204 },
  me: { method: 'GET', path: '/v1/me', access: 'person', summary: 'Who is signed in', answer: identity.me },
  changePassword: {
    method: 'POST',
    path: '/v1/me/password',
    access: 'person',
    summary: 'Change your password; ends your other logins',
    body: identity.passwordChange,
    status: 204,
  },
  enrolTotp: {
    method: 'POST',
    path: '/v1/me/mfa/totp',
    access: 'person',
    summary: 'Begin a second factor (TOTP); it counts once confirmed',
    body: identity.totpEnrol,
    answer: identity.totpEnrolment,
  },
  confirmTotp: {
    method: 'POST',
    path: '/v1/me/mfa/totp/confirm',
    access: 'person',
    summary: 'Confirm the second factor with a first code',
    body: identity.totpCode,
    answer: identity.me,
  },
  verifyTotp: {
    method: 'POST',
    path: '/v1/me/mfa/totp/verify',
    access: 'person',
    summary: 'Show the second factor on this login',
    body: identity.totpCode,
    answer: identity.me,
  },
  removeTotp: {
    method: 'DELETE',
    path: '/v1/me/mfa/totp',
    access: 'person',
    summary: 'Remove the second factor; it must have been shown in the last five minutes',
    status: 204,
  },

  // People
  people: {
    method: 'GET',
    path: '/v1/people',
    access: 'auditor',
    summary: 'Everybody, by name',
    query: pageQuery,
    answer: page(identity.person),
  },
  person: {
    method: 'GET',
    path: '/v1/people/:name',
    access: 'auditor',
    summary: 'One person',
    params: named(personName),
    answer: identity.person,
  },
  createPerson: {
    method: 'POST',
    path: '/v1/people',
    access: 'administrator',
    summary: 'Make an account',
    body: identity.newPerson,
    status: 201,
    answer: identity.person,
  },
  changePerson: {
    method: 'PATCH',
    path: '/v1/people/:name',
    access: 'administrator',
    summary: 'Change an account: password, local groups, disabled, second factor',
    params: named(personName),
    body: identity.changePerson,
    answer: identity.person,
  },

  // Resources
  resources: {
    method: 'GET',
    path: '/v1/resources',
    access: 'person',
    summary: 'All resources, by name',
    answer: page(operate.resourceView),
  },
  resource: {
    method: 'GET',
    path: '/v1/resources/:name',
    access: 'person',
    summary: 'One resource',
    params: named(resourceName),
    answer: operate.resourceView,
  },
  setCredential: {
    method: 'PUT',
    path: '/v1/resources/:name/credential',
    access: 'administrator',
    summary: 'Store the password of the resource’s administrator, sealed',
    params: named(resourceName),
    body: operate.newCredential,
    status: 204,
  },

  giveUpResource: {
    method: 'POST',
    path: '/v1/resources/:name/give-up',
    access: 'administrator',
    summary:
      'For a server that is gone for good: close its closing grants, with findings that their principals may be left',
    params: named(resourceName),
    body: operate.giveUpResource,
    answer: operate.givenUp,
  },

  // Asking and agreeing
  explain: {
    method: 'GET',
    path: '/v1/explain',
    access: 'person',
    summary: 'What would be decided, by which rule and why; for others than yourself as auditor or administrator',
    query: access.explainQuery,
    answer: access.explanation,
  },
  requests: {
    method: 'GET',
    path: '/v1/requests',
    access: 'person',
    summary: 'Requests, newest first: yours, those you can review, or all you may see',
    query: pageQuery.extend({ filter: access.requestFilter.default('mine') }),
    answer: page(access.request),
  },
  createRequest: {
    method: 'POST',
    path: '/v1/requests',
    access: 'person',
    summary: 'Ask for access',
    body: access.newRequest,
    status: 201,
    answer: access.request,
  },
  request: {
    method: 'GET',
    path: '/v1/requests/:id',
    access: 'person',
    summary: 'One request; with `wait`, as soon as it or its grant changes, at once when nothing is on its way',
    params: byId(requestId),
    query: z.object({ wait }),
    answer: access.request,
  },
  review: {
    method: 'POST',
    path: '/v1/requests/:id/reviews',
    access: 'person',
    summary: 'Approve or deny',
    params: byId(requestId),
    body: access.newReview,
    answer: access.request,
  },
  cancelRequest: {
    method: 'POST',
    path: '/v1/requests/:id/cancel',
    access: 'person',
    summary: 'Take your request back',
    params: byId(requestId),
    answer: access.request,
  },

  // Grants
  grants: {
    method: 'GET',
    path: '/v1/grants',
    access: 'person',
    summary: 'Grants, newest first: the open ones, or all; yours, or for auditors and administrators everybody’s',
    query: pageQuery.extend({
      state: openOrAll,
      person: personName.optional(),
      resource: resourceName.optional(),
    }),
    answer: page(access.grant),
  },
  grant: {
    method: 'GET',
    path: '/v1/grants/:id',
    access: 'person',
    summary:
      'One grant; with `wait`, as soon as it changes, at once when it is neither on its way to open nor to close',
    params: byId(grantId),
    query: z.object({ wait }),
    answer: access.grant,
  },
  extendGrant: {
    method: 'POST',
    path: '/v1/grants/:id/extend',
    access: 'person',
    summary: 'Ask for more time; the grant’s end moves when that is approved',
    params: byId(grantId),
    body: access.extendGrant,
    status: 201,
    answer: access.request,
  },
  relinquishGrant: {
    method: 'POST',
    path: '/v1/grants/:id/relinquish',
    access: 'person',
    summary: 'Give your grant back before its end',
    params: byId(grantId),
    answer: access.grant,
  },
  revokeGrant: {
    method: 'POST',
    path: '/v1/grants/:id/revoke',
    access: 'person',
    summary: 'Take a grant away: administrators, and the owners of its resource',
    params: byId(grantId),
    body: access.revokeGrant,
    answer: access.grant,
  },
  connect: {
    method: 'POST',
    path: '/v1/connect',
    access: 'person',
    summary: 'Get a ticket for your active grant; answered once a gateway lets it in',
    body: access.connect,
    answer: access.connection,
  },
  revokeTicket: {
    method: 'DELETE',
    path: '/v1/grants/:id/tickets/:ticket',
    access: 'person',
    summary: 'Make one ticket worthless',
    params: z.object({ id: grantId, ticket: ticketId }),
    status: 204,
  },

  // Sessions
  sessions: {
    method: 'GET',
    path: '/v1/sessions',
    access: 'person',
    summary: 'Sessions, newest first: the open ones, or all; yours, or for auditors and administrators everybody’s',
    query: pageQuery.extend({ state: openOrAll, grant: grantId.optional() }),
    answer: page(access.session),
  },
  cutSession: {
    method: 'POST',
    path: '/v1/sessions/:id/cut',
    access: 'person',
    summary: 'End one session now: its person, administrators, and the owners of its resource',
    params: byId(sessionId),
    body: access.cutSession,
    status: 204,
  },

  // Configuration
  config: {
    method: 'GET',
    path: '/v1/config',
    access: 'auditor',
    summary: 'The configuration in force',
    answer: operate.configVersion,
  },
  planConfig: {
    method: 'POST',
    path: '/v1/config/plan',
    access: 'administrator',
    summary: 'What applying this configuration would change',
    body: operate.configText,
    answer: operate.configPlan,
  },
  applyConfig: {
    method: 'POST',
    path: '/v1/config/apply',
    access: 'administrator',
    summary: 'Put a configuration in force',
    body: operate.applyConfig,
    answer: operate.configVersion,
  },
  configVersions: {
    method: 'GET',
    path: '/v1/config/versions',
    access: 'auditor',
    summary: 'Every configuration there was, newest first',
    query: pageQuery,
    answer: page(operate.configVersion.omit({ yaml: true })),
  },
  configVersion: {
    method: 'GET',
    path: '/v1/config/versions/:version',
    access: 'auditor',
    summary: 'One configuration there was',
    params: z.object({ version: z.coerce.number<number>().int().min(0) }),
    answer: operate.configVersion,
  },

  // Gateways and findings
  gateways: {
    method: 'GET',
    path: '/v1/gateways',
    access: 'auditor',
    summary: 'All gateways',
    answer: page(operate.gatewayView),
  },
  revokeGateway: {
    method: 'POST',
    path: '/v1/gateways/:name/revoke',
    access: 'administrator',
    summary: 'Take a gateway out: its identity is refused from now on, its sessions are cut, its link is closed',
    params: named(z.string().min(1).max(63)),
    body: operate.revokeGateway,
    answer: operate.revokedGateway,
  },
  createJoinToken: {
    method: 'POST',
    path: '/v1/gateways/join-tokens',
    access: 'administrator',
    summary: 'Let one new gateway join',
    body: operate.newJoinToken,
    status: 201,
    answer: operate.joinToken,
  },
  findings: {
    method: 'GET',
    path: '/v1/findings',
    access: 'auditor',
    summary: 'Access left behind in databases, newest first',
    query: pageQuery.extend({ state: openOrAll, resource: resourceName.optional() }),
    answer: page(operate.finding),
  },

  // The record
  auditEntries: {
    method: 'GET',
    path: '/v1/audit/entries',
    access: 'auditor',
    summary: 'The record, newest first',
    query: pageQuery.extend(operate.auditQuery.shape),
    answer: page(operate.auditEntry),
  },
  auditStreams: {
    method: 'GET',
    path: '/v1/audit/streams',
    access: 'auditor',
    summary: 'Every stream of the record and where it stands',
    query: pageQuery,
    answer: page(operate.auditStream),
  },
  auditCheckpoints: {
    method: 'GET',
    path: '/v1/audit/checkpoints',
    access: 'auditor',
    summary: 'Signed checkpoints, newest first',
    query: pageQuery.extend({ stream: z.string().max(128).optional() }),
    answer: page(operate.checkpoint),
  },
  auditKey: {
    method: 'GET',
    path: '/v1/audit/key',
    access: 'auditor',
    summary: 'The public key that checks checkpoints',
    answer: operate.auditKey,
  },
} as const satisfies Readonly<Record<string, Endpoint>>;

export type EndpointName = keyof typeof endpoints;

/** NDJSON, one line an entry or checkpoint: not in the table, because its answer is a stream. */
export const auditExport = {
  method: 'GET',
  path: '/v1/audit/export',
  access: 'auditor',
  summary: 'The record as NDJSON, oldest first, with the checkpoints and the public key: what `audit verify` reads',
  query: operate.auditQuery,
} as const satisfies Endpoint;
