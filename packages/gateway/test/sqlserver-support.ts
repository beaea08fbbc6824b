/** A scripted server, a resource on it and its provisioner: for the tests of SQL Server principals. */
import { randomBytes } from 'node:crypto';
import { type DesiredGrant, type DesiredResource, desiredGrant, desiredResource } from '@tidegate/contract';
import { kindOf } from '../src/engines/provisioner.ts';
import { sqlserverProvisioner } from '../src/engines/sqlserver/principal/index.ts';
import { Connections } from '../src/engines/sqlserver/principal/sessions.ts';
import { ADMIN, database, type FakeDatabase, FakeServer } from './sqlserver-fake.ts';

export const DATABASES = ['orders', "st]ock's. 2"] as const;
export const ADMIN_PASSWORD = 'administrators-own';

export interface Stage {
  readonly server: FakeServer;
  readonly resource: DesiredResource;
  readonly principals: ReturnType<typeof sqlserverProvisioner>;
}

export function stage(
  options: { edition?: number; databases?: Record<string, FakeDatabase>; ownerRole?: string; tls?: object } = {},
): Stage {
  const databases = options.databases ?? Object.fromEntries(DATABASES.map((name) => [name, database()]));
  const server = new FakeServer(databases);
  if (options.edition !== undefined) server.edition = options.edition;
  const resource = desiredResource.parse({
    name: 'sales',
    engine: 'sqlserver',
    address: { host: 'sql.example', port: 1433 },
    tls: { mode: 'verify-full', ca: null, serverName: null, ...options.tls },
    databases: Object.keys(databases),
    credential: { user: ADMIN, source: { kind: 'secret', password: ADMIN_PASSWORD } },
    ownerRole: options.ownerRole ?? null,
    record: { values: 'full' },
    maxSessionsPerGrant: 10,
    allow: { localInfile: false },
    entra: [],
    reconcile: true,
  });
  return { server, resource, principals: principalsOn(server, resource) };
}

/** Another gateway, or the same after a restart. */
export function principalsOn(server: FakeServer, resource: DesiredResource, password = async () => ADMIN_PASSWORD) {
  const administrator = new Connections({ resource, password, connect: server.connect });
  const log = { info: () => undefined, warn: () => undefined };
  return sqlserverProvisioner({ resource, password, controlNow: Date.now, log }, administrator);
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
export const newId = () => `g${[...randomBytes(7)].map((byte) => ALPHABET[byte & 31]).join('')}`;

export function grantOn(
  resource: DesiredResource,
  privileges: 'read' | 'write' | 'own',
  changes: Partial<Record<keyof DesiredGrant, unknown>> = {},
): DesiredGrant {
  const id = typeof changes.id === 'string' ? changes.id : newId();
  return desiredGrant.parse({
    id,
    resource: resource.name,
    person: 'alice',
    role: { name: { read: 'reader', write: 'editor', own: 'owner' }[privileges], privileges },
    loginName: `alice.${id}`,
    phase: 'prepare',
    duration: 'PT1H',
    startsAt: '2026-11-22T10:00:00Z',
    expiresAt: null,
    closing: null,
    principalPassword: `Tg1.${randomBytes(16).toString('hex')}`,
    scram: { salt: randomBytes(16).toString('base64'), iterations: 4096 },
    tickets: [],
    entra: null,
    ...changes,
  });
}

export const refOf = (grant: DesiredGrant) => ({
  grant: grant.id,
  loginName: grant.loginName,
  privileges: kindOf(grant.role),
  since: grant.startsAt === null ? null : Temporal.Instant.from(grant.startsAt),
});

export const UNTIL = Temporal.Instant.from('2026-11-22T11:00:00Z');
