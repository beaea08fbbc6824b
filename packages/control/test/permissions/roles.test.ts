/** Tidegate's own roles: role by scope by endpoint, and what each sees and does within its scope. */
import { type EndpointName, endpoints } from '@tidegate/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { grantPrepared } from '../../src/access/reports.ts';
import { type Api, CONFIG, codeOf, PASSWORD, startApi, withCluster } from '../support/api.ts';

withCluster();
let api: Api;

/** `orders` is of prod, `shop` of dev. */
const LABELLED = CONFIG.replace(
  'databases: [orders, archive]\n',
  'databases: [orders, archive]\n    labels: { env: prod }\n',
)
  .replace('databases: [shop]\n', 'databases: [shop]\n    labels: { env: dev }\n')
  .replace('  - { name: leads }\n', '  - { name: leads }\n  - { name: wardens, members: [ward] }\n');
const PERMISSIONS = `
permissions:
  - { role: administrator, to: { people: [adam] } }
  - { role: administrator, to: { groups: [wardens] }, resources: { labels: { env: prod } } }
  - { role: auditor, to: { people: [aude] } }
  - { role: auditor, to: { people: [pia] }, resources: { labels: { env: prod } } }
  - { role: policy-editor, to: { people: [edie] } }
  - { role: reviewer, to: { people: [rita] }, resources: { names: [orders] } }
`;
const OTHERS = ['adam', 'ward', 'aude', 'pia', 'edie', 'rita'];

beforeAll(async () => {
  api = await startApi();
  const carol = await api.as('carol');
  for (const name of OTHERS) await carol.createPerson({ name, password: PASSWORD });
  await carol.applyConfig({ yaml: LABELLED + PERMISSIONS });
});
afterAll(() => api.close());

/**
 * By the least a caller must be: `A` administrator, `a` administrator of prod, `U` auditor, `u` auditor of prod, `P`
 * policy editor. Reviewers and everybody else are let in nowhere here.
 */
const TABLE: Readonly<Partial<Record<EndpointName, string>>> = {
  people: 'AU',
  person: 'AU',
  createPerson: 'A',
  changePerson: 'A',
  loginsOf: 'A',
  endLoginOf: 'A',
  identities: 'AU',
  linkIdentity: 'A',
  unlinkIdentity: 'A',
  workloads: 'AU',
  setCredential: 'Aa',
  testResource: 'A',
  giveUpResource: 'Aa',
  config: 'AUP',
  configVersions: 'AUP',
  configVersion: 'AUP',
  planConfig: 'AP',
  applyConfig: 'AP',
  simulateConfig: 'AP',
  gateways: 'AU',
  revokeGateway: 'A',
  createJoinToken: 'A',
  findings: 'AaUu',
  resolveFinding: 'A',
  auditEntries: 'AaUu',
  searchRecord: 'AaUu',
  recordSummary: 'AaUu',
  auditStreams: 'AU',
  auditCheckpoints: 'AU',
  auditKey: 'AU',
};
/** Everybody has one letter; `-` none. */
const WHO = { carol: 'A', adam: 'A', ward: 'a', audrey: 'U', aude: 'U', pia: 'u', edie: 'P', rita: '-', olga: '-' };

describe('role by endpoint', () => {
  const guarded = Object.keys(endpoints).filter(
    (name) => !['anyone', 'person'].includes(endpoints[name as EndpointName].access),
  ) as EndpointName[];

  test('every endpoint that takes a role is in the table', () => {
    expect(guarded.sort()).toEqual(Object.keys(TABLE).sort());
  });

  test.each(guarded)('%s', async (name) => {
    const { method, path } = endpoints[name];
    // `shop` is of dev: who is of prod alone comes through the door, and no further.
    const filled = path.replace(':version', '1').replace(/:\w+/g, 'orders');
    const admitted: Record<string, boolean> = {};
    for (const who of Object.keys(WHO)) {
      const { token } = await login(who);
      const body = ['GET', 'DELETE'].includes(method)
        ? {}
        : { body: '{}', headers: { 'content-type': 'application/json' } };
      const headers = { ...('headers' in body ? body.headers : {}), authorization: `Bearer ${token}` };
      const answer = await fetch(new URL(filled, api.url), { method, ...body, headers });
      admitted[who] = !(await answer.text()).includes('"Only ');
    }
    const expected = Object.entries(WHO).map(([who, letter]) => [who, TABLE[name]?.includes(letter) === true]);
    expect(admitted).toEqual(Object.fromEntries(expected));
  });
});

const tokens = new Map<string, Promise<{ token: string | null }>>();
function login(who: string) {
  const known = tokens.get(who) ?? api.nobody.login({ user: who, password: PASSWORD });
  tokens.set(who, known);
  return known;
}

