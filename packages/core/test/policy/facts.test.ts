/** What conditions can speak of: every name that is documented has a value of its type, also where little is known. */
import { describe, expect, test } from 'vitest';
import { type Circumstances, FACTS, type ResourceName } from '../../src/index.ts';
import { factsOf } from '../../src/policy/facts.ts';
import { alice, minutes, name, resource, roleName, T0 } from '../make.ts';
import { condition } from './conditions.ts';

const circumstances: Circumstances = {
  person: { ...alice, manager: name('mia') },
  resource: resource(),
  role: roleName('reader'),
  duration: minutes(90),
  startsAt: T0.add({ hours: 14 }),
  reason: 'because',
  ticket: 'INC-1',
  breakGlass: false,
  extension: true,
  now: T0,
  timeZone: 'Europe/Berlin',
};
const holds = (source: string, changes: Partial<Circumstances> = {}) =>
  condition(source).check({ ...circumstances, ...changes });

/** What a value of a type looks like in a condition that is always true. */
const TYPES: Readonly<Record<string, (path: string) => string>> = {
  int: (path) => `${path} >= 0`,
  string: (path) => `${path} + "" == ${path}`,
  bool: (path) => `${path} || !${path}`,
  'list<string>': (path) => `size(${path}) >= 0`,
  'map<string, string>': (path) => `size(${path}) >= 0`,
  'google.protobuf.Timestamp': (path) => `${path} > timestamp("2020-01-01T00:00:00Z")`,
  'google.protobuf.Duration': (path) => `${path} > duration("0s")`,
};

const every = Object.entries(FACTS).flatMap(([of, facts]) =>
  Object.entries(facts).map(([fact, type]): [string, string] => [`${of}.${fact}`, type]),
);

describe('every fact', () => {
  test.each(every)('%s is of type %s', (path, type) => {
    expect(holds(TYPES[type]?.(path) ?? path)).toEqual({ holds: true });
    // Also where nothing was given.
    const bare = { person: alice, startsAt: null, ticket: null, resource: resource({ labels: {}, databases: [] }) };
    expect(holds(TYPES[type]?.(path) ?? path, bare)).toEqual({ holds: true });
  });

  test('that has a value is named', () => {
    const named = Object.entries(factsOf(circumstances)).flatMap(([of, values]) =>
      Object.keys(values).map((fact) => `${of}.${fact}`),
    );
    expect(named).toEqual(every.map(([path]) => path));
  });
});

describe('facts', () => {
  test.each([
    // 09:00 UTC on a Sunday is 10:00 in Berlin, fourteen hours later is Monday there.
    ['now.hour == 10 && now.minute == 0 && now.weekday == "sun" && now.date == "2026-11-22"'],
    ['start.hour == 0 && start.weekday == "mon" && start.date == "2026-11-23"'],
    ['start.at - now.at == duration("14h")'],
    ['request.duration == duration("90m") && request.extension && !request.breakGlass'],
    ['request.ticket == "INC-1" && request.reason == "because" && request.role == "reader"'],
    ['person.name == "alice" && person.manager == "mia" && !person.workload'],
    ['resource.name == "orders" && resource.engine == "postgres" && "orders" in resource.databases'],
  ])('%s', (source) => {
    expect(holds(source)).toEqual({ holds: true });
  });

  test('that were not given are empty texts, and a start that was not named is now', () => {
    const bare = { person: alice, startsAt: null, ticket: null };
    expect(holds('person.manager == "" && request.ticket == "" && start.at == now.at', bare)).toEqual({ holds: true });
  });

  test('a workload is one', () => {
    expect(holds('person.workload', { person: { ...alice, kind: 'workload' } })).toEqual({ holds: true });
  });

  test('labels that every object has by nature are not there', () => {
    for (const label of ['constructor', 'toString', '__proto__']) {
      expect(holds(`has(resource.labels.${label})`)).toEqual({ holds: false });
      expect(holds(`"${label}" in resource.labels`)).toEqual({ holds: false });
    }
    const odd = resource({ name: 'shop' as ResourceName, labels: { constructor: 'x' } });
    expect(holds('resource.labels.constructor == "x"', { resource: odd })).toEqual({ holds: true });
  });
});
