/**
 * PATCH (RFC 7644 section 3.5.2), with what the provisioning services of Entra ID and Okta make of it: operations with
 * a capital, booleans as texts, paths as keys of a value without a path, values that do not exist yet replaced.
 */
import { z } from 'zod';
import { invalid } from './errors.ts';
import { type Filter, type PatchPath, parsePath } from './filter.ts';
import { matches } from './match.ts';
import { type Attribute, attributeNamed, type Kind, schemaOf } from './schemas.ts';
import { isValues, readValue, type Values } from './values.ts';

export interface Operation {
  readonly op: 'add' | 'replace' | 'remove';
  readonly path: PatchPath;
  readonly value: unknown;
}

const OPERATIONS_MAX = 1_000;
const request = z.object({
  Operations: z
    .array(z.object({ op: z.string().max(16), path: z.string().nullish(), value: z.unknown().optional() }))
    .min(1)
    .max(OPERATIONS_MAX),
});

/**
 * The operations, each with one path: a value without a path is as many as it has members. Throws `invalidSyntax`,
 * `invalidPath`, `noTarget`.
 */
export function readOperations(kind: Kind, body: unknown): Operation[] {
  const parsed = request.safeParse(body);
  if (!parsed.success) throw invalid('invalidSyntax', `A PATCH has 1 to ${OPERATIONS_MAX} “Operations”.`);
  return parsed.data.Operations.flatMap(({ op: word, path, value }): Operation[] => {
    const op = word.toLowerCase();
    if (op !== 'add' && op !== 'replace' && op !== 'remove') throw invalid('invalidSyntax', `There is no “${word}”.`);
    if (path !== null && path !== undefined && path !== '') return [{ op, path: pathOf(kind, path), value }];
    if (op === 'remove') throw invalid('noTarget', 'Say which attribute is to be removed.');
    if (!isValues(value)) throw invalid('invalidSyntax', 'Without a path the value is an object.');
    // What a whole resource may hold and nobody knows is left out, as in a POST; keys may be paths, as Entra ID’s are.
    return Object.entries(value)
      .map(([key, each]): Operation => ({ op, path: pathOf(kind, key), value: each }))
      .filter((operation) => isKnown(kind, operation.path));
  });
}

/** The name of a schema is a path too: to all of its attributes. */
function pathOf({ schema, extension }: Kind, text: string): PatchPath {
  const schemas = [schema, ...(extension === null ? [] : [extension.schema])];
  const urn = schemas.find((each) => each.toLowerCase() === text.toLowerCase());
  return urn === undefined ? parsePath(text) : { urn, attribute: '', sub: null, filter: null };
}

const isKnown = (kind: Kind, { urn, attribute }: PatchPath): boolean =>
  attribute === '' || attributeNamed(schemaOf(kind, urn) ?? [], attribute) !== null;

/** Members of a resource that nobody changes; providers send them along nevertheless. */
const ALONG = new Set(['id', 'schemas', 'meta', 'groups']);

/** The resource after the operations. Throws `invalidPath`, `invalidValue`, `noTarget`, `mutability`. */
export function patched(kind: Kind, resource: Values, operations: readonly Operation[]): Values {
  const next = structuredClone(resource);
  for (const operation of operations) apply(kind, next, operation);
  return next;
}

function apply(kind: Kind, resource: Values, { op, path, value }: Operation): void {
  if (path.urn === null && ALONG.has(path.attribute.toLowerCase())) return;
  const { urn, attributes } = schemaMeant(kind, path);
  const holder = urn === null ? resource : child(resource, urn);
  if (path.attribute === '') applyAll(attributes, holder, op, value);
  else applyOne(attributes, holder, op, path, value);
  if (urn !== null && Object.keys(holder).length === 0) delete resource[urn];
}

/** Where the path leads. `urn` null: to the resource's own attributes. */
function schemaMeant(kind: Kind, path: PatchPath): { urn: string | null; attributes: readonly Attribute[] } {
  const attributes = schemaOf(kind, path.urn);
  if (attributes === null) throw invalid('invalidPath', `There is no schema ${path.urn}.`);
  return { urn: attributes === kind.attributes ? null : (kind.extension?.schema ?? null), attributes };
}

/** The path is a schema: its attributes are in the value. */
function applyAll(attributes: readonly Attribute[], holder: Values, op: Operation['op'], value: unknown): void {
  if (op === 'remove') {
    for (const { name } of attributes) delete holder[name];
    return;
  }
  if (!isValues(value)) throw invalid('invalidValue', 'The value of a schema is an object.');
  for (const [key, each] of Object.entries(value)) applyOne(attributes, holder, op, parsePath(key), each);
}

function applyOne(
  attributes: readonly Attribute[],
  holder: Values,
  op: Operation['op'],
  path: PatchPath,
  value: unknown,
): void {
  const attribute = attributeNamed(attributes, path.attribute);
  if (attribute === null) throw invalid('invalidPath', `There is no attribute “${path.attribute}”.`);
  const sub = path.sub === null ? null : attributeNamed(attribute.subAttributes ?? [], path.sub);
  if (path.sub !== null && sub === null) {
    throw invalid('invalidPath', `“${attribute.name}” has no “${path.sub}”.`);
  }
  if (attribute.readOnly === true || sub?.readOnly === true) {
    throw invalid('mutability', `“${sub?.name ?? attribute.name}” cannot be changed.`);
  }
  if (attribute.multiValued === true) changePlural(attribute, sub, holder, op, path.filter, value);
  else if (path.filter !== null) throw invalid('invalidPath', `“${attribute.name}” has one value.`);
  else if (sub !== null) changeSub(attribute, sub, holder, op, value);
  else changeSingle(attribute, holder, op, value);
}

