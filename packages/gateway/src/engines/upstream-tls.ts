/** How a driver holds a database's certificate to the resource's `tls`. */
import tls from 'node:tls';
import type { DesiredResource } from '@tidegate/contract';

export interface Verification {
  readonly ca?: string;
  readonly minVersion: 'TLSv1.2';
  readonly rejectUnauthorized: true;
  readonly checkServerIdentity: typeof tls.checkServerIdentity;
}

/** TLS is never without verification: `verify-ca` leaves out the name only. null: none is wanted. */
export function verificationFor({ address, tls: wanted }: DesiredResource): Verification | null {
  if (wanted.mode === 'disable' || 'socket' in address) return null;
  return {
    ...(wanted.ca === null ? {} : { ca: wanted.ca }),
    minVersion: 'TLSv1.2',
    rejectUnauthorized: true,
    checkServerIdentity: (host, certificate) =>
      wanted.mode === 'verify-ca' ? undefined : tls.checkServerIdentity(wanted.serverName ?? host, certificate),
  };
}
