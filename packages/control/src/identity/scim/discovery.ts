/** What a provider can ask about this service (RFC 7643 sections 5 to 7, RFC 7644 section 4). */
import {
  type Attribute,
  ENTERPRISE,
  ENTERPRISE_ATTRIBUTES,
  GROUP,
  GROUP_ATTRIBUTES,
  USER,
  USER_ATTRIBUTES,
} from './schemas.ts';
import type { Values } from './values.ts';

export const LIST_MAX = 500;

export const serviceProviderConfig = (base: string): Values => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'],
  patch: { supported: true },
  bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
  filter: { supported: true, maxResults: LIST_MAX },
  changePassword: { supported: false },
  sort: { supported: false },
  etag: { supported: true },
  authenticationSchemes: [
    {
      type: 'oauthbearertoken',
      name: 'API key',
      description: 'An API key of Tidegate with the scope scim, as a bearer token',
      primary: true,
    },
  ],
  meta: { resourceType: 'ServiceProviderConfig', location: `${base}/ServiceProviderConfig` },
});

export const resourceTypes = (base: string): Values[] => [
  resourceType(base, 'User', '/Users', USER, [{ schema: ENTERPRISE, required: false }]),
  resourceType(base, 'Group', '/Groups', GROUP, []),
];

const resourceType = (
  base: string,
  id: string,
  endpoint: string,
  schema: string,
  schemaExtensions: Values[],
): Values => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],
  id,
  name: id,
  endpoint,
  schema,
  schemaExtensions,
  meta: { resourceType: 'ResourceType', location: `${base}/ResourceTypes/${id}` },
});

export const schemas = (base: string): Values[] => [
  schema(base, USER, 'User', USER_ATTRIBUTES),
  schema(base, ENTERPRISE, 'EnterpriseUser', ENTERPRISE_ATTRIBUTES),
  schema(base, GROUP, 'Group', GROUP_ATTRIBUTES),
];

const schema = (base: string, id: string, name: string, attributes: readonly Attribute[]): Values => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:Schema'],
  id,
  name,
  description: name,
  attributes: attributes.map(described),
  meta: { resourceType: 'Schema', location: `${base}/Schemas/${id}` },
});

const described = (attribute: Attribute): Values => ({
  name: attribute.name,
  type: attribute.type,
  multiValued: attribute.multiValued === true,
  description: attribute.description,
  required: attribute.required === true,
  caseExact: attribute.caseExact === true,
  mutability: attribute.readOnly === true ? 'readOnly' : 'readWrite',
  returned: 'default',
  uniqueness: attribute.unique === true ? 'server' : 'none',
  ...(attribute.type === 'reference' ? { referenceTypes: ['User'] } : {}),
  ...(attribute.subAttributes === undefined ? {} : { subAttributes: attribute.subAttributes.map(described) }),
});
