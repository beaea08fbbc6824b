/** Every endpoint by who calls it, one file an area, in the order in which they are called. */
import type { EndpointName } from '@tidegate/contract';
import { configuration } from './configuration.ts';
import { endings } from './endings.ts';
import { factors } from './factors.ts';
import { gateways } from './gateways.ts';
import { grants } from './grants.ts';
import { identity } from './identity.ts';
import { apiKeys } from './keys.ts';
import { notices } from './notices.ts';
import { oidc } from './oidc.ts';
import { overview } from './overview.ts';
import { people } from './people.ts';
import { queries } from './query.ts';
import { record } from './record.ts';
import { requests } from './requests.ts';
import { resources } from './resources.ts';
import type { Row } from './row.ts';
import { sessions } from './sessions.ts';
import { workloads } from './workloads.ts';

export const TABLE: Readonly<Record<EndpointName, Row>> = {
  ...identity,
  ...factors,
  ...oidc,
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
  ...endings,
};