describe('on some resources alone', () => {
  const opened = async (resource: string) => {
    const { grant } = await (await api.as('ivan')).createRequest({ resource, role: 'reader' });
    if (grant === null) throw new Error('no grant');
    await grantPrepared(api.context, grant.id);
    return grant.id;
  };

  test.each(['ward', 'pia', 'rita'])(
    '%s sees the requests, grants and sessions of these, and not others',
    async (who) => {
      const [orders, shop] = [await opened('orders'), await opened('shop')];
      const client = await api.as(who);
      const seen = (await client.grants({ limit: 500 })).items;
      expect(new Set(seen.map(({ resource }) => resource))).toEqual(new Set(['orders']));
      const requests = (await client.requests({ filter: 'all', limit: 500 })).items;
      expect(new Set(requests.map(({ resource }) => resource))).toEqual(new Set(['orders']));
      expect(await client.grant({ id: orders })).toMatchObject({ person: 'ivan' });
      expect(await codeOf(client.grant({ id: shop }))).toBe('not_found');
      await client.sessions();
    },
  );

  test('an administrator acts on these, and not on others; an auditor and a reviewer act on none', async () => {
    const [orders, shop] = [await opened('orders'), await opened('shop')];
    for (const who of ['pia', 'rita', 'aude']) {
      expect(await codeOf((await api.as(who)).revokeGrant({ id: orders, reason: 'x' }))).toBe('forbidden');
    }
    const ward = await api.as('ward');
    expect(await codeOf(ward.revokeGrant({ id: shop, reason: 'x' }))).toBe('not_found');
    expect(await ward.revokeGrant({ id: orders, reason: 'x' })).toMatchObject({ state: 'closing', closedBy: 'ward' });
    expect(await codeOf(ward.setCredential({ name: 'shop', password: 'x' }))).toBe('forbidden');
    expect(await codeOf(ward.giveUpResource({ name: 'shop', reason: 'x' }))).toBe('forbidden');
    expect(await codeOf(ward.setCredential({ name: 'orders', password: 'x' }))).toBe('conflict');
    const refusals = (await api.events()).filter(({ kind, data }) => kind === 'call.refused' && data.person === 'ward');
    expect(refusals.map(({ data }) => data.resource)).toEqual(expect.arrayContaining(['shop']));
  });

  test('an auditor reads the record of these alone', async () => {
    await opened('shop');
    const pia = await api.as('pia');
    const { items } = await pia.auditEntries({ limit: 500 });
    expect(items.length).toBeGreaterThan(3);
    // A refusal may tell of a grant there without naming the resource.
    const named = (list: readonly { data: Record<string, unknown> }[]) =>
      new Set(list.map(({ data }) => data.resource).filter((resource) => resource !== undefined));
    expect(named(items)).toEqual(new Set(['orders']));
    expect(items.map(({ kind }) => kind)).not.toContain('config.applied');
    const found = await pia.searchRecord({ limit: 500 });
    expect(named(found.items)).toEqual(new Set(['orders']));
    const { facets, total } = await pia.recordSummary();
    expect(facets.resource.map(({ value }) => value)).toEqual(['orders']);
    expect(total).toBe(items.length);
    const whole = await (await api.as('aude')).auditEntries({ limit: 500 });
    expect(whole.items.length).toBeGreaterThan(items.length);
    // The export is of these lines too, oldest first, and of none that another grant of theirs is not in.
    const lines = (await new Response(await pia.exportAudit()).text()).trimEnd().split('\n');
    const parsed = lines.map((line): { kind: string; seq: number; data: Record<string, unknown> } => JSON.parse(line));
    expect(named(parsed)).toEqual(new Set(['orders']));
    expect(parsed.map(({ seq }) => seq)).toEqual(items.map(({ seq }) => seq).toReversed());
    expect((await api.events()).at(-1)).toMatchObject({
      kind: 'record.exported',
      data: { by: 'pia', within: ['orders'] },
    });
    const none = await pia.exportAudit({ kind: 'config.applied' });
    expect(await new Response(none).text()).toBe('');
  });

  test('is told by whoami', async () => {
    expect((await (await api.as('ward')).me()).roles).toEqual([{ role: 'administrator', resources: ['orders'] }]);
    expect((await (await api.as('edie')).me()).roles).toEqual([{ role: 'policy-editor', resources: null }]);
    expect(await (await api.as('adam')).me()).toMatchObject({ administrator: true, auditor: false });
    expect((await (await api.as('olga')).me()).roles).toEqual([]);
  });

  test('follows labels as the configuration changes', async () => {
    const carol = await api.as('carol');
    await carol.applyConfig({ yaml: LABELLED.replace('{ env: dev }', '{ env: prod }') + PERMISSIONS });
    expect((await (await api.as('ward')).me()).roles).toEqual([
      { role: 'administrator', resources: ['orders', 'shop'] },
    ]);
    await carol.applyConfig({ yaml: LABELLED + PERMISSIONS });
    expect((await (await api.as('ward')).me()).roles).toEqual([{ role: 'administrator', resources: ['orders'] }]);
  });
});

