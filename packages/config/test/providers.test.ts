/** Identity providers in the file: their defaults, and every error where it stands. */
import { describe, expect, test } from 'vitest';
import { differences } from '../src/differences.ts';
import { InvalidConfig } from '../src/errors.ts';
import { parseConfig } from '../src/parse.ts';

const ONE = `apiVersion: tidegate/v1
identityProviders:
  - name: corp
    issuer: https://login.example.com
    clientId: tidegate
    clientSecret: { env: CORP_SECRET }
groups:
  - name: leads
    fromIdp: 5b2f1c5e-3a1f-4a0e-9c53-0d1f2a3b4c5d
resources:
  - name: orders
    engine: postgres
    address: db.example.com:5432
    databases: [orders]
    credential: { user: admin, env: ORDERS_PASSWORD }
policies:
  - name: read
    resources: { names: [orders] }
    roles: [reader]
    who: { groups: [leads] }
    approvals:
      - from: { groups: [leads] }
        count: 2
`;
const TWO = ONE.replace('groups:\n', '  - { name: other, issuer: "http://127.0.0.1:9000", clientId: x }\ngroups:\n');

function errorsOf(text: string): string[] {
  try {
    parseConfig(text);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidConfig)) throw error;
    return error.problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`);
  }
}

const changed = (from: string, to: string, text = ONE): string => {
  if (!text.includes(from)) throw new Error(`${from} is not in the text`);
  return text.replace(from, to);
};

test('a provider has its defaults; a group of it may be asked for approvals before anybody was seen', () => {
  const { config, warnings } = parseConfig(ONE);
  expect(warnings).toEqual([]);
  expect(config.identityProviders[0]).toMatchObject({
    scopes: ['openid', 'profile', 'offline_access'],
    groups: { claim: 'groups' },
    appRoles: { claim: 'roles' },
    nameFrom: 'preferred_username',
    entra: false,
    trustNames: false,
    mfa: { acr: [], amr: ['mfa'], acrs: [] },
    session: { recheckEvery: 'PT5M', whenRefused: 'end-access' },
  });
  expect(config.groups[0]?.fromIdp).toEqual({ provider: 'corp', id: '5b2f1c5e-3a1f-4a0e-9c53-0d1f2a3b4c5d' });
});

describe('an error', () => {
  test.each<[string, string, string, string[]]>([
    [
      'an issuer in the clear',
      'issuer: https://',
      'issuer: http://',
      ['4:13 identityProviders[0].issuer: This must begin with https:// (http:// only on this machine).'],
    ],
    [
      'a secret from nowhere',
      '{ env: CORP_SECRET }',
      '{}',
      [
        '6:19 identityProviders[0].clientSecret: Say where the secret comes from: “env” (a variable at the control plane) or “file” (a file there), one of them.',
      ],
    ],
    [
      'a secret in the file itself',
      '{ env: CORP_SECRET }',
      'hunter2hunter2',
      ['6:19 identityProviders[0].clientSecret: This must be a set of keys, and is text.'],
    ],
    [
      'a misspelt key',
      'clientId: tidegate',
      'clientId: tidegate\n    groupz: { claim: g }',
      ['6:5 identityProviders[0].groupz: There is no “groupz” here. Did you mean “groups”?'],
    ],
    [
      'a check every second',
      'clientId: tidegate',
      'clientId: tidegate\n    session: { recheckEvery: 1s }',
      ['6:30 identityProviders[0].session.recheckEvery: This must be between 1m and 24h, or “never”.'],
    ],
    [
      'scopes that sign nobody in',
      'clientId: tidegate',
      'clientId: tidegate\n    scopes: [profile, offline_access]',
      ['6:13 identityProviders[0].scopes: “openid” must be among the scopes: without it nobody is signed in.'],
    ],
    [
      'acrs of another provider than Entra ID',
      'clientId: tidegate',
      'clientId: tidegate\n    mfa: { acrs: [c1] }',
      ['6:18 identityProviders[0].mfa.acrs: “acrs” is Entra ID’s own: with other providers use “acr”.'],
    ],
    [
      'Entra ID for everybody',
      'issuer: https://login.example.com',
      'entra: true\n    issuer: https://login.microsoftonline.com/common/v2.0',
      [
        '5:13 identityProviders[0].issuer: This lets in people of any tenant. Name your own: https://login.microsoftonline.com/<tenant id>/v2.0.',
      ],
    ],
    [
      'a group of no provider',
      'fromIdp: 5b2f1c5e-3a1f-4a0e-9c53-0d1f2a3b4c5d',
      'fromIdp: { provider: crop, id: x }',
      ['9:26 groups[0].fromIdp.provider: There is no identity provider “crop”.'],
    ],
  ])('%s', (_, from, to, errors) => {
    expect(errorsOf(changed(from, to))).toEqual(errors);
  });

  test('of two providers, a group says which', () => {
    expect(errorsOf(TWO)).toEqual([
      '10:14 groups[0].fromIdp: Say which provider: {provider: corp, id: …}. There are corp, other.',
    ]);
    const said = changed(
      'fromIdp: 5b2f1c5e-3a1f-4a0e-9c53-0d1f2a3b4c5d',
      'fromIdp: { provider: other, id: 5b2f1c5e-3a1f-4a0e-9c53-0d1f2a3b4c5d }',
      TWO,
    );
    expect(errorsOf(said)).toEqual([]);
  });

  test('the same client twice', () => {
    const twice = changed('http://127.0.0.1:9000", clientId: x', 'https://login.example.com", clientId: tidegate', TWO);
    expect(errorsOf(twice)[0]).toContain('identityProviders[1].clientId: This issuer and client stand here already');
  });
});

test('a plan tells what changes of a provider and of its groups', () => {
  const { config: before } = parseConfig(ONE);
  const { config: after } = parseConfig(
    changed('fromIdp: 5b2f1c5e-3a1f-4a0e-9c53-0d1f2a3b4c5d', 'fromIdp: x').replace('clientId: tidegate', 'clientId: b'),
  );
  expect(differences(before, after)).toEqual([
    { kind: 'change', what: 'identity provider corp', detail: 'client: tidegate → b' },
    {
      kind: 'change',
      what: 'group leads',
      detail: 'from identity provider: those of corp in 5b2f1c5e-3a1f-4a0e-9c53-0d1f2a3b4c5d → those of corp in x',
    },
  ]);
});
