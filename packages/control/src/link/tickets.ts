/**
 * A ticket is answered to its person only when a gateway can let it in (docs/ARCHITECTURE.md, Desired state): every
 * relay worker of that gateway knows it, and the grant's principal can log in.
 */
import type { GatewayId, TicketId } from '@tidegate/core';

/** Where a ticket can be used. */
export interface TicketPlace {
  readonly gateway: GatewayId;
  /** The gateway's name, for people. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** PEM of the authority behind the gateway's listener certificate. */
  readonly ca: string;
  /** False where the listener is on loopback and takes the protocol without TLS. */
  readonly tlsRequired: boolean;
}

/**
 * Waits until a connected gateway knows the ticket and its grant is open, whichever control plane holds that gateway's
 * link. Throws `gateway_unavailable` when `timeoutMs` pass first, and `signal`'s reason when it is aborted.
 */
export type WaitForTicket = (
  ticket: TicketId,
  options: { readonly timeoutMs: number; readonly signal: AbortSignal },
) => Promise<TicketPlace>;
