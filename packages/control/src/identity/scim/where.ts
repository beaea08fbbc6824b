/** Filters as conditions of SQL: every value is a parameter, every name comes from the schemas. */
import { type RawBuilder, sql } from 'kysely';
import { invalid } from './errors.ts';
import type { AttributePath, Comparison, Filter, Value } from './filter.ts';
import { type Attribute, attributeNamed, GROUPS, type Kind, schemaOf, USERS } from './schemas.ts';

type Condition = RawBuilder<boolean>;

/** An expression to compare, and how. */
interface Column {
  readonly of: RawBuilder<unknown>;
  readonly as: 'text' | 'exact' | 'boolean' | 'time';
}

/** Over `scim_users u`. Throws `invalidFilter`. */
export const whereUsers = (filter: Filter): Condition => condition(filter, USERS, userColumn, userValues);
/** Over `scim_groups g`. Throws `invalidFilter`. */
export const whereGroups = (filter: Filter): Condition => condition(filter, GROUPS, groupColumn, groupValues);

type ToColumn = (path: AttributePath) => Column | null;
/** The rows of a plural attribute's values as `value (element jsonb)`. */
type ToValues = (attribute: Attribute) => RawBuilder<unknown>;

function condition(filter: Filter, kind: Kind, column: ToColumn, values: ToValues): Condition {
  const inner = (of: Filter): Condition => condition(of, kind, column, values);
  switch (filter.is) {
    case 'and':
      return sql`(${inner(filter.left)} AND ${inner(filter.right)})`;
    case 'or':
      return sql`(${inner(filter.left)} OR ${inner(filter.right)})`;
    case 'not':
      return sql`(NOT coalesce(${inner(filter.filter)}, false))`;
    case 'has':
      return among(pluralAt(kind, filter.path), values, filter.filter);
    default: {
      const direct = column(filter.path);
      if (direct !== null) return compared(direct, filter);
      const plural = pluralAt(kind, filter.path);
      const sub = { urn: null, attribute: filter.path.sub ?? 'value', sub: null };
      return among(plural, values, { ...filter, path: sub });
    }
  }
}

function pluralAt(kind: Kind, path: AttributePath): Attribute {
  const attribute = attributeNamed(schemaOf(kind, path.urn) ?? [], path.attribute);
  if (attribute?.multiValued !== true) throw unknown(path);
  return attribute;
}

const unknown = ({ attribute, sub }: AttributePath) =>
  invalid('invalidFilter', `It cannot be asked for “${sub === null ? attribute : `${attribute}.${sub}`}”.`);

/** At least one of the values is what the filter asks. */
function among(attribute: Attribute, values: ToValues, filter: Filter): Condition {
  const ofValue: ToColumn = ({ attribute: name, sub }) => {
    const known = attributeNamed(attribute.subAttributes ?? [], name);
    if (known === null || sub !== null) return null;
    return { of: sql`value.element ->> ${known.name}::text`, as: 'text' };
  };
  const never: ToValues = () => {
    throw invalid('invalidFilter', 'A filter within a filter is not understood.');
  };
  const within: Kind = { name: 'User', schema: '', attributes: [], extension: null };
  return sql`EXISTS (SELECT FROM ${values(attribute)} WHERE ${condition(filter, within, ofValue, never)})`;
}

function compared({ of, as }: Column, filter: Extract<Filter, { is: 'present' | 'compared' }>): Condition {
  if (filter.is === 'present') return sql`(${of} IS NOT NULL)`;
  const { by, value } = filter;
  if (as === 'boolean') return truth(of, by, value);
  if (as === 'time') return time(of, by, value);
  if (value === null) return by === 'ne' ? sql`(${of} IS NOT NULL)` : sql`(${of} IS NULL)`;
  const folded = as === 'exact' ? of : sql`lower(${of})`;
  const text = as === 'exact' ? String(value) : String(value).toLowerCase();
  return sql`(${textCompared(folded, by, text)})`;
}

function textCompared(of: RawBuilder<unknown>, by: Comparison, text: string): Condition {
  switch (by) {
    case 'eq':
      return sql`${of} = ${text}`;
    case 'ne':
      return sql`${of} IS DISTINCT FROM ${text}`;
    case 'co':
      return sql`strpos(${of}, ${text}) > 0`;
    case 'sw':
      return sql`starts_with(${of}, ${text})`;
    case 'ew':
      return sql`right(${of}, length(${text})) = ${text}`;
    case 'gt':
      return sql`${of} > ${text}`;
    case 'ge':
      return sql`${of} >= ${text}`;
    case 'lt':
      return sql`${of} < ${text}`;
    case 'le':
      return sql`${of} <= ${text}`;
  }
}

