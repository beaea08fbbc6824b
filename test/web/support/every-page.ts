/** Every page there is: who looks at it, what shows that it is read, and the answer it stands on. */
import type { Ids } from './world.ts';

export interface PageCase {
  /** Of its pictures. */
  readonly name: string;
  readonly who: 'alice' | 'bob' | 'carol';
  readonly at: (ids: Ids) => string;
  /** Is there once it is read, and not before. */
  readonly shows: string | RegExp;
  /** The path that answers what it shows. */
  readonly asks: (ids: Ids) => string;
}

const page = (
  who: PageCase['who'],
  name: string,
  at: string | PageCase['at'],
  shows: PageCase['shows'],
  asks: string | PageCase['asks'],
): PageCase => ({
  who,
  name,
  shows,
  at: typeof at === 'string' ? () => at : at,
  asks: typeof asks === 'string' ? () => asks : asks,
});

export const EVERY_PAGE: readonly PageCase[] = [
  page('alice', 'home', '/', 'reader on orders', '/v1/grants'),
  page('alice', 'ask', '/request', 'PostgreSQL', '/v1/resources'),
  page('alice', 'ask-form', '/request?resource=orders&role=owner', 'This takes an approval', '/v1/explain'),
  page('alice', 'requests', '/requests', 'owner on orders', '/v1/requests'),
  page(
    'alice',
    'request',
    ({ pending }) => `/requests/${pending}`,
    'INC-12',
    ({ pending }) => `/v1/requests/${pending}`,
  ),
  page('alice', 'query', '/query', 'Connect', '/v1/grants'),
  page('alice', 'notices', '/notices', /reader on orders/, '/v1/me/notices'),
  page('alice', 'stand-ins', '/stand-ins', 'Nobody stands in for anybody.', '/v1/delegations'),
  page('alice', 'security', '/security', 'this one', '/v1/me/logins'),
  page(
    'alice',
    'mfa',
    ({ challenge }) => `/mfa?challenge=${challenge}`,
    'Go on only if it shows this very code.',
    ({ challenge }) => `/v1/me/mfa/challenges/${challenge}`,
  ),
  page('bob', 'reviews', '/reviews', 'a new column', '/v1/requests'),
  page('bob', 'after-reviews', '/reviews/after', 'Nothing waits to be looked at.', '/v1/after-reviews'),
  page('carol', 'resources', '/resources', 'PostgreSQL', '/v1/resources'),
  page('carol', 'resource', '/resources/orders', 'Read every table', '/v1/resources/orders'),
  page('carol', 'resource-edit', '/resources/orders/edit', 'Test the connection', '/v1/config'),
  page('carol', 'resource-add', '/add-resource', 'Test the connection', '/v1/config'),
  page('carol', 'overview', '/overview', 'Open by resource', '/v1/overview'),
  page('carol', 'sessions', '/sessions?show=all', 'The client said goodbye', '/v1/sessions'),
  page(
    'carol',
    'session',
    ({ session }) => `/sessions/${session}`,
    'SELECT nonsense',
    ({ session }) => `/v1/sessions/${session}`,
  ),
  page('carol', 'record', '/record?text=nonsense', 'SELECT nonsense', '/v1/audit/search'),
  page('carol', 'chain', '/record/chain', 'Last entry', '/v1/audit/streams'),
  page(
    'carol',
    'story',
    ({ grant }) => `/record/grants/${grant}`,
    'bob approved',
    ({ grant }) => `/v1/grants/${grant}/story`,
  ),
  page('carol', 'policies', '/policies', 'Version 1', '/v1/config'),
  page('carol', 'policies-edit', '/policies?tab=edit', 'apiVersion', '/v1/config'),
  page('carol', 'policies-versions', '/policies?tab=versions&version=1', 'apiVersion', '/v1/config/versions/1'),
  page(
    'carol',
    'policies-explain',
    '/policies?tab=explain&resource=orders&role=owner&as=alice',
    'Needs approval',
    '/v1/explain',
  ),
  page('carol', 'policies-simulate', '/policies?tab=simulate', 'How past requests would be decided', '/v1/config'),
  page('carol', 'outgrown', '/policies/outgrown', /^Every open grant is one/, '/v1/grants/outgrown'),
  page('carol', 'people', '/people', 'engineers', '/v1/people'),
  page('carol', 'groups', '/people?tab=groups', 'engineers', '/v1/people'),
  page('carol', 'person', '/people/alice', 'Where they are signed in', '/v1/people/alice'),
  page('carol', 'gateways', '/gateways', 'Connected', '/v1/gateways'),
  page('carol', 'settings', '/settings', 'Version 1, in force', '/v1/config'),
];
