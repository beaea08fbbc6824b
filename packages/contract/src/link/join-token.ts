/**
 * The join token's text: all that a new gateway needs, in one string that a person can copy. It carries where to dial
 * and the fingerprint of the authority, so that the gateway knows whom it talks to before it gives the secret away.
 */

export interface JoinTokenParts {
  /** `host:port` or `[v6]:port` of the link's listener. */
  readonly address: string;
  /** Hex SHA-256 of the authority's certificate (DER), lower case. */
  readonly fingerprint: string;
  /** Goes into `join.token`; good once. */
  readonly secret: string;
}

const TOKEN = /^tgj1\.([0-9a-z]{20,64})\.([0-9a-f]{64})\.([^\s/@]{3,300}:[0-9]{1,5})$/;

export const formatJoinToken = (parts: JoinTokenParts): string =>
  `tgj1.${parts.secret}.${parts.fingerprint}.${parts.address}`;

/** null: not a join token. */
export function parseJoinToken(text: string): JoinTokenParts | null {
  const match = TOKEN.exec(text.trim());
  if (match === null) return null;
  const [, secret = '', fingerprint = '', address = ''] = match;
  return { address, fingerprint, secret };
}
