/**
 * The link: what a gateway and the control plane say to each other, over a WebSocket on mutual TLS that the gateway
 * dials. JSON text messages. Desired state flows down, whole on connect and in changes after; what is, flows up.
 */
import { z } from 'zod';
import {
  duration,
  engine,
  entraIdentity,
  grantId,
  instant,
  personName,
  resourceName,
  roleName,
  sessionId,
  ticketId,
} from '../shapes.ts';
import { grantLine, look, seen } from './looking.ts';
import { desiredResource } from './resource.ts';

/**
 * The newest that this release speaks. Each side says its own (`hello`, `welcome`), and neither uses more than the other
 * understands, so that gateways and control planes are brought up to date one by one, in any order. 2: `look` for lines and
 * objects. 3: `look` that tests a connection.
 */
export const LINK_PROTOCOL = 3;

/**
 * The name in the certificate of every control plane's link listener, whatever its address: a gateway asks for it by SNI
 * and verifies it against the pinned authority. No gateway's certificate ever gets it, so that no gateway can pose as a
 * control plane.
 */
export const LINK_SERVER_NAME = 'control.tidegate.internal';
/** Where things are on the link's listener. All but `join` take the gateway's own certificate. */
export const LINK_PATHS = { join: '/join', renew: '/renew', link: '/link', streams: '/streams' } as const;
/** The largest message in either direction, in bytes. */
export const LINK_MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
/** A gateway sends `ping` this often, in milliseconds … */
export const LINK_PING_EVERY_MS = 5_000;
/** … and whoever hears nothing for this long drops the connection. */
export const LINK_SILENT_AFTER_MS = 15_000;

export const scramVerifier = z.object({ storedKey: z.base64(), serverKey: z.base64() });

/** What was approved: a level on the whole of the resource, or exactly these lines. */
export const desiredRole = z.union([
  z.strictObject({ name: roleName, privileges: z.enum(['read', 'write', 'own']) }),
  z.strictObject({ name: roleName, lines: z.array(grantLine).min(1) }),
]);
export type DesiredRole = z.infer<typeof desiredRole>;

export type EntraIdentity = z.infer<typeof entraIdentity>;

/** What MySQL's caching_sha2_password and mysql_native_password check a proof against: SHA-256 and SHA-1, each twice. */
export const mysqlVerifier = z.object({ sha2: z.base64(), native: z.base64() });

export const desiredTicket = z.object({
  id: ticketId,
  verifier: scramVerifier,
  /** Only for grants on MySQL. */
  mysql: mysqlVerifier.nullable(),
});

/**
 * `prepare`: make the principal, unable to log in, and report `prepared`; the control plane then starts the clock.
 * `open`: able to log in until `expiresAt`. `close`: cut, drop, report `closed`.
 */
export const desiredGrant = z.object({
  id: grantId,
  resource: resourceName,
  person: personName,
  role: desiredRole,
  loginName: z.string(),
  phase: z.enum(['prepare', 'open', 'close']),
  duration,
  startsAt: instant.nullable(),
  expiresAt: instant.nullable(),
  closing: z
    .object({
      reason: z.enum(['expired', 'revoked', 'relinquished', 'failed']),
      by: z.string().nullable(),
      comment: z.string().nullable(),
    })
    .nullable(),
  /** The principal's own password upstream: random, known to gateways only. */
  principalPassword: z.string(),
  /** Shared by a grant's tickets, so that one proof can be held against each. */
  scram: z.object({ salt: z.base64(), iterations: z.int() }),
  tickets: z.array(desiredTicket),
  /** Who the grant’s person is in Entra ID; null: that is not known. */
  entra: entraIdentity.nullable(),
});
export type DesiredGrant = z.infer<typeof desiredGrant>;

