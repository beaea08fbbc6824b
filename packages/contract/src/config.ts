/**
 * The configuration file: groups, resources, roles and the policy, as people write it in YAML.
 * Unknown keys are errors: a misspelt `approvals` must never read as "none needed".
 */
import { GRANT_LINE_MAX } from '@tidegate/core';
import { z } from 'zod';
import { duration, engine, groupName, personName, resourceName, roleName } from './shapes.ts';

const someone = { groups: z.array(groupName).default([]), people: z.array(personName).default([]) };

export const configGroup = z.strictObject({ name: groupName, members: z.array(personName).default([]) });

export const configResource = z.strictObject({
  name: resourceName,
  engine,
  /** `host:port`, `[v6]:port`, or `/folder/of/socket:port` (MySQL: the socket's own path). */
  address: z.string().min(3).max(300),
  databases: z.array(z.string().min(1).max(128)).min(1),
  labels: z.record(z.string(), z.string()).default({}),
  owners: z.array(groupName).default([]),
  /** How the gateway comes by the administrator: a variable or file at the gateway, or the store (`tidegate resources credential`). */
  credential: z.strictObject({
    user: z.string().min(1).max(128),
    env: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable')
      .optional(),
    file: z.string().startsWith('/', 'must be an absolute path').optional(),
    stored: z.literal(true).optional(),
  }),
  tls: z
    .strictObject({
      mode: z.enum(['verify-full', 'verify-ca', 'disable']).default('verify-full'),
      /** PEM text; the system's authorities where left out. */
      ca: z.string().optional(),
      serverName: z.string().optional(),
    })
    .default({ mode: 'verify-full' }),
  /** The durable role that owns what an `owner` creates; made where it is left out. */
  ownerRole: z.string().min(1).max(63).optional(),
  record: z
    .strictObject({ values: z.enum(['full', 'text', 'fingerprint']).default('full') })
    .default({ values: 'full' }),
  maxSessionsPerGrant: z.int().min(1).max(10_000).default(100),
  /** What is refused unless it stands here. `localInfile`: the server may ask clients for files of theirs (MySQL, MariaDB). */
  allow: z.strictObject({ localInfile: z.boolean().default(false) }).default({ localInfile: false }),
});

/** Lines of core's grammar (docs/ROLES.md), checked one by one where the file is checked. */
const grantLines = z.array(z.string().min(1).max(GRANT_LINE_MAX)).min(1).max(200);

export const configRole = z.union([
  z.strictObject({
    name: roleName,
    privileges: z.enum(['read', 'write', 'own']),
    duration: z.strictObject({ default: duration, max: duration }),
  }),
  z.strictObject({
    name: roleName,
    grants: z.strictObject({
      postgres: grantLines.optional(),
      mysql: grantLines.optional(),
      sqlserver: grantLines.optional(),
    }),
    duration: z
      .strictObject({ default: duration.default('PT1H'), max: duration.default('PT2H') })
      .default({ default: 'PT1H', max: 'PT2H' }),
  }),
]);

export const configRule = z.strictObject({
  name: z.string().min(1).max(63),
  resources: z.union([
    z.strictObject({ all: z.literal(true) }),
    z.strictObject({ names: z.array(resourceName).default([]), labels: z.record(z.string(), z.string()).default({}) }),
  ]),
  roles: z.array(roleName).min(1),
  who: z.strictObject(someone),
  duration: z.strictObject({ max: duration }).optional(),
  reason: z
    .strictObject({ required: z.boolean().default(true), ticket: z.string().optional() })
    .default({ required: true }),
  mfa: z
    .strictObject({ at: z.array(z.enum(['request', 'review', 'connect'])).min(1), within: duration.default('PT5M') })
    .optional(),
  /** In order; an empty list gives access at once and must be written out. */
  approvals: z.array(z.strictObject({ from: z.strictObject(someone), count: z.int().min(1).max(20).default(1) })),
  lapseAfter: duration.default('PT8H'),
});

/**
 * Whom to believe about a workload: who signed its token, about whom, for whom; each compared exactly, so that no
 * pattern lets in a branch or a repository that somebody else can make.
 */
export const configTrust = z.strictObject({
  issuer: z.url().max(500),
  subject: z.string().min(1).max(500),
  audience: z.string().min(1).max(500),
});

/** A client certificate of the API's own client authority: by its fingerprint, or by its whole subject. */
export const configCertificate = z.union([
  z.strictObject({
    sha256: z.string().regex(/^[0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){31}$/, 'must be a SHA-256 fingerprint: 64 hex digits'),
  }),
  z.strictObject({ subject: z.string().min(1).max(500) }),
]);

/** A pipeline or an agent that asks by itself. */
export const configWorkload = z.strictObject({
  name: personName,
  /** In whose hands it is: they never approve what it asks for. */
  runBy: z.array(personName).min(1).max(100),
  groups: z.array(groupName).default([]),
  trust: z.array(configTrust).max(50).default([]),
  certificates: z.array(configCertificate).max(50).default([]),
});

/** Tidegate's own roles. What they may do stands in control's `identity/permissions`. */
export const tidegateRole = z.enum(['administrator', 'policy-editor', 'auditor', 'reviewer', 'user']);
export type TidegateRole = z.infer<typeof tidegateRole>;

/** Who has one of Tidegate's own roles: everywhere, or (not for policy editors) on some resources alone. */
export const configPermission = z.strictObject({
  role: tidegateRole,
  to: z.strictObject(someone),
  resources: z
    .strictObject({ names: z.array(resourceName).default([]), labels: z.record(z.string(), z.string()).default({}) })
    .optional(),
});

const NOBODY = { groups: [], people: [] };

export const config = z.strictObject({
  apiVersion: z.literal('tidegate/v1'),
  groups: z.array(configGroup).default([]),
  resources: z.array(configResource).default([]),
  /** Where left out: reader and editor for up to 2 h, owner up to 4 h; an hour where none is asked for (core's DEFAULT_ROLES). */
  roles: z.array(configRole).optional(),
  policies: z.array(configRule).default([]),
  workloads: z.array(configWorkload).default([]),
  permissions: z.array(configPermission).default([]),
  /** `self`: who may make API keys for themselves. Administrators make them for workloads in any case. */
  apiKeys: z.strictObject({ self: z.strictObject(someone).default(NOBODY) }).default({ self: NOBODY }),
});
export type Config = z.infer<typeof config>;
