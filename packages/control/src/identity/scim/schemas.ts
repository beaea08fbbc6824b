/**
 * What Tidegate keeps of users and groups (RFC 7643): one list from which input is read, filters and paths are resolved,
 * and `/Schemas` is answered. Passwords are not in it: SCIM people sign in at their provider.
 */
export const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
export const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

export interface Attribute {
  readonly name: string;
  readonly type: 'string' | 'boolean' | 'complex' | 'reference';
  readonly description: string;
  readonly multiValued?: true;
  readonly required?: true;
  readonly caseExact?: true;
  readonly unique?: true;
  readonly readOnly?: true;
  readonly subAttributes?: readonly Attribute[];
}

const text = (name: string, description: string): Attribute => ({ name, type: 'string', description });

/** The sub-attributes that multi-valued ones share (RFC 7643 section 2.4). */
const plural = (name: string, description: string): Attribute => ({
  name,
  type: 'complex',
  multiValued: true,
  description,
  subAttributes: [
    text('value', 'What it is'),
    text('display', 'For people'),
    text('type', 'Such as work or home'),
    { name: 'primary', type: 'boolean', description: 'The one to use first; one of them at most' },
  ],
});

const addresses: Attribute = {
  ...plural('addresses', 'Postal addresses'),
  subAttributes: [
    ...['formatted', 'streetAddress', 'locality', 'region', 'postalCode', 'country', 'type'].map((name) =>
      text(name, name),
    ),
    { name: 'primary', type: 'boolean', description: 'The one to use first' },
  ],
};

export const EXTERNAL_ID: Attribute = {
  name: 'externalId',
  type: 'string',
  caseExact: true,
  unique: true,
  description: 'Who or what this is at the provider: what it is known by when it comes back',
};

export const USER_ATTRIBUTES: readonly Attribute[] = [
  { name: 'userName', type: 'string', required: true, unique: true, description: 'The name at the provider' },
  {
    name: 'name',
    type: 'complex',
    description: 'The parts of the name',
    subAttributes: ['formatted', 'familyName', 'givenName', 'middleName', 'honorificPrefix', 'honorificSuffix'].map(
      (name) => text(name, name),
    ),
  },
  text('displayName', 'The name as people read it'),
  text('nickName', 'What they are called'),
  text('title', 'Position'),
  text('userType', 'Such as employee or contractor'),
  text('preferredLanguage', 'Language'),
  text('locale', 'Locale'),
  text('timezone', 'Time zone'),
  { name: 'active', type: 'boolean', description: 'False ends logins, requests and grants at once' },
  plural('emails', 'E-mail addresses: for messages, never what an account is found by'),
  plural('phoneNumbers', 'Telephone numbers'),
  addresses,
  plural('entitlements', 'Entitlements at the provider'),
  plural('roles', 'Roles at the provider'),
];

export const ENTERPRISE_ATTRIBUTES: readonly Attribute[] = [
  ...['employeeNumber', 'costCenter', 'organization', 'division', 'department'].map((name) => text(name, name)),
  {
    name: 'manager',
    type: 'complex',
    description: 'Whose approval counts where a policy asks for the manager’s',
    subAttributes: [
      text('value', 'The id of the manager’s user'),
      { name: '$ref', type: 'reference', description: 'The address of the manager’s user' },
      { name: 'displayName', type: 'string', readOnly: true, description: 'The manager’s name' },
    ],
  },
];

export const GROUP_ATTRIBUTES: readonly Attribute[] = [
  { name: 'displayName', type: 'string', required: true, unique: true, description: 'The name as people read it' },
  {
    name: 'members',
    type: 'complex',
    multiValued: true,
    description: 'The users in it',
    subAttributes: [
      text('value', 'The id of a user'),
      { name: '$ref', type: 'reference', description: 'The address of the user' },
      text('display', 'The user’s name'),
      text('type', 'User'),
    ],
  },
];

/** A kind of resource: its own schema, and the one that extends it. */
export interface Kind {
  readonly name: 'User' | 'Group';
  readonly schema: string;
  readonly attributes: readonly Attribute[];
  readonly extension: { readonly schema: string; readonly attributes: readonly Attribute[] } | null;
}

export const USERS: Kind = {
  name: 'User',
  schema: USER,
  attributes: [EXTERNAL_ID, ...USER_ATTRIBUTES],
  extension: { schema: ENTERPRISE, attributes: ENTERPRISE_ATTRIBUTES },
};
export const GROUPS: Kind = {
  name: 'Group',
  schema: GROUP,
  attributes: [EXTERNAL_ID, ...GROUP_ATTRIBUTES],
  extension: null,
};

/** Attribute names are compared whatever their case (RFC 7643 section 2.1). */
export const attributeNamed = (attributes: readonly Attribute[], name: string): Attribute | null =>
  attributes.find((attribute) => attribute.name.toLowerCase() === name.toLowerCase()) ?? null;

/** The attributes of a schema of this kind, by its URN; null: the kind's own. */
export function schemaOf(kind: Kind, urn: string | null): readonly Attribute[] | null {
  if (urn === null || urn.toLowerCase() === kind.schema.toLowerCase()) return kind.attributes;
  if (kind.extension !== null && urn.toLowerCase() === kind.extension.schema.toLowerCase())
    return kind.extension.attributes;
  return null;
}
