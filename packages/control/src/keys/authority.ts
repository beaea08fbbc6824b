/**
 * The authority of this installation: it vouches for the link's listener to gateways, for gateways to the link, and for
 * the gateways' own listeners to database clients. One ECDSA P-256 key, made once, sealed in the store.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { LINK_SERVER_NAME } from '@tidegate/contract';
import { type GatewayId, TidegateError } from '@tidegate/core';
import type { Reader } from '../store/schema.ts';
import { keyPairOf } from './made-once.ts';
import type { Sealer } from './seal.ts';

/** How long a gateway's certificates are good. It renews at two thirds of that. */
export const GATEWAY_CERTIFICATE_LIFE = Temporal.Duration.from({ hours: 30 * 24 });
const AUTHORITY_LIFE = Temporal.Duration.from({ hours: 20 * 365 * 24 });

export interface IssuedIdentity {
  /** Opens the link; CN is the gateway's id. PEM. */
  readonly certificate: string;
  /** The client certificate's serial number, lower-case hex: the link lets in no other. */
  readonly serial: string;
  readonly notAfter: Temporal.Instant;
  /** For the gateway's database listeners, under the names it gave; for the same key. PEM. */
  readonly listenerCertificate: string;
}

export interface Authority {
  /** PEM. */
  readonly certificate: string;
  /** Hex SHA-256 of the certificate, which join tokens carry. */
  readonly fingerprint: string;
  /** What the link's listener shows, on every control plane: certificate and key, PEM. */
  readonly link: { readonly certificate: string; readonly key: string };
  /** Signs a gateway's request (PKCS #10, PEM). Throws `invalid_input` for a bad request or an unsafe name. */
  issue(gateway: GatewayId, csr: string, names: readonly string[], now: Temporal.Instant): Promise<IssuedIdentity>;
}

/** The store's authority; the very first call makes it. */
export async function openAuthority(db: Reader, sealer: Sealer, now: Temporal.Instant): Promise<Authority> {
  const validity = { from: now, until: now.add(AUTHORITY_LIFE) };
  const root = await keyPairOf(db, sealer, 'authority', now, async () => {
    const made = await (await certificates()).makeAuthority('Tidegate', validity);
    return { public: made.certificate, private: made.key };
  });
  const authority = { certificate: root.public, key: root.private };
  const link = await keyPairOf(db, sealer, 'link', now, async () => {
    const made = await (await certificates()).makeServer(authority, [LINK_SERVER_NAME], validity);
    return { public: made.certificate, private: made.key };
  });

  return {
    certificate: root.public,
    fingerprint: createHash('sha256').update(new X509Certificate(root.public).raw).digest('hex'),
    link: { certificate: link.public, key: link.private },

    async issue(gateway, csr, names, at) {
      const { checkRequest, issueClient, issueServer } = await certificates();
      const request = await checkRequest(csr);
      const listenerNames = [...new Set(names.map(safeName))];
      if (listenerNames.length === 0) {
        throw new TidegateError('invalid_input', 'A gateway must give at least one name of its listener.');
      }
      const until = at.add(GATEWAY_CERTIFICATE_LIFE);
      const client = await issueClient(authority, request, gateway, { from: at, until });
      const listener = await issueServer(authority, request, gateway, listenerNames, { from: at, until });
      return {
        certificate: client.certificate,
        serial: client.serial,
        notAfter: until,
        listenerCertificate: listener.certificate,
      };
    },
  };
}

/** Loaded when it is needed: see there. */
const certificates = () => import('./certificates.ts');

const HOST_NAME = /^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/;
/** The control planes' own names: no gateway may answer to one. */
const RESERVED = LINK_SERVER_NAME.slice(LINK_SERVER_NAME.indexOf('.'));

/** A host name or an address that a gateway's listener may go by: no wildcard, nothing that is a control plane's. */
function safeName(name: string): string {
  if (isIP(name) !== 0) return name;
  const plain = name.toLowerCase();
  if (HOST_NAME.test(plain) && !`.${plain}`.endsWith(RESERVED)) return plain;
  throw new TidegateError(
    'invalid_input',
    `A gateway’s listener cannot be named ${JSON.stringify(name)}.`,
    'Give host names or IP addresses, no wildcards.',
  );
}
