/**
 * What went wrong, told by code alone: SQLSTATE from the server, errno and OpenSSL's codes from the network. The words of
 * a server are in its own language, so they are passed on to the operator's log and never looked at.
 */
import { ProvisionError } from '../../provisioner.ts';

/** Where it went wrong, as an operator would say it. */
export interface Where {
  /** `host:port` or the socket's path. */
  readonly address: string;
  readonly user: string;
  readonly database: string;
}

interface Words {
  /** For the person who waits: no names of servers or accounts. */
  readonly person: string;
  readonly operator: (where: Where) => string;
}

const UNREACHABLE = 'The database cannot be reached at the moment.';
const REFUSED = "The database refuses Tidegate's administrator.";
const BUSY = 'The database is too busy at the moment.';
const TRUST = "The database's certificate cannot be trusted.";

const quoted = (name: string) => JSON.stringify(name);

const unreachable = (why: string): Words => ({
  person: UNREACHABLE,
  operator: ({ address }) => `Cannot reach ${address}: ${why}.`,
});
const untrusted = (why: string): Words => ({
  person: TRUST,
  operator: ({ address }) =>
    `The TLS certificate of ${address} is refused: ${why}. Check the resource's tls.ca and tls.serverName.`,
});

const BY_CODE: Readonly<Record<string, Words>> = {
  // Network.
  ECONNREFUSED: unreachable('connection refused'),
  ECONNRESET: unreachable('the connection was reset'),
  EPIPE: unreachable('the connection was closed'),
  ETIMEDOUT: unreachable('no answer'),
  EHOSTUNREACH: unreachable('no route to the host'),
  ENETUNREACH: unreachable('no route to the network'),
  ENOTFOUND: unreachable('its name is unknown'),
  EAI_AGAIN: unreachable('its name cannot be looked up now'),
  ENOENT: unreachable('there is no such socket'),
  EACCES: unreachable('the socket may not be used by this process'),
  connect_timeout: unreachable('no answer in time'),
  connection_lost: unreachable('the connection was lost'),
  deadline: { person: BUSY, operator: ({ address }) => `${address} did not answer a statement in time.` },
  no_tls: {
    person: TRUST,
    operator: ({ address }) =>
      `${address} does not offer TLS. Turn it on there (ssl = on), or set the resource's tls.mode to disable if the network between is your own.`,
  },
  // OpenSSL and Node's check of names.
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted('it is self-signed'),
  SELF_SIGNED_CERT_IN_CHAIN: untrusted('its authority is not known here'),
  UNABLE_TO_GET_ISSUER_CERT: untrusted('its authority is not known here'),
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted('its authority is not known here'),
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted('its authority is not known here'),
  CERT_HAS_EXPIRED: untrusted('it has expired'),
  CERT_NOT_YET_VALID: untrusted('it is not valid yet'),
  ERR_TLS_CERT_ALTNAME_INVALID: untrusted('it is for another name'),
  // PostgreSQL.
  '28P01': {
    person: REFUSED,
    operator: ({ user }) => `Password authentication failed for the administrator ${quoted(user)}.`,
  },
  '28000': {
    person: REFUSED,
    operator: ({ user, database }) =>
      `The server does not let the administrator ${quoted(user)} in to database ${quoted(database)}: the role must exist and have LOGIN, and pg_hba.conf must allow it from this gateway.`,
  },
  '3D000': {
    person: 'A database of this resource does not exist.',
    operator: ({ database }) =>
      `Database ${quoted(database)} does not exist. Correct the resource's list of databases.`,
  },
  '42501': {
    person: "Tidegate's administrator lacks a privilege in the database.",
    operator: ({ user, database }) =>
      `The administrator ${quoted(user)} lacks a privilege for this in database ${quoted(database)}.`,
  },
  '53300': { person: BUSY, operator: ({ address }) => `${address} has no connection left (max_connections).` },
  '53100': { person: BUSY, operator: ({ address }) => `The disk of ${address} is full.` },
  '53200': { person: BUSY, operator: ({ address }) => `${address} is out of memory or locks.` },
  '55P03': { person: BUSY, operator: () => 'A lock that is needed is held by another session.' },
  '55006': { person: BUSY, operator: () => 'An object that is needed is in use by another session.' },
  '57014': { person: BUSY, operator: ({ address }) => `${address} did not finish a statement in time.` },
  '57P01': unreachable('the server ended the connection'),
  '57P02': unreachable('the server crashed'),
  '57P03': unreachable('the server is starting up or shutting down'),
  '25006': {
    person: 'The database is read-only at the moment.',
    operator: ({ address }) => `${address} is read-only: principals are made on the primary.`,
  },
};

/** Wraps whatever a step ended with; a `ProvisionError` stays what it is. Server words go to `detail` only. */
export function explained(cause: unknown, where: Where): ProvisionError {
  if (cause instanceof ProvisionError) return cause;
  const code = codeOf(cause);
  const words = BY_CODE[code];
  const said = cause instanceof Error ? cause.message : String(cause);
  if (words !== undefined) {
    const own = isSqlState(code) ? ` (SQLSTATE ${code}: ${said})` : '';
    return new ProvisionError(words.person, code, `${words.operator(where)}${own}`, cause);
  }
  const what = isSqlState(code) ? `SQLSTATE ${code}` : code;
  return new ProvisionError(
    'The database refused a step of this.',
    code,
    `${where.address} refused: ${what}: ${said}`,
    cause,
  );
}

/** SQLSTATE, errno or OpenSSL's code; `unknown` where there is none. */
export function codeOf(error: unknown): string {
  if (error instanceof ProvisionError) return error.code;
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return 'unknown';
}

const isSqlState = (code: string) => /^[0-9A-Z]{5}$/.test(code);

/**
 * Somebody else changed the same catalog rows at the same moment (another reconciler, a DBA): look again and go on.
 * XX000 is what PostgreSQL answers to two GRANTs on one object ("tuple concurrently updated").
 */
export function isConcurrentChange(error: unknown): boolean {
  return ['XX000', '40001', '40P01', '23505', '42710', '42704', '42P01', '3F000', '42883'].includes(codeOf(error));
}