export const toGateway = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('welcome'),
    gateway: z.string(),
    name: z.string(),
    now: instant,
    staleAfterMs: z.int(),
    cutAfterMs: z.int(),
    /** What the control plane speaks; one that does not say speaks the first. */
    protocol: z.int().min(1).optional(),
  }),
  /** The whole desired state; replaces all that was known. */
  z.object({
    type: z.literal('state'),
    revision: z.int(),
    resources: z.array(desiredResource),
    grants: z.array(desiredGrant),
  }),
  /** A change on top of `from`; a gateway that is not at `from` asks for the whole with `resync`. */
  z.object({
    type: z.literal('change'),
    from: z.int(),
    revision: z.int(),
    resources: z.array(desiredResource),
    grants: z.array(desiredGrant),
    removedResources: z.array(resourceName),
    removedGrants: z.array(grantId),
  }),
  /** Answer to `ping`; `echo` is the gateway's own time, `now` the control plane's (ms since the epoch). */
  z.object({ type: z.literal('pong'), echo: z.number(), now: z.number() }),
  z.object({ type: z.literal('cut'), session: sessionId, reason: z.string(), by: personName }),
  look,
]);
export type ToGateway = z.infer<typeof toGateway>;

export const grantReport = z.object({
  grant: grantId,
  phase: z.enum(['prepared', 'open', 'closed', 'failed']),
  /** For `failed` (it is tried again): what happened, in words fit for the person. No secrets. */
  detail: z.string().max(2000),
});
export const liveSession = z.object({
  id: sessionId,
  grant: grantId,
  database: z.string(),
  clientAddress: z.string(),
  application: z.string(),
  startedAt: instant,
});
export type LiveSession = z.infer<typeof liveSession>;
export const fromGateway = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('hello'),
    protocol: z.int().min(1),
    version: z.string(),
    listeners: z.array(z.object({ engine, host: z.string(), port: z.int(), tlsRequired: z.boolean() })),
    /** PEM of the authority behind the listener's certificate; null: the control plane's own authority. */
    listenerCa: z.string().nullable(),
    sessions: z.array(liveSession),
  }),
  z.object({ type: z.literal('ping'), at: z.number() }),
  z.object({ type: z.literal('resync') }),
  /** Every relay worker of this gateway knows this revision. */
  z.object({ type: z.literal('ack'), revision: z.int() }),
  z.object({ type: z.literal('report'), grants: z.array(grantReport) }),
  z.object({ type: z.literal('health'), resource: resourceName, ok: z.boolean(), detail: z.string().max(2000) }),
  z.object({
    type: z.literal('finding'),
    kind: z.enum(['leftover_principal', 'undroppable_principal', 'prepared_transaction']),
    resource: resourceName,
    principal: z.string(),
    detail: z.string().max(2000),
    resolved: z.boolean(),
  }),
  z.object({ type: z.literal('session-opened'), session: liveSession }),
  z.object({ type: z.literal('session-closed'), session: sessionId, because: z.string(), statements: z.int() }),
  z.object({ type: z.literal('spool'), bytes: z.int(), limitBytes: z.int(), oldestAt: instant.nullable() }),
  seen,
]);
export type FromGateway = z.infer<typeof fromGateway>;

/** `POST /join` on the link's listener, before the gateway has a certificate. */
export const join = z.object({
  token: z.string().max(512),
  csr: z.string().max(16_384),
  listenerNames: z.array(z.string().max(253)).max(32),
});
export type JoinRequest = z.infer<typeof join>;
export const joined = z.object({
  gateway: z.string(),
  name: z.string(),
  certificate: z.string(),
  listenerCertificate: z.string(),
  ca: z.string(),
});
export type Joined = z.infer<typeof joined>;

/**
 * `POST /renew` under a certificate that is still good, at two thirds of its life; answered with `joined`. The request
 * may bring a new key; both certificates are for the key of the request.
 */
export const renew = z.object({
  csr: z.string().max(16_384),
  listenerNames: z.array(z.string().max(253)).max(32),
});
export type RenewRequest = z.infer<typeof renew>;

/**
 * `GET /streams/:stream`: where the control plane stands; seq 0 and 64 zeros for a stream it has never seen.
 * `POST /streams/:stream/records` (NDJSON of `auditEntry`, plain, gzip or zstd; at most `UPLOAD_MAX_BYTES` unpacked)
 * answers 200 with the head after it, 409 with the head as it is when the upload doesn't continue it or differs from it.
 * `POST /streams/:stream/close` with the head the gateway has: nothing more comes; 409 with ours if it is another.
 */
export const streamHead = z.object({ stream: z.string(), seq: z.int(), hash: z.string() });
