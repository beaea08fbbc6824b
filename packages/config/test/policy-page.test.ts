/** docs/POLICY.md is true: its examples are read, its tests hold, and it names every key and every fact. */
import { readFileSync } from 'node:fs';
import { FACTS } from '@tidegate/core';
import { describe, expect, test } from 'vitest';
import { configJsonSchema, joinFiles, parseConfig, runPolicyTests } from '../src/index.ts';

const page = readFileSync(new URL('../../../docs/POLICY.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text]) => text ?? '');
const whole = blocks.filter((text) => text.startsWith('apiVersion: tidegate/v1\n'));
const tests = blocks.filter((text) => text.startsWith('apiVersion: tidegate/policy-test/v1\n'));
const parts = blocks.filter((text) => !text.startsWith('apiVersion:'));
const [base = ''] = whole;

test('the page has what is looked at here', () => {
  expect([whole.length, tests.length]).toEqual([1, 1]);
  expect(parts.length).toBeGreaterThan(1);
});

test('its configuration is in order', () => {
  expect(parseConfig(base).warnings).toEqual([]);
});

test.each(parts)('its part is in order: %s', (part) => {
  // Before the rest, as a folder's first file: rules that come later could be hidden.
  const text = joinFiles([
    { name: '10-part.yaml', text: `apiVersion: tidegate/v1\n${part}` },
    { name: '20-rest.yaml', text: base },
  ]);
  expect(parseConfig(text).warnings).toEqual([]);
});

test('its expected decisions hold', () => {
  const results = tests.flatMap((text) => runPolicyTests(parseConfig(base).config, text));
  expect(results.filter(({ passed }) => !passed)).toEqual([]);
  expect(results.length).toBeGreaterThan(3);
});

test('each of its conditions in the text compiles', () => {
  const inText = [...page.matchAll(/`((?:has\(|start\.|"dba" in|person\.groups\.)[^`]* [^`]*)`/g)].map(
    ([, text]) => text,
  );
  expect(inText.length).toBeGreaterThan(2);
  for (const source of inText) {
    const rule = {
      name: 'x',
      resources: { all: true },
      roles: ['reader'],
      who: { groups: ['engineers'] },
      when: source,
      approvals: [{ from: { groups: ['leads'] } }],
    };
    const text = `apiVersion: tidegate/v1\npolicies: [${JSON.stringify(rule)}]\n`;
    expect(
      () =>
        parseConfig(
          joinFiles([
            { name: 'a', text: base },
            { name: 'b', text },
          ]),
        ),
      source,
    ).not.toThrow();
  }
});

describe('the table of facts', () => {
  const shown: Readonly<Record<string, string>> = {
    'google.protobuf.Timestamp': 'timestamp',
    'google.protobuf.Duration': 'duration',
    'list<string>': 'list of strings',
    'map<string, string>': 'map of strings',
  };
  const rows = [...page.matchAll(/^\| (`[a-z]+\.[a-zA-Z]+`(?:, `[a-z]+\.[a-zA-Z]+`)*) \| ([a-z ]+) \|/gm)];
  const told = rows.flatMap(([, names = '', type]) =>
    [...names.matchAll(/`([^`]+)`/g)].map(([, fact]) => [fact, type]),
  );
  const facts = Object.entries(FACTS).flatMap(([of, each]) =>
    Object.entries(each).map(([fact, type]) => [`${of}.${fact}`, shown[type] ?? type]),
  );

  test('is the list that conditions are checked against', () => {
    expect(told.map(String).sort()).toEqual(facts.map(String).sort());
  });
});

/** Every property's name in a JSON Schema, however deep. */
function keysIn(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  if (Array.isArray(schema)) return schema.flatMap(keysIn);
  return Object.entries(schema).flatMap(([key, value]) =>
    key === 'properties' && typeof value === 'object' && value !== null
      ? [...Object.keys(value), ...Object.values(value).flatMap(keysIn)]
      : keysIn(value),
  );
}

test('it names every key of a file, of a rule, a group and a role', () => {
  const properties: unknown = Reflect.get(configJsonSchema(), 'properties');
  if (typeof properties !== 'object' || properties === null) throw new Error('a configuration has keys');
  const told = ['policies', 'groups'].flatMap((key) => keysIn(Reflect.get(properties, key)));
  const missing = [...new Set([...Object.keys(properties), ...told])].filter(
    // A key of `fromIdp` belongs to docs/IDENTITY.md.
    (key) => !['provider', 'id'].includes(key) && !new RegExp(`\\b${key}\\b`).test(page),
  );
  expect(missing).toEqual([]);
});
