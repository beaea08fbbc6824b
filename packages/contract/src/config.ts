/**
 * The configuration file: groups, resources, roles and the policy, as people write it in YAML.
 * Unknown keys are errors: a misspelt `approvals` must never read as "none needed".
 */
import { GRANT_LINE_MAX } from '@tidegate/core';
import { z } from 'zod';
import { duration, engine, groupName, personName, resourceName, roleName } from './shapes.ts';

const someone = { groups: z.array(groupName).default([]), people: z.array(personName).default([]) };

/** A group or an app role as an identity provider names it (Entra ID: the group's object id). */
const providersGroup = z.string().min(1).max(256);
export const providerName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'must be 1 to 32 of a–z, 0–9 and hyphen, and begin with a–z or 0–9');

export const configGroup = z.strictObject({
  name: groupName,
  members: z.array(personName).default([]),
  /** Whoever an identity provider says is in that group, or has that app role; which provider, where there are several. */
  fromIdp: z.union([providersGroup, z.strictObject({ provider: providerName, id: providersGroup })]).optional(),
});

const claimName = z.string().min(1).max(256);

/** Where people sign in who have no password here (OpenID Connect). */
export const configIdentityProvider = z.strictObject({
  name: providerName,
  /** As its tokens say it, to the letter. */
  issuer: z.url().max(500),
  clientId: z.string().min(1).max(300),
  /** A variable or file at the control plane. Left out: a public client, with PKCE alone. */
  clientSecret: z
    .strictObject({
      env: z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable')
        .optional(),
      file: z.string().startsWith('/', 'must be an absolute path').optional(),
    })
    .optional(),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/, 'must be a scope: no spaces, quotes or backslashes'))
    .max(30)
    .default(['openid', 'profile', 'offline_access']),
  groups: z.strictObject({ claim: claimName }).default({ claim: 'groups' }),
  appRoles: z.strictObject({ claim: claimName }).default({ claim: 'roles' }),
  /** Entra ID: people are known by `tid` and `oid`, and who is in too many groups for a token is looked up in Graph. */
  entra: z.boolean().default(false),
  /** Microsoft Graph: another in national clouds. */
  graph: z.url().max(500).default('https://graph.microsoft.com'),
  /** What a person is called here at first; never what they are found by. */
  nameFrom: claimName.default('preferred_username'),
  /** Its names are its administrators' alone: a newcomer may get one that the configuration speaks of already. */
  trustNames: z.boolean().default(false),
  /** The same directory provisions people by SCIM: its `externalId` is the subject here (Entra ID: the `oid`). */
  scim: z.boolean().default(false),
  /** What in an ID token says that a second factor was shown; `acrs` is Entra ID's authentication context. */
  mfa: z
    .strictObject({
      acr: z.array(z.string().min(1).max(256)).max(20).default([]),
      amr: z.array(z.string().min(1).max(64)).max(20).default(['mfa']),
      acrs: z
        .array(z.string().regex(/^c\d{1,2}$/, 'must be an authentication context, such as c1'))
        .max(20)
        .default([]),
    })
    .default({ acr: [], amr: ['mfa'], acrs: [] }),
  session: z
    .strictObject({
      /** How often the provider is asked whether a person may still come in. */
      recheckEvery: z.union([z.literal('never'), duration]).default('PT5M'),
      /** When it says no without saying why: end all they have open, or sign them out alone. */
      whenRefused: z.enum(['end-access', 'sign-out']).default('end-access'),
    })
    .default({ recheckEvery: 'PT5M', whenRefused: 'end-access' }),
});
export type IdentityProvider = z.infer<typeof configIdentityProvider>;

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
    /** A token of Entra ID in place of a password, in a file that whoever renews it (a workload-identity sidecar) writes. */
    tokenFile: z.string().startsWith('/', 'must be an absolute path').optional(),
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
  /** What is refused unless it stands here. */
  allow: z
    .strictObject({
      /** The server may ask clients for files of theirs (MySQL, MariaDB). */
      localInfile: z.boolean().default(false),
      /** Results may be saved as files from the web app. */
      export: z.boolean().default(false),
    })
    .default({ localInfile: false, export: false }),
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

