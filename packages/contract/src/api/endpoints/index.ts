/**
 * Every endpoint of the API in one table: the server registers its routes from it, the client its methods, and
 * `openapi.json` its paths. `access` is the least a caller must be; what they may see of it is the handler's matter.
 * One file an area.
 */
import { configuration } from './configuration.ts';
import { secondFactors } from './factors.ts';
import { gateways } from './gateways.ts';
import { grants } from './grants.ts';
import { apiKeys } from './keys.ts';
import { notices } from './notices.ts';
import { identityProviders } from './oidc.ts';
import { overview } from './overview.ts';
import { people } from './people.ts';
import { queries } from './query.ts';
import { record } from './record.ts';
import { requests } from './requests.ts';
import { resources } from './resources.ts';
import { sessions } from './sessions.ts';
import { signIn } from './sign-in.ts';
import { workloads } from './workloads.ts';

export type { Access, Endpoint } from './endpoint.ts';
export { type NoticeView, notice } from './notices.ts';
export { backChannelLogout, signInCallback } from './oidc.ts';
export { runQuery } from './query.ts';
export { auditExport } from './record.ts';
export { sessionLive } from './sessions.ts';
export { liveStream } from './stream.ts';

export const endpoints = {
  ...signIn,
  ...identityProviders,
  ...secondFactors,
  ...people,
  ...apiKeys,
  ...workloads,
  ...resources,
  ...requests,
  ...grants,
  ...sessions,
  ...configuration,
  ...gateways,
  ...notices,
  ...record,
  ...overview,
  ...queries,
} as const;

export type EndpointName = keyof typeof endpoints;
