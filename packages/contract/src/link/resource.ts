/** A resource as its gateways are told of it. */
import { z } from 'zod';
import { engine, resourceName } from '../shapes.ts';

/** How the gateway comes by the administrator credential of a resource; only `secret` crosses the link. */
export const credential = z.object({
  user: z.string(),
  source: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('env'), name: z.string() }),
    z.object({ kind: z.literal('file'), path: z.string() }),
    /** A token in place of a password. */
    z.object({ kind: z.literal('tokenFile'), path: z.string() }),
    z.object({ kind: z.literal('secret'), password: z.string() }),
  ]),
});

/** Whose tokens may stand for a ticket: a tenant of Entra ID, the issuers it signs as, and its public keys (RFC 7517). */
export const entraTrust = z.object({
  tenant: z.guid(),
  issuers: z.array(z.string()),
  keys: z.array(z.record(z.string(), z.string().optional())),
});
export type EntraTrust = z.infer<typeof entraTrust>;

export const desiredResource = z.object({
  name: resourceName,
  engine,
  /** `host`+`port`, or `socket` (a folder; MySQL: the socket itself) + `port`. */
  address: z.union([z.object({ host: z.string(), port: z.int() }), z.object({ socket: z.string(), port: z.int() })]),
  tls: z.object({
    mode: z.enum(['verify-full', 'verify-ca', 'disable']),
    ca: z.string().nullable(),
    serverName: z.string().nullable(),
  }),
  databases: z.array(z.string()),
  credential,
  /** The durable role that owns what an `owner` creates; null: `tidegate_<resource>_owner`. */
  ownerRole: z.string().nullable(),
  record: z.object({ values: z.enum(['full', 'text', 'fingerprint']) }),
  maxSessionsPerGrant: z.int(),
  /** What is refused unless it is allowed here; a control plane that says nothing of it allows none. */
  allow: z.object({ localInfile: z.boolean() }).default({ localInfile: false }),
  /** Only for engines whose clients bring such tokens (SQL Server); empty: tickets alone let in. */
  entra: z.array(entraTrust),
  /** True on the one gateway that makes and drops principals; all gateways of the resource relay. */
  reconcile: z.boolean(),
});
export type DesiredResource = z.infer<typeof desiredResource>;