/** One approval: how many distinct people, or what share of those who could (a quorum). */
const configApproval = z
  .strictObject({
    from: z.strictObject({
      ...someone,
      /** Members of the groups that own the resource. */
      resourceOwners: z.boolean().default(false),
      /** The requester's manager, as the identity provider tells it. */
      managers: z.boolean().default(false),
    }),
    count: z.int().min(1).max(20).optional(),
    /** `majority`, `all`, or a share such as `60%`, of those who could approve when it is asked for. */
    quorum: z
      .string()
      .regex(/^(majority|all|(100|[1-9]\d?)%)$/, 'must be majority, all, or a share such as 60%')
      .optional(),
    /** Who may approve as well when nobody did for so long. */
    escalate: z.strictObject({ after: duration, to: z.strictObject(someone) }).optional(),
  })
  .refine(({ count, quorum }) => count === undefined || quorum === undefined, {
    message: 'must have a count or a quorum, not both',
    path: ['quorum'],
  });
export type ConfigApproval = z.infer<typeof configApproval>;

/** Approvals stand in order; those inside `parallel` are asked for at once. */
const configStage = z.union([z.strictObject({ parallel: z.array(configApproval).min(1).max(10) }), configApproval]);

/** What a rule is told that does not say how access by it is given. */
export const GIVES_NOTHING =
  'must say “approvals”, “autoApprove” or “breakGlass”: an empty list of approvals gives access at once';

/** CEL, typed against what `core/policy/facts` lists (docs/POLICY.md). */
const condition = z.string().min(1).max(2000);

export const configRule = z
  .strictObject({
    name: z.string().min(1).max(63),
    resources: z.union([
      z.strictObject({ all: z.literal(true) }),
      z.strictObject({
        names: z.array(resourceName).default([]),
        labels: z.record(z.string(), z.string()).default({}),
      }),
    ]),
    roles: z.array(roleName).min(1),
    who: z.strictObject({ ...someone, workloads: z.array(personName).default([]) }),
    /** Must hold for the rule to speak at all. */
    when: condition.optional(),
    duration: z.strictObject({ max: duration }).optional(),
    reason: z
      .strictObject({ required: z.boolean().default(true), ticket: z.string().optional() })
      .default({ required: true }),
    mfa: z
      .strictObject({ at: z.array(z.enum(['request', 'review', 'connect'])).min(1), within: duration.default('PT5M') })
      .optional(),
    /** In order; an empty list gives access at once and must be written out. */
    approvals: z.array(configStage).max(20).optional(),
    /** Where it holds no approval is needed; without approvals the rule speaks only then. */
    autoApprove: condition.optional(),
    /** Given at once to who asks for it as such; told to these, and looked at afterwards. */
    breakGlass: z.strictObject({ notify: z.strictObject(someone), reviewWithin: duration.default('PT24H') }).optional(),
    /** Of access by this rule: whether results may be saved from the web app. The resource's own word where left out. */
    allow: z.strictObject({ export: z.boolean() }).optional(),
    lapseAfter: duration.default('PT8H'),
  })
  .refine(({ approvals, autoApprove, breakGlass }) => approvals ?? autoApprove ?? breakGlass, {
    message: GIVES_NOTHING,
    path: [],
  })
  .refine(({ approvals, breakGlass }) => breakGlass === undefined || approvals === undefined, {
    message: 'cannot stand beside breakGlass, which asks for none',
    path: ['approvals'],
  })
  .refine(({ autoApprove, breakGlass }) => breakGlass === undefined || autoApprove === undefined, {
    message: 'cannot stand beside breakGlass, which is given at once',
    path: ['autoApprove'],
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
  identityProviders: z.array(configIdentityProvider).max(50).default([]),
  /** In which conditions read hours and days. */
  timeZone: z.string().min(1).max(64).default('UTC'),
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
