import { setTimeout as delay } from 'node:timers/promises';
import { type Client, type Connection, type GrantView, Refusal } from '@tidegate/contract';
import { safe } from '../layout.ts';

const WAIT_SECONDS = 60;
const RETRY_MS = 5_000;

/**
 * Resolves when the connection's grant is over, with what to tell the person. It follows extensions and notices a revoke;
 * while Tidegate can't be asked (away, or this login is over) the end it last named counts: the gateway keeps it anyway.
 */
export async function grantOver(
  client: Client,
  { grant: id, expiresAt }: Connection,
  signal: AbortSignal,
): Promise<string> {
  let end = Date.parse(expiresAt);
  for (let wait = 0; ; wait = WAIT_SECONDS) {
    try {
      const grant = await client.grant({ id, wait }, { signal });
      if (grant.state === 'closing' || grant.state === 'closed') return said(grant);
      if (grant.expiresAt !== null) end = Date.parse(grant.expiresAt);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (Date.now() > end) return 'The grant has ended.';
      await delay(RETRY_MS, undefined, { signal });
    }
  }
}

function said({ closedBecause, closedBy, comment }: GrantView): string {
  const by = closedBy === null ? '' : ` by ${safe(closedBy)}`;
  return `The grant is over: ${closedBecause ?? 'closed'}${by}${comment === null ? '' : `: ${safe(comment)}`}.`;
}