describe('nobody has access to databases by a role here', () => {
  test.each(['adam', 'ward', 'aude', 'edie', 'rita'])('%s', async (who) => {
    const client = await api.as(who);
    expect(await codeOf(client.createRequest({ resource: 'orders', role: 'reader', reason: 'x' }))).toBe(
      'policy_denied',
    );
    expect(await codeOf(client.connect({ resource: 'orders' }))).toBe('no_active_grant');
  });

  test('and none approves by one', async () => {
    const { id } = await (await api.as('alice')).createRequest({ resource: 'orders', role: 'reader', reason: 'x' });
    for (const who of ['adam', 'ward', 'rita']) {
      const client = await api.as(who);
      expect(await codeOf(client.review({ id, decision: 'approve' }))).toBe('not_a_reviewer');
    }
  });
});

describe('a policy editor', () => {
  const apply = async (yaml: string) => codeOf((await api.as('edie')).applyConfig({ yaml }));

  test('changes the policy', async () => {
    const more = LABELLED.replace('lapseAfter: 1h', 'lapseAfter: 2h') + PERMISSIONS;
    expect((await (await api.as('edie')).planConfig({ yaml: more })).changes).toHaveLength(1);
    expect(await apply(more)).toBe('not refused');
    expect(await apply(LABELLED + PERMISSIONS)).toBe('not refused');
  });

  const provider = '\nidentityProviders: [{ name: own, issuer: "https://own.example", clientId: x }]\n';
  const workload = '\nworkloads: [{ name: w, runBy: [edie] }]\n';
  test.each([
    ['permissions', LABELLED + PERMISSIONS.replace('[edie]', '[edie, olga]')],
    ['no permissions at all', LABELLED],
    [
      'the group administrators',
      LABELLED.replace('groups:\n', 'groups:\n  - { name: administrators, members: [edie] }\n') + PERMISSIONS,
    ],
    [
      'the group auditors',
      LABELLED.replace('groups:\n', 'groups:\n  - { name: auditors, members: [edie] }\n') + PERMISSIONS,
    ],
    ['a group that is given a role', LABELLED.replace('members: [ward]', 'members: [ward, edie]') + PERMISSIONS],
    ['identity providers', LABELLED + PERMISSIONS + provider],
    ['workloads', LABELLED + PERMISSIONS + workload],
    ['who makes API keys', `${LABELLED + PERMISSIONS}\napiKeys: { self: { people: [edie] } }\n`],
  ])('never changes %s', async (_, yaml) => {
    expect(await apply(yaml)).toBe('forbidden');
    expect((await api.events()).at(-1)).toMatchObject({ kind: 'config.refused', data: { by: 'edie' } });
  });

  test('never brings a resource within a role of their own by its labels', async () => {
    const both = PERMISSIONS.replace('{ people: [pia] }', '{ people: [pia, edie] }');
    await (await api.as('carol')).applyConfig({ yaml: LABELLED + both });
    expect(await apply(LABELLED.replace('{ env: dev }', '{ env: prod }') + both)).toBe('forbidden');
    await (await api.as('carol')).applyConfig({ yaml: LABELLED + PERMISSIONS });
  });

  test('is not whoever may merely read it', async () => {
    for (const who of ['aude', 'ward', 'pia']) {
      expect(await codeOf((await api.as(who)).applyConfig({ yaml: LABELLED + PERMISSIONS }))).toBe('forbidden');
    }
  });
});

describe('users', () => {
  test('are everybody, until the configuration says who', async () => {
    const carol = await api.as('carol');
    const users =
      '  - { role: user, to: { groups: [engineers] } }\n  - { role: user, to: { people: [ivan] }, resources: { names: [shop] } }\n';
    await carol.applyConfig({ yaml: LABELLED + PERMISSIONS + users });
    const ivan = await api.as('ivan');
    expect(await codeOf(ivan.createRequest({ resource: 'orders', role: 'reader' }))).toBe('forbidden');
    expect(await codeOf(ivan.connect({ resource: 'orders' }))).toBe('forbidden');
    expect(await codeOf(ivan.createRequest({ resource: 'shop', role: 'reader' }))).toBe('not refused');
    const asked = (await api.as('alice')).createRequest({ resource: 'orders', role: 'reader', reason: 'x' });
    expect(await codeOf(asked)).toBe('not refused');
    await carol.applyConfig({ yaml: LABELLED + PERMISSIONS });
    expect(await codeOf(ivan.createRequest({ resource: 'orders', role: 'reader' }))).toBe('not refused');
  });
});

describe('an administrator by permission', () => {
  test('is one, and may be the last; then the permission cannot go', async () => {
    const adam = await api.as('adam');
    await adam.changePerson({ name: 'carol', groups: [] });
    expect(await codeOf(adam.applyConfig({ yaml: LABELLED }))).toBe('conflict');
    expect(await codeOf(adam.changePerson({ name: 'adam', disabled: true }))).toBe('conflict');
    await adam.changePerson({ name: 'carol', groups: ['administrators'] });
  });
});
