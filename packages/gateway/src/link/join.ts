/**
 * Joining: a one-time token becomes an identity of this gateway's own. The token names the authority by its fingerprint,
 * so that the secret in it is given to nobody else.
 */
import { createHash, KeyObject, webcrypto, X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { joined, LINK_PATHS, parseJoinToken } from '@tidegate/contract';
import type { z } from 'zod';
import { type LinkAddress, LinkHttp, parseAddress, refusalOf, tlsOptions } from './http.ts';
import { type Identity, renewAt } from './identity.ts';

const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const CONNECT_TIMEOUT_MS = 10_000;

/** The join was refused, and trying again with the same token won't help. The message is for people, without the token. */
export class JoinRefusedError extends Error {
  override readonly name = 'JoinRefusedError';
}

/**
 * Trades the token for an identity. `listenerNames`: host names and addresses under which clients reach this gateway.
 * Rejects with `JoinRefusedError`, or `UnreachableError` when trying again may help.
 */
export async function join(token: string, listenerNames: readonly string[]): Promise<Identity> {
  const parts = parseJoinToken(token);
  if (parts === null)
    throw new JoinRefusedError('That is not a join token: make one with `tidegate gateways join-token NAME`.');
  const address = parseAddress(parts.address);
  const ca = await authorityOf(address, parts.fingerprint);
  const { key, csr } = await makeRequest();
  const http = new LinkHttp(address, { ca });
  try {
    const answer = await http.send('POST', LINK_PATHS.join, {
      type: 'application/json',
      bytes: JSON.stringify({ token: parts.secret, csr, listenerNames }),
    });
    if (answer.status !== 200) throw new JoinRefusedError(`The control plane refused the join: ${refusalOf(answer)}`);
    return identityOf(joined.parse(JSON.parse(answer.body)), parts.address, key, ca);
  } finally {
    http.close();
  }
}

/** New certificates for a new key, while the old ones are good. Rejects like `join`. */
export async function renewIdentity(identity: Identity, listenerNames: readonly string[]): Promise<Identity> {
  const { key, csr } = await makeRequest();
  const tls = { ca: identity.ca, key: identity.key, cert: identity.certificate };
  const http = new LinkHttp(parseAddress(identity.address), tls);
  try {
    const answer = await http.send('POST', LINK_PATHS.renew, {
      type: 'application/json',
      bytes: JSON.stringify({ csr, listenerNames }),
    });
    if (answer.status !== 200) throw new JoinRefusedError(`The renewal was refused: ${refusalOf(answer)}`);
    return identityOf(joined.parse(JSON.parse(answer.body)), identity.address, key, identity.ca);
  } finally {
    http.close();
  }
}

function identityOf(answer: z.infer<typeof joined>, address: string, key: string, pinned: string): Identity {
  const { gateway, name, certificate, listenerCertificate } = answer;
  const authority = new X509Certificate(pinned);
  for (const pem of [certificate, listenerCertificate]) {
    const issued = new X509Certificate(pem);
    if (!issued.verify(authority.publicKey)) {
      throw new JoinRefusedError('The control plane answered with a certificate that its authority has not signed.');
    }
  }
  const identity = { gateway, name, address, key, certificate, listenerCertificate, ca: pinned };
  if (!Number.isFinite(renewAt(identity))) throw new JoinRefusedError('The certificate has no dates.');
  return identity;
}

/**
 * The authority's certificate, as the listener shows it at the end of its chain, held against the fingerprint. This one
 * connection verifies nothing else: nothing is sent over it.
 */
function authorityOf(address: LinkAddress, fingerprint: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const options = { ...tlsOptions(address, { ca: '' }), ca: undefined, rejectUnauthorized: false };
  const socket = connect(options, () => {
    let certificate = socket.getPeerX509Certificate();
    const seen = new Set<string>();
    while (certificate !== undefined && !seen.has(certificate.fingerprint256)) {
      seen.add(certificate.fingerprint256);
      if (createHash('sha256').update(certificate.raw).digest('hex') === fingerprint) {
        resolve(certificate.toString());
        socket.destroy();
        return;
      }
      certificate = certificate.issuerCertificate;
    }
    socket.destroy();
    reject(
      new JoinRefusedError(
        `What answers at ${address.host}:${address.port} is not the control plane that made this token.`,
      ),
    );
  });
  socket.setTimeout(CONNECT_TIMEOUT_MS, () => socket.destroy(new Error('no answer in time')));
  socket.on('error', (error) => {
    const { host, port } = address;
    reject(new JoinRefusedError(`The control plane cannot be reached at ${host}:${port}: ${error.message}`));
  });
  return promise;
}

/** A new P-256 key (PKCS #8 PEM) and a PKCS #10 request that proves we hold it. */
async function makeRequest(): Promise<{ key: string; csr: string }> {
  // Slow to load, and needed only here.
  await import('reflect-metadata');
  const { Pkcs10CertificateRequestGenerator } = await import('@peculiar/x509');
  const keys = await webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify']);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: ['tidegate-gateway'] }],
    keys,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
  });
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString();
  return { key, csr: request.toString('pem') };
}
