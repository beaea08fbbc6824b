/** API keys: the last resort of what can neither sign in nor show a token of its own. */
import { z } from 'zod';
import { apiKeyId, instant, personName } from '../shapes.ts';
import type { EndpointName } from './endpoints/index.ts';

/** What a key can be made for. A key holds some of these and nothing else of what its person may do. */
export const keyScope = z.enum([
  'scim',
  'requests:read',
  'requests:write',
  'connect',
  'audit:read',
  'config:read',
  'config:write',
]);
export type KeyScope = z.infer<typeof keyScope>;

/**
 * What each scope opens. What is not here, no key opens: reviews (they are people's own), second factors, sign-in,
 * accounts, keys, credentials, gateways. `scim` opens `/scim/v2` alone.
 */
export const SCOPE_OF: Readonly<Partial<Record<EndpointName | 'exportAudit', KeyScope>>> = {
  me: 'requests:read',
  resources: 'requests:read',
  resource: 'requests:read',
  explain: 'requests:read',
  requests: 'requests:read',
  request: 'requests:read',
  grants: 'requests:read',
  grant: 'requests:read',
  sessions: 'requests:read',
  createRequest: 'requests:write',
  cancelRequest: 'requests:write',
  extendGrant: 'requests:write',
  relinquishGrant: 'requests:write',
  connect: 'connect',
  revokeTicket: 'connect',
  auditEntries: 'audit:read',
  auditStreams: 'audit:read',
  auditCheckpoints: 'audit:read',
  auditKey: 'audit:read',
  exportAudit: 'audit:read',
  findings: 'audit:read',
  gateways: 'audit:read',
  config: 'config:read',
  configVersions: 'config:read',
  configVersion: 'config:read',
  planConfig: 'config:read',
  applyConfig: 'config:write',
};

export const newApiKey = z.object({
  /** What it is for, as people will read it when they wonder whether it can go. */
  name: z.string().min(1).max(100),
  /** Whose: yourself where left out. A person or a workload. */
  person: personName.optional(),
  scopes: z.array(keyScope).min(1).max(20),
  /** At most a year from now. */
  expiresAt: instant,
});

export const apiKey = z
  .object({
    id: apiKeyId,
    name: z.string(),
    person: personName,
    /** The first characters of the key, to know it by. */
    prefix: z.string(),
    scopes: z.array(keyScope),
    createdBy: personName,
    createdAt: instant,
    expiresAt: instant,
    lastUsedAt: instant.nullable(),
    lastUsedFrom: z.string().nullable(),
    revokedAt: instant.nullable(),
    revokedBy: personName.nullable(),
  })
  .meta({ id: 'ApiKey' });
export type ApiKeyView = z.infer<typeof apiKey>;

/** `key` is shown this once. */
export const newKeyMade = apiKey.extend({ key: z.string() }).meta({ id: 'NewApiKey' });
export type NewKeyMade = z.infer<typeof newKeyMade>;
