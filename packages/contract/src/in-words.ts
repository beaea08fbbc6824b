/**
 * Zod's issues as problems that people can act on: what was expected, what stands there, what may have been meant. One
 * place for the configuration, the API and the environment, so that nobody ever reads “Too small: expected string”.
 */
import { z } from 'zod';
import { config } from './config.ts';

/** Where in a value: keys and indices from the top. */
type Path = readonly (string | number)[];

export interface ShapeProblem {
  readonly path: Path;
  /** An unknown key is shown where the key stands, everything else where the value stands. */
  readonly at: 'key' | 'value';
  /** A sentence about “this”, the value at `path`. Never the value itself, which may be a secret. */
  readonly message: string;
}

/** The sentence for where there is no place to show it at: `“password” must have at least 8 characters.` */
export function namedSentence({ path, message }: ShapeProblem): string {
  const name = path.length === 0 ? 'The whole' : `“${path.join('.')}”`;
  return message.replace(/^This\b/, name);
}

type Issue = z.core.$ZodIssue;
type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Every problem that the issues tell of; `root` is the value they were found in. */
export function shapeProblems(issues: readonly Issue[], root: unknown, under: Path = []): ShapeProblem[] {
  return issues.flatMap((issue) => describe(issue, root, [...under, ...issue.path.map(asKey)]));
}

const asKey = (part: PropertyKey): string | number => (typeof part === 'number' ? part : String(part));

function describe(issue: Issue, root: unknown, path: Path): ShapeProblem[] {
  const problem = (message: string): ShapeProblem[] => [{ path, at: 'value', message }];
  const value = valueAt(root, path);
  if (value === undefined && OF_NOTHING.has(issue.code)) {
    return problem(`“${String(path.at(-1) ?? '')}” is missing.`);
  }
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], at: 'key', message: unknownKey(key, path) }));
    case 'invalid_type':
      return problem(`This must be ${nameOf(issue.expected)}, and is ${kindOf(value)}.${quotingHint(issue, value)}`);
    case 'invalid_value':
      return problem(`This must be ${oneOf(issue.values.map(String))}.`);
    case 'too_small':
      return problem(tooSmall(issue.origin, issue.minimum, value));
    case 'too_big':
      return problem(`This must ${measure(issue.origin, issue.maximum, 'at most')}.`);
    case 'invalid_union':
      return shapeProblems(nearest(issue.errors), root, path);
    case 'invalid_key':
    case 'invalid_element':
      return shapeProblems(issue.issues, root, path);
    case 'invalid_format':
      return problem(
        `This ${isOurs(issue.message) ? issue.message : `is not ${FORMATS[issue.format] ?? 'as it must be'}`}.`,
      );
    default:
      return problem(`This ${isOurs(issue.message) ? issue.message : 'is not as it must be'}.`);
  }
}

/** What zod says of a value that is not there. Other issues without one are about what a text was taken apart into. */
const OF_NOTHING: ReadonlySet<Issue['code']> = new Set(['invalid_type', 'invalid_value', 'invalid_union']);

/** Our schemas say what must be as the end of a sentence; zod's own words begin with a capital. */
const isOurs = (message: string): boolean => /^[a-z]/.test(message);

const FORMATS: Readonly<Record<string, string>> = {
  datetime: 'a time, such as 2026-11-22T22:00:00Z',
  guid: 'a GUID',
  uuid: 'a UUID',
  url: 'an address',
};

/** Of a union's ways, the one that came closest. */
function nearest(ways: readonly (readonly Issue[])[]): readonly Issue[] {
  return ways.reduce((best, way) => (way.length < best.length ? way : best), ways[0] ?? []);
}

function tooSmall(origin: string, minimum: number | bigint, value: unknown): string {
  const empty = value === '' || (Array.isArray(value) && value.length === 0);
  return empty && Number(minimum) === 1
    ? 'This must not be empty.'
    : `This must ${measure(origin, minimum, 'at least')}.`;
}

function measure(origin: string, limit: number | bigint, bound: string): string {
  if (origin === 'string') return `have ${bound} ${limit} character${Number(limit) === 1 ? '' : 's'}`;
  if (origin === 'array') return `have ${bound} ${limit} item${Number(limit) === 1 ? '' : 's'}`;
  return `be ${bound} ${limit}`;
}

const NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  array: 'a list',
  object: 'a set of keys',
  record: 'a set of keys',
  boolean: 'true or false',
  number: 'a number',
  int: 'a whole number',
};
const nameOf = (expected: string): string => NAMES[expected] ?? expected;

function kindOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return 'text';
    case 'number':
      return Number.isInteger(value) ? 'a whole number' : 'a number';
    case 'boolean':
      return 'true or false';
    default:
      return 'a set of keys';
  }
}

/** `name: 2024` and `env: true` are the commonest way to get text wrong in YAML. */
function quotingHint(issue: Issue & { code: 'invalid_type' }, value: unknown): string {
  const scalar = typeof value === 'number' || typeof value === 'boolean';
  return issue.expected === 'string' && scalar ? ' Put it in quotes if it is meant as text.' : '';
}

const oneOf = (values: readonly string[]): string =>
  values.length === 1 ? `“${values[0]}”` : `one of ${values.map((value) => `“${value}”`).join(', ')}`;

function unknownKey(key: string, path: Path): string {
  const shown = key.length > 40 ? `${key.slice(0, 40)}…` : key;
  const known = knownKeys(path);
  const all = known.length === 0 ? '' : ` Here stand ${known.join(', ')}.`;
  return `There is no “${shown}” here.${suggestion(key, known) || all}`;
}

/** ` Did you mean “approvals”?`, or nothing. */
export function suggestion(value: unknown, known: readonly string[]): string {
  if (typeof value !== 'string' || value.length > 64) return '';
  const near = known
    .map((name) => ({ name, distance: distance(value.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance: far }) => far <= Math.max(1, Math.floor(name.length * 0.4)))
    .sort((a, b) => a.distance - b.distance);
  return near[0] === undefined ? '' : ` Did you mean “${near[0].name}”?`;
}

/** Levenshtein's distance, a swap of neighbours counted as one. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (before[j - 2] ?? 0) + 1 : change;
      next.push(Math.min(change, swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}

const described: JsonSchema = z.toJSONSchema(config, { io: 'input' });

/** The keys that may stand at `path`, in the order of the contract. */
function knownKeys(path: Path): string[] {
  let at: readonly JsonSchema[] = [described];
  for (const part of path) {
    at = at.flatMap(alternatives).flatMap((schema) => {
      const next = typeof part === 'number' ? schema.items : schema.properties?.[part];
      return typeof next === 'object' && !Array.isArray(next) ? [next] : [];
    });
  }
  return [...new Set(at.flatMap(alternatives).flatMap((schema) => Object.keys(schema.properties ?? {})))];
}

const alternatives = (schema: JsonSchema): readonly JsonSchema[] => [schema, ...(schema.anyOf ?? [])];

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = Reflect.get(value, part);
  }
  return value;
}