function changeSingle(attribute: Attribute, holder: Values, op: Operation['op'], value: unknown): void {
  const known = op === 'remove' ? undefined : readValue(attribute, value);
  if (known === undefined) {
    if (attribute.required === true) throw invalid('invalidValue', `“${attribute.name}” is required.`);
    delete holder[attribute.name];
  } else if (attribute.type === 'complex' && attribute.name !== 'manager' && isValues(known)) {
    // Only the sub-attributes that are named change.
    holder[attribute.name] = { ...asValues(holder[attribute.name]), ...known };
  } else {
    holder[attribute.name] = known;
  }
}

function changeSub(attribute: Attribute, sub: Attribute, holder: Values, op: Operation['op'], value: unknown): void {
  const complex = asValues(holder[attribute.name]);
  const known = op === 'remove' ? undefined : readValue(sub, value);
  if (known === undefined) delete complex[sub.name];
  else complex[sub.name] = known;
  if (Object.keys(complex).length === 0) delete holder[attribute.name];
  else holder[attribute.name] = complex;
}

/** One of several values, or all of them. */
function changePlural(
  attribute: Attribute,
  sub: Attribute | null,
  holder: Values,
  op: Operation['op'],
  filter: Filter | null,
  value: unknown,
): void {
  const before = asList(holder[attribute.name]);
  const meant = (each: Values): boolean => filter === null || matches(filter, each);
  let after: Values[];
  if (op === 'remove' && sub === null) after = removed(attribute, before, meant, filter === null ? value : undefined);
  else if (sub !== null)
    after = changedEach(attribute, sub, before, meant, filter, op === 'remove' ? undefined : value);
  else if (filter !== null) after = mergedEach(attribute, before, meant, filter, value);
  else after = op === 'add' ? joined(before, given(attribute, value)) : given(attribute, value);
  after = onePrimary(
    before,
    after.filter((each) => Object.keys(each).length > 0),
  );
  if (after.length === 0) delete holder[attribute.name];
  else holder[attribute.name] = after;
}

/** Entra ID names the values to be removed beside the path; the RFC would have all of them go. */
function removed(attribute: Attribute, before: Values[], meant: (each: Values) => boolean, value: unknown): Values[] {
  const named = value === undefined || value === null ? null : new Set(given(attribute, value).map(identity));
  return before.filter((each) => !meant(each) || (named !== null && !named.has(identity(each))));
}

/** A sub-attribute of the values that are meant; a value that is not there yet begins with what the filter says of it. */
function changedEach(
  attribute: Attribute,
  sub: Attribute,
  before: Values[],
  meant: (each: Values) => boolean,
  filter: Filter | null,
  value: unknown,
): Values[] {
  const known = readValue(sub, value);
  const change = (each: Values): Values => {
    const rest = Object.fromEntries(Object.entries(each).filter(([name]) => name !== sub.name));
    return known === undefined ? rest : { ...rest, [sub.name]: known };
  };
  if (known === undefined || before.some(meant)) return before.map((each) => (meant(each) ? change(each) : each));
  return [...before, change(begun(attribute, filter))];
}

function mergedEach(
  attribute: Attribute,
  before: Values[],
  meant: (each: Values) => boolean,
  filter: Filter,
  value: unknown,
): Values[] {
  const [known = {}] = given(attribute, value);
  if (before.some(meant)) return before.map((each) => (meant(each) ? { ...each, ...known } : each));
  return [...before, { ...begun(attribute, filter), ...known }];
}

/** `type eq "work"` says what a new value begins with. Throws `noTarget` where the filter does not say. */
function begun(attribute: Attribute, filter: Filter | null): Values {
  if (filter === null) return {};
  if (filter.is === 'and') return { ...begun(attribute, filter.left), ...begun(attribute, filter.right) };
  if (filter.is === 'compared' && filter.by === 'eq') {
    const sub = attributeNamed(attribute.subAttributes ?? [], filter.path.attribute);
    if (sub !== null) return { [sub.name]: readValue(sub, filter.value) };
  }
  throw invalid('noTarget', `No value of “${attribute.name}” is meant by this path.`);
}

const given = (attribute: Attribute, value: unknown): Values[] => asList(readValue(attribute, value));

/** The same value twice is one value. */
function joined(before: Values[], added: Values[]): Values[] {
  const known = new Map(before.map((each) => [identity(each), each]));
  for (const each of added) known.set(identity(each), { ...known.get(identity(each)), ...each });
  return [...known.values()];
}

const identity = ({ value, type, ...rest }: Values): string =>
  JSON.stringify(value === undefined ? rest : [value, type ?? null]);

/** The one that became primary is the only one (RFC 7644 section 3.5.2). */
function onePrimary(before: Values[], after: Values[]): Values[] {
  const primaries = after.filter(({ primary }) => primary === true);
  if (primaries.length < 2) return after;
  const old = new Set(before.filter(({ primary }) => primary === true).map(identity));
  const kept = primaries.find((each) => !old.has(identity(each))) ?? primaries[0];
  return after.map((each) => (each.primary === true && each !== kept ? { ...each, primary: false } : each));
}

const asValues = (value: unknown): Values => (isValues(value) ? value : {});
const asList = (value: unknown): Values[] => (Array.isArray(value) ? value.filter(isValues) : []);

function child(resource: Values, key: string): Values {
  const known = asValues(resource[key]);
  resource[key] = known;
  return known;
}
