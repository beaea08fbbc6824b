/** Expected decisions against a configuration: what holds passes, what does not says how. */
import { describe, expect, test } from 'vitest';
import { configJsonSchema, InvalidConfig, parseConfig, parseOffline, runPolicyTests } from '../src/index.ts';

const { config } = parseConfig(`apiVersion: tidegate/v1
timeZone: Europe/Berlin
groups:
  - { name: engineers, members: [alice, eve] }
  - { name: leads, members: [bob, lea, max] }
  - { name: dba, members: [dan] }
  - { name: payments, members: [pat] }
  - { name: oncall, members: [olga] }
resources:
  - name: orders
    engine: postgres
    address: "db:5432"
    databases: [orders]
    labels: { env: prod }
    owners: [payments]
    credential: { user: a, env: A }
  - { name: dev, engine: postgres, address: "dev:5432", databases: [dev], labels: { env: dev }, credential: { user: a, env: A } }
workloads:
  - { name: deploy, runBy: [alice], trust: [{ issuer: https://token.example.com, subject: repo, audience: tidegate }] }
policies:
  - name: prod-write
    resources: { labels: { env: prod } }
    roles: [editor, owner]
    who: { groups: [engineers], workloads: [deploy] }
    when: 'request.duration <= duration("4h")'
    mfa: { at: [request, connect], within: 5m }
    reason: { required: true, ticket: '^(INC|CHG)-\\d+$' }
    approvals:
      - parallel:
          - { from: { groups: [leads] }, quorum: majority, escalate: { after: 30m, to: { groups: [dba] } } }
          - { from: { resourceOwners: true, managers: true } }
      - { from: { groups: [dba] } }
  - { name: in-hours, resources: { labels: { env: dev } }, roles: [reader], who: { groups: [engineers] }, autoApprove: 'now.hour >= 8 && now.hour < 18' }
  - { name: break-glass, resources: { all: true }, roles: [owner], who: { groups: [oncall] }, breakGlass: { notify: { groups: [dba] } } }
`);

const run = (tests: string) => runPolicyTests(config, `apiVersion: tidegate/policy-test/v1\n${tests}`);

test('whoever is in its groups, a policy can be tested', () => {
  const text = `apiVersion: tidegate/v1
groups: [{ name: engineers }, { name: leads }]
resources: [{ name: dev, engine: postgres, address: "dev:5432", databases: [dev], credential: { user: a, env: A } }]
policies: [{ name: r, resources: { all: true }, roles: [reader], who: { groups: [engineers] }, approvals: [{ from: { groups: [leads] } }] }]
`;
  expect(() => parseConfig(text)).toThrow('Nobody could ever give this approval');
  const tests = `apiVersion: tidegate/policy-test/v1
people: { alice: { groups: [engineers] } }
tests:
  - { name: asks, ask: { person: alice, resource: dev, role: reader }, expect: { outcome: needs_approval } }
`;
  expect(runPolicyTests(parseOffline(text), tests)).toMatchObject([{ passed: true }]);
});

describe('policy tests', () => {
  test('that hold pass: conditions, quorums, owners, managers, workloads, break-glass', () => {
    const results = run(`
people:
  alice: { manager: mia }
tests:
  - name: an engineer writes in production
    ask: { person: alice, resource: orders, role: editor, ticket: INC-7 }
    expect:
      outcome: needs_approval
      rule: prod-write
      maxDuration: 2h
      mfa: [connect, request]
      steps: [{ groups: [leads], count: 2 }, { groups: [payments], people: [mia] }, { groups: [dba], count: 1 }]
  - name: no ticket, no access
    ask: { person: alice, resource: orders, role: editor }
    expect: { outcome: denied, code: ticket_required, rule: prod-write }
  - name: a pipeline
    ask: { person: deploy, resource: orders, role: editor, ticket: CHG-1 }
    expect: { outcome: needs_approval }
  - name: reading in hours, as the clocks of Berlin show them
    ask: { person: eve, resource: dev, role: reader, at: 2026-11-23T07:30:00Z }
    expect: { outcome: allowed, rule: in-hours }
  - name: reading at night
    ask: { person: eve, resource: dev, role: reader, at: 2026-11-23T17:30:00Z }
    expect: { outcome: denied, code: policy_denied }
  - name: an emergency
    ask: { person: olga, resource: orders, role: owner, breakGlass: true }
    expect: { outcome: allowed, rule: break-glass, mfa: [request] }
  - name: no emergency
    ask: { person: olga, resource: orders, role: owner }
    expect: { outcome: denied }
`);
    expect(results.filter(({ passed }) => !passed)).toEqual([]);
    expect(results).toHaveLength(7);
  });

  test('that do not hold say what differs', () => {
    const [first, second] = run(`
tests:
  - name: wrong
    ask: { person: alice, resource: orders, role: editor, ticket: INC-7 }
    expect: { outcome: allowed, rule: other, maxDuration: 1h, steps: [{ groups: [dba] }] }
  - name: nothing there
    ask: { person: alice, resource: none, role: editor }
    expect: { outcome: denied }
`);
    expect(first).toMatchObject({
      passed: false,
      differences: [
        'outcome: expected allowed, was needs_approval',
        'rule: expected other, was prod-write',
        'maxDuration: expected PT1H, was PT2H',
        'steps: expected 1, was 3',
      ],
    });
    expect(second).toMatchObject({ passed: false, differences: ['There is no resource none.'] });
  });

  test('that are wrong themselves are told with line and column', () => {
    try {
      run('tests:\n  - name: x\n    ask: { persn: alice }\n    expect: { outcome: maybe }\n');
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof InvalidConfig)) throw error;
      const told = error.problems.map(({ line, message }) => `${line} ${message}`).join('\n');
      expect(told).toContain('4 There is no “persn” here.');
      expect(told).toContain('5 This must be');
    }
  });
});

test('the JSON Schema knows every top-level key', () => {
  const schema = configJsonSchema();
  expect(schema).toMatchObject({
    type: 'object',
    properties: { policies: expect.anything(), timeZone: expect.anything() },
  });
});
