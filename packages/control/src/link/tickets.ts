/**
 * A ticket is answered to its person only when a gateway can let it in (docs/ARCHITECTURE.md, Desired state): every
 * relay worker of that gateway knows it, and the grant's principal can log in.
 */
import { type GatewayId, type TicketId, TidegateError } from '@tidegate/core';
import { sql } from 'kysely';
import type { Authority } from '../keys/authority.ts';
import type { Reader } from '../store/schema.ts';
import { STATE_CHANNEL, type Store } from '../store/store.ts';

/** Announced at commit when a gateway knows more tickets than before. */
export const TICKETS_CHANNEL = 'tidegate_tickets';

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

export interface TicketWait {
  readonly wait: WaitForTicket;
  stop(): void;
}

/** Waiters of this control plane; woken by what any control plane announces, so nothing is asked for in between. */
export function startTicketWait(store: Store, authority: Pick<Authority, 'certificate'>): TicketWait {
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const resolve of waiting) resolve();
  };
  const deaf = [store.listen(TICKETS_CHANNEL, wake), store.listen(STATE_CHANNEL, wake)];

  /** Resolves at the next announcement, or when it is `over`. */
  const listenOnce = (over: AbortSignal): { readonly announced: Promise<void> } & Disposable => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = (): void => resolve();
    waiting.add(done);
    if (over.aborted) done();
    else over.addEventListener('abort', done, { once: true });
    return {
      announced: promise,
      [Symbol.dispose]() {
        waiting.delete(done);
        over.removeEventListener('abort', done);
      },
    };
  };

  const wait: WaitForTicket = async (ticket, { timeoutMs, signal }) => {
    const deadline = AbortSignal.timeout(timeoutMs);
    const over = AbortSignal.any([deadline, signal]);
    for (;;) {
      // Listens before it looks: what is announced in between is not missed.
      using next = listenOnce(over);
      const place = await placeOf(store.db, ticket, authority.certificate);
      if (place !== null) return place;
      signal.throwIfAborted();
      if (deadline.aborted) throw await nobodyThere(store.db);
      await next.announced;
    }
  };
  return {
    wait,
    stop() {
      for (const stop of deaf) stop();
    },
  };
}

async function placeOf(db: Reader, ticket: TicketId, authority: string): Promise<TicketPlace | null> {
  const rows = await db
    .selectFrom('knownTickets as known')
    .innerJoin('gateways', 'gateways.id', 'known.gateway')
    .innerJoin('tickets', 'tickets.id', 'known.ticket')
    .innerJoin('grants', 'grants.id', 'tickets.grant')
    .select(['gateways.id', 'gateways.name', 'gateways.listeners', 'gateways.listenerCa', 'grants.engine'])
    .where('known.ticket', '=', ticket)
    .where('tickets.revokedAt', 'is', null)
    .where('grants.state', '=', 'active')
    .where('grants.openedAt', 'is not', null)
    .where('gateways.revokedAt', 'is', null)
    .where('gateways.connection', 'is not', null)
    .where(sql<boolean>`gateways.alive_until > now()`)
    .orderBy('gateways.name')
    .execute();
  for (const { id, name, listeners, listenerCa, engine } of rows) {
    const listener = listeners.find((each) => each.engine === engine);
    if (listener === undefined) continue;
    const { host, port, tlsRequired } = listener;
    return { gateway: id, name, host, port, ca: listenerCa ?? authority, tlsRequired };
  }
  return null;
}

async function nobodyThere(db: Reader): Promise<TidegateError> {
  const connected = await db
    .selectFrom('gateways')
    .select('id')
    .where('revokedAt', 'is', null)
    .where(sql<boolean>`alive_until > now()`)
    .limit(1)
    .executeTakeFirst();
  return new TidegateError(
    'gateway_unavailable',
    connected === undefined ? 'No gateway is connected just now.' : 'No gateway could take your ticket in time.',
    'Try again in a moment; if it stays like this, tell an administrator.',
  );
}
