/** Resources as SCIM shows them: schemas, `meta`, and only the attributes that were asked for. */
import type { ScimGroupRow, ScimUserRow } from '../../store/schema-scim.ts';
import { ENTERPRISE, GROUP, USER } from './schemas.ts';
import { isValues, type Values } from './values.ts';

export interface Shown {
  readonly resource: Values;
  /** Weak, counted up with each change. */
  readonly etag: string;
  readonly location: string;
}

export const etagOf = ({ version }: { readonly version: number }): string => `W/"${version}"`;

/** A group of a user, or a user of a group. */
export interface Reference {
  readonly id: string;
  readonly display: string;
}

/** `base` is the address of `/scim/v2`. */
export function showUser(row: ScimUserRow, groups: readonly Reference[], base: string): Shown {
  const location = `${base}/Users/${row.id}`;
  const { attributes } = row;
  return shown(row, location, 'User', {
    schemas: [USER, ...(ENTERPRISE in attributes ? [ENTERPRISE] : [])],
    id: row.id,
    ...(row.externalId === null ? {} : { externalId: row.externalId }),
    userName: row.userName,
    active: row.active,
    ...attributes,
    groups: groups.map(({ id, display }) => ({ value: id, display, type: 'direct', $ref: `${base}/Groups/${id}` })),
  });
}

/** `members` null: not asked for. */
export function showGroup(row: ScimGroupRow, members: readonly Reference[] | null, base: string): Shown {
  const location = `${base}/Groups/${row.id}`;
  return shown(row, location, 'Group', {
    schemas: [GROUP],
    id: row.id,
    ...(row.externalId === null ? {} : { externalId: row.externalId }),
    displayName: row.displayName,
    ...(members === null
      ? {}
      : {
          members: members.map(({ id, display }) => ({
            value: id,
            display,
            type: 'User',
            $ref: `${base}/Users/${id}`,
          })),
        }),
  });
}

function shown(row: ScimUserRow | ScimGroupRow, location: string, resourceType: string, resource: Values): Shown {
  const etag = etagOf(row);
  const meta = {
    resourceType,
    created: row.createdAt.toString(),
    lastModified: row.modifiedAt.toString(),
    version: etag,
    location,
  };
  return { resource: { ...resource, meta }, etag, location };
}

/** RFC 7644 section 3.9: names of attributes, with commas. */
export interface Projection {
  readonly attributes: readonly string[] | null;
  readonly excluded: readonly string[];
}

const ALWAYS = new Set(['schemas', 'id']);

/** Leaves out what was not asked for. `name.givenName` and `urn:…:User:department` go down one step. */
export function project(resource: Values, { attributes, excluded }: Projection): Values {
  const kept = attributes === null ? resource : only(resource, attributes);
  return excluded.length === 0 ? kept : without(kept, excluded);
}

function only(resource: Values, names: readonly string[]): Values {
  const entries = Object.entries(resource).flatMap(([key, value]) => {
    if (ALWAYS.has(key) || names.includes(key.toLowerCase())) return [[key, value]];
    const subs = subsOf(key, names);
    if (subs.length === 0) return [];
    const cut = (each: unknown): unknown => (isValues(each) ? pick(each, (sub) => subs.includes(sub)) : each);
    return [[key, Array.isArray(value) ? value.map(cut) : cut(value)]];
  });
  return Object.fromEntries(entries);
}

function without(resource: Values, names: readonly string[]): Values {
  const entries = Object.entries(resource)
    .filter(([key]) => ALWAYS.has(key) || !names.includes(key.toLowerCase()))
    .map(([key, value]) => {
      const subs = subsOf(key, names);
      const cut = (each: unknown): unknown => (isValues(each) ? pick(each, (sub) => !subs.includes(sub)) : each);
      return [key, subs.length === 0 ? value : Array.isArray(value) ? value.map(cut) : cut(value)];
    });
  return Object.fromEntries(entries);
}

/** The sub-attributes of `key` among the names; names of the core schema may stand with its URN. */
function subsOf(key: string, names: readonly string[]): string[] {
  const at = key.toLowerCase();
  return names.flatMap((name) =>
    name.startsWith(`${at}.`) || name.startsWith(`${at}:`) ? [name.slice(at.length + 1)] : [],
  );
}

const pick = (values: Values, keep: (key: string) => boolean): Values =>
  Object.fromEntries(Object.entries(values).filter(([key]) => keep(key.toLowerCase())));

/** As they are compared: lower case, without the URN of the core schema. */
export function namesIn(list: string | undefined): string[] {
  const core = [`${USER.toLowerCase()}:`, `${GROUP.toLowerCase()}:`];
  return (list ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .map((name) => core.reduce((rest, urn) => (rest.startsWith(urn) ? rest.slice(urn.length) : rest), name))
    .filter((name) => name !== '');
}
