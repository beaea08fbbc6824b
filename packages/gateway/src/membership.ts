/** Who this gateway is when it starts: what it was, or, with a join token, what it becomes. */
import { createHash, X509Certificate } from 'node:crypto';
import { LINK_PATHS, parseJoinToken } from '@tidegate/contract';
import { LinkHttp, parseAddress, UnreachableError } from './link/http.ts';
import { type Identity, readIdentity, writeIdentity } from './link/identity.ts';
import { join } from './link/join.ts';

/**
 * The identity in `file`, if the control plane that the token (if any) is from still knows it; else the one that the
 * token buys, kept in `file`. A supervisor gives a fresh token at each start, so that a gateway whose control plane was
 * set up anew joins it without a person's help. Throws with words for an operator.
 */
export async function becomeMember(file: string, token: string | null, names: readonly string[]): Promise<Identity> {
  const known = readIdentity(file);
  if (token === null) {
    if (known !== null) return known;
    throw new Error(
      'this gateway has not joined a control plane: make a token there with `tidegate gateways join-token NAME`, and give it as TIDEGATE_JOIN_TOKEN',
    );
  }
  const moved = known === null ? null : atAddressOf(known, token);
  if (moved !== null && (await isWelcome(moved))) {
    if (moved.address !== known?.address) writeIdentity(file, moved);
    return moved;
  }
  const fresh = await join(token, names);
  writeIdentity(file, fresh);
  return fresh;
}

/** The same identity at the token's address; null: the token is another authority's. */
function atAddressOf(identity: Identity, token: string): Identity | null {
  const parts = parseJoinToken(token);
  const pinned = createHash('sha256').update(new X509Certificate(identity.ca).raw).digest('hex');
  return parts?.fingerprint === pinned ? { ...identity, address: parts.address } : null;
}

/** False only when the control plane answers that it does not know us. */
async function isWelcome(identity: Identity): Promise<boolean> {
  if (new X509Certificate(identity.certificate).validToDate.getTime() < Date.now()) return false;
  const { ca, key, certificate: cert } = identity;
  const http = new LinkHttp(parseAddress(identity.address), { ca, key, cert });
  try {
    const { status } = await http.send('GET', `${LINK_PATHS.streams}/${identity.gateway}.start.main`);
    return status !== 401 && status !== 403;
  } catch (error) {
    if (error instanceof UnreachableError) return true;
    throw error;
  } finally {
    http.close();
  }
}
