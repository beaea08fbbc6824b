/**
 * What went wrong with a database, told by code alone: the server's own, errno and OpenSSL's from the network. The words
 * of a server are in its own language, so they are passed on to the operator's log and never looked at. Each engine adds
 * its server's codes.
 */
import { ProvisionError } from './provisioner.ts';

/** Where it went wrong, as an operator would say it. */
export interface Where {
  /** `host:port` or the socket's path. */
  readonly address: string;
  readonly user: string;
  readonly database: string;
}

export interface Words {
  /** For the person who waits: no names of servers or accounts. */
  readonly person: string;
  readonly operator: (where: Where) => string;
}

export const PERSON = {
  unreachable: 'The database cannot be reached at the moment.',
  refused: "The database refuses Tidegate's administrator.",
  busy: 'The database is too busy at the moment.',
  untrusted: "The database's certificate cannot be trusted.",
  lacking: "Tidegate's administrator lacks a privilege in the database.",
  missing: 'A database of this resource does not exist.',
  readOnly: 'The database is read-only at the moment.',
} as const;

export const unreachable = (why: string): Words => ({
  person: PERSON.unreachable,
  operator: ({ address }) => `Cannot reach ${address}: ${why}.`,
});
const untrusted = (why: string): Words => ({
  person: PERSON.untrusted,
  operator: ({ address }) =>
    `The TLS certificate of ${address} is refused: ${why}. Check the resource's tls.ca and tls.serverName.`,
});

/** errno, words of ours for what a driver says without a code, OpenSSL's codes and Node's check of names. */
export const NETWORK_WORDS: Readonly<Record<string, Words>> = {
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
  deadline: { person: PERSON.busy, operator: ({ address }) => `${address} did not answer a statement in time.` },
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted('it is self-signed'),
  SELF_SIGNED_CERT_IN_CHAIN: untrusted('its authority is not known here'),
  UNABLE_TO_GET_ISSUER_CERT: untrusted('its authority is not known here'),
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted('its authority is not known here'),
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted('its authority is not known here'),
  CERT_HAS_EXPIRED: untrusted('it has expired'),
  CERT_NOT_YET_VALID: untrusted('it is not valid yet'),
  ERR_TLS_CERT_ALTNAME_INVALID: untrusted('it is for another name'),
};

/** How an engine's server tells its codes: `SQLSTATE 42501`, `error 15138`; null: this code is not the server's. */
export type CodeName = (code: string) => string | null;

/** Wraps whatever a step ended with; a `ProvisionError` stays what it is. Server words go to `detail` only. */
export function explainedBy(
  words: Readonly<Record<string, Words>>,
  nameOf: CodeName,
  cause: unknown,
  where: Where,
): ProvisionError {
  if (cause instanceof ProvisionError) return cause;
  const code = codeOf(cause);
  const known = words[code] ?? NETWORK_WORDS[code];
  const said = cause instanceof Error ? cause.message : String(cause);
  const name = code in NETWORK_WORDS ? null : nameOf(code);
  if (known !== undefined) {
    const own = name === null ? '' : ` (${name}: ${said})`;
    return new ProvisionError(known.person, code, `${known.operator(where)}${own}`, cause);
  }
  return new ProvisionError(
    'The database refused a step of this.',
    code,
    `${where.address} refused: ${name ?? code}: ${said}`,
    cause,
  );
}

/** The server's code, errno or OpenSSL's; `unknown` where there is none. */
export function codeOf(error: unknown): string {
  if (error instanceof ProvisionError) return error.code;
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return 'unknown';
}
