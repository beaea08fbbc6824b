/**
 * Who is at the other end of the link. TLS has checked that our authority signed the certificate and that it is of this
 * time; here the store says that we issued it to a gateway, and have not taken it back. Every doubt is a refusal.
 */
import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { type GatewayId, reached, TidegateError } from '@tidegate/core';
import type { Reader } from '../store/schema.ts';

/** A gateway, known by its certificate. */
export interface LinkCaller {
  readonly gateway: GatewayId;
  readonly name: string;
  /** Of the certificate it showed. */
  readonly serial: string;
}

/** Throws `unauthenticated` without a good certificate of ours, `forbidden` for one that was taken back. */
export async function callerOf(db: Reader, socket: TLSSocket, now: Temporal.Instant): Promise<LinkCaller> {
  const certificate = socket.getPeerX509Certificate();
  if (!socket.authorized || certificate === undefined) {
    throw new TidegateError(
      'unauthenticated',
      'The link takes only gateways with a good certificate of this installation.',
      'Join again with a new token: tidegate gateway --join-file FILE.',
      String(socket.authorizationError ?? 'no certificate'),
    );
  }
  const serial = certificate.serialNumber.toLowerCase();
  const known = await db
    .selectFrom('gatewayCertificates as certificate')
    .innerJoin('gateways', 'gateways.id', 'certificate.gateway')
    .select(['gateways.id', 'gateways.name', 'gateways.revokedAt as gatewayRevokedAt'])
    .select(['certificate.revokedAt', 'certificate.notAfter'])
    .where('certificate.serial', '=', serial)
    .executeTakeFirst();
  const good =
    known !== undefined &&
    known.revokedAt === null &&
    known.gatewayRevokedAt === null &&
    // A resumed TLS session may be older than its certificate's end.
    !reached(known.notAfter, now) &&
    commonNameOf(certificate) === known.id;
  if (!good) {
    throw new TidegateError(
      'forbidden',
      'This gateway’s certificate is not good any more.',
      'Join again with a new token: tidegate gateway --join-file FILE.',
      { serial },
    );
  }
  return { gateway: known.id, name: known.name, serial };
}

const commonNameOf = ({ subject }: X509Certificate): string | undefined =>
  subject
    .split('\n')
    .find((line) => line.startsWith('CN='))
    ?.slice('CN='.length);