/** Entra ID asks for `active eq "True"`. */
function truth(of: RawBuilder<unknown>, by: Comparison, value: Value): Condition {
  const word = String(value).toLowerCase();
  if ((by !== 'eq' && by !== 'ne') || (word !== 'true' && word !== 'false')) {
    throw invalid('invalidFilter', 'True or false is all that can be asked for here.');
  }
  return (word === 'true') === (by === 'eq') ? sql`(${of})` : sql`(NOT ${of})`;
}

const ORDER: Readonly<Partial<Record<Comparison, RawBuilder<unknown>>>> = {
  eq: sql`=`,
  ne: sql`<>`,
  gt: sql`>`,
  ge: sql`>=`,
  lt: sql`<`,
  le: sql`<=`,
};

function time(of: RawBuilder<unknown>, by: Comparison, value: Value): Condition {
  const order = ORDER[by];
  if (order === undefined) throw invalid('invalidFilter', 'Times are compared by eq, ne, gt, ge, lt and le.');
  try {
    return sql`(${of} ${order} ${Temporal.Instant.from(String(value)).toString()}::timestamptz)`;
  } catch (error) {
    if (error instanceof RangeError) throw invalid('invalidFilter', `“${String(value).slice(0, 40)}” is not a time.`);
    throw error;
  }
}

function meta(path: AttributePath, row: 'u' | 'g'): Column | null {
  if (path.attribute.toLowerCase() !== 'meta') return null;
  const created = path.sub?.toLowerCase() === 'created';
  if (!created && path.sub?.toLowerCase() !== 'lastmodified') throw unknown(path);
  return { of: created ? sql.raw(`${row}.created_at`) : sql.raw(`${row}.modified_at`), as: 'time' };
}

function userColumn(path: AttributePath): Column | null {
  if (path.urn === null && path.sub === null && path.attribute.toLowerCase() === 'id') {
    return { of: sql`u.id::text`, as: 'text' };
  }
  const attribute = attributeNamed(schemaOf(USERS, path.urn) ?? [], path.attribute);
  if (attribute === null) return meta(path, 'u') ?? fail(path);
  if (attribute.multiValued === true) return null;
  const sub = path.sub === null ? null : attributeNamed(attribute.subAttributes ?? [], path.sub);
  if ((path.sub !== null) !== (sub !== null)) return fail(path);
  if (attribute.name === 'externalId') return { of: sql`u.external_id`, as: 'exact' };
  if (attribute.name === 'userName') return { of: sql`u.user_name`, as: 'text' };
  if (attribute.name === 'active') return { of: sql`u.active`, as: 'boolean' };
  const own = schemaOf(USERS, path.urn) === USERS.attributes;
  const holder = own ? sql`u.attributes` : sql`u.attributes -> ${USERS.extension?.schema ?? ''}::text`;
  if (attribute.type !== 'complex') return { of: sql`${holder} ->> ${attribute.name}::text`, as: 'text' };
  // A manager is asked for by the id.
  return { of: sql`${holder} -> ${attribute.name}::text ->> ${sub?.name ?? 'value'}::text`, as: 'text' };
}

const userValues: ToValues = ({ name }) =>
  sql`jsonb_array_elements(coalesce(u.attributes -> ${name}::text, '[]')) AS value (element)`;

function groupColumn(path: AttributePath): Column | null {
  if (path.urn === null && path.sub === null && path.attribute.toLowerCase() === 'id') {
    return { of: sql`g.id::text`, as: 'text' };
  }
  const attribute = attributeNamed(schemaOf(GROUPS, path.urn) ?? [], path.attribute);
  if (attribute === null) return meta(path, 'g') ?? fail(path);
  if (attribute.multiValued === true) return null;
  if (path.sub !== null) return fail(path);
  if (attribute.name === 'externalId') return { of: sql`g.external_id`, as: 'exact' };
  return { of: sql`g.display_name`, as: 'text' };
}

const groupValues: ToValues = () =>
  sql`(SELECT jsonb_build_object('value', m."user") AS element FROM scim_members m WHERE m."group" = g.id) AS value`;

function fail(path: AttributePath): never {
  throw unknown(path);
}
