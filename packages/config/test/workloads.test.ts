import { describe, expect, test } from 'vitest';
import { differences, InvalidConfig, parseConfig } from '../src/index.ts';

const BASE = `apiVersion: tidegate/v1
groups: [{ name: leads, members: [bob] }]
resources: [{ name: orders, engine: postgres, address: "localhost:5432", databases: [orders], credential: { user: a, env: A } }]
`;
const problemsOf = (more: string): string[] => {
  try {
    return [...parseConfig(BASE + more).warnings];
  } catch (error) {
    if (error instanceof InvalidConfig) return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
};
const trust = '{ issuer: "https://token.example", subject: s, audience: a }';
const one = 'A'.repeat(64);

describe('workloads', () => {
  test.each([
    [`workloads: [{ name: d, runBy: [bob], trust: [${trust}] }]`, ''],
    [`workloads: [{ name: d, runBy: [bob], certificates: [{ sha256: "${one}" }, { subject: "O=X, CN=d" }] }]`, ''],
    ['workloads: [{ name: d, runBy: [] , trust: [] }]', 'workloads[0].runBy: '],
    ['workloads: [{ name: d, runBy: [bob] }]', 'Nothing says how “d” signs in'],
    [
      `workloads: [{ name: d, runBy: [bob], trust: [${trust.replace('https', 'http')}] }]`,
      'workloads[0].trust[0].issuer: This must begin with https://',
    ],
    [`workloads: [{ name: d, runBy: [bob], trust: [${trust.replace('example', 'example?x=1')}] }]`, 'query'],
    [
      `workloads: [{ name: d, runBy: [bob], trust: [${trust}] }, { name: d, runBy: [bob], trust: [] }]`,
      'workloads[1].name: There is a workload “d” already',
    ],
    [
      `workloads: [{ name: d, runBy: [bob], trust: [${trust}] }, { name: e, runBy: [bob], trust: [${trust}] }]`,
      'workloads[1].trust[0]: “d” is known by this already',
    ],
    [
      `workloads: [{ name: d, runBy: [b], certificates: [{ sha256: "${one}" }, { sha256: "${one.toLowerCase()}" }] }]`,
      'known by this already',
    ],
    ['workloads: [{ name: d, runBy: [bob], certificates: [{ sha256: "abc" }] }]', 'workloads[0].certificates[0]'],
    [
      `workloads: [{ name: d, runBy: [bob], groups: [lead], trust: [${trust}] }]`,
      'workloads[0].groups[0]: There is no group “lead”',
    ],
    [
      'policies: [{ name: p, resources: { all: true }, roles: [reader], who: { workloads: [dd] }, approvals: [] }]',
      'policies[0].who.workloads[0]: There is no workload “dd”',
    ],
  ])('%s', (yaml, expected) => {
    const found = problemsOf(yaml);
    if (expected === '') expect(found).toEqual([]);
    else expect(found.join('\n')).toContain(expected);
  });
});

describe('permissions', () => {
  test.each([
    ['permissions: [{ role: auditor, to: { groups: [leads] }, resources: { labels: { env: prod } } }]', ''],
    ['permissions: [{ role: auditor, to: {} }]', 'permissions[0].to: This names nobody.'],
    ['permissions: [{ role: boss, to: { people: [bob] } }]', 'permissions[0].role'],
    [
      'permissions: [{ role: auditor, to: { groups: [leeds] } }]',
      'permissions[0].to.groups[0]: There is no group “leeds”',
    ],
    [
      'permissions: [{ role: policy-editor, to: { people: [bob] }, resources: { names: [orders] } }]',
      'A policy is one',
    ],
    [
      'permissions: [{ role: administrator, to: { people: [bob] }, resources: { names: [order] } }]',
      'There is no resource “order”',
    ],
    [
      'permissions: [{ role: administrator, to: { people: [bob] }, resources: {} }]',
      'permissions[0].resources: Say which',
    ],
  ])('%s', (yaml, expected) => {
    const found = problemsOf(yaml);
    if (expected === '') expect(found).toEqual([]);
    else expect(found.join('\n')).toContain(expected);
  });
});

describe('a plan tells', () => {
  const parsed = (more: string) => parseConfig(BASE + more).config;
  test('of workloads and of who has power', () => {
    const auditor = '{ role: auditor, to: { groups: [leads] }, resources: { labels: { env: prod } } }';
    const one = parsed(`workloads: [{ name: d, runBy: [bob], trust: [${trust}] }]`);
    const two = parsed(
      `workloads: [{ name: d, runBy: [ann], trust: [${trust}] }]\npermissions: [${auditor}]\napiKeys: { self: { people: [bob] } }`,
    );
    expect(differences(parsed(''), one)).toEqual([
      { kind: 'add', what: 'workload d', detail: 'run by bob; signs in by s of https://token.example for a' },
    ]);
    expect(differences(one, two)).toEqual([
      { kind: 'change', what: 'workload d', detail: 'run by: bob → ann' },
      { kind: 'add', what: 'permission', detail: 'leads: auditor of env=prod' },
      { kind: 'add', what: 'permission', detail: 'bob: makes API keys for themselves' },
    ]);
    expect(differences(two, one).map(({ kind }) => kind)).toEqual(['change', 'remove', 'remove']);
    expect(differences(two, two)).toEqual([]);
  });
});
