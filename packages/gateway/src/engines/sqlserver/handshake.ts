/** A SQL Server client from its connection to an open session. Nothing tells it that it is in before there is a permit. */
import type { Buffer } from 'node:buffer';
import type { ResourceName } from '@tidegate/core';
import { ProtocolError, sqlserver } from '@tidegate/wire';
import type { Arrival } from '../../relay/arrival.ts';
import type { Ready } from '../../relay/engine.ts';
import { refusedFor } from '../../relay/refusal.ts';
import { admit } from './admission.ts';
import { greeting } from './greeting.ts';
import { open } from './opening.ts';
import { connectUpstream } from './upstream.ts';

export interface HandshakeOptions {
  /** Stands in for the verifiers of login names that are nobody's. */
  readonly mockSecret: Buffer;
  /** Resources whose servers want TLS first (`reach.ts`). */
  readonly strict: Set<ResourceName>;
}

export async function handshake(arrival: Arrival, options: HandshakeOptions): Promise<Ready> {
  try {
    return await session(arrival, options);
  } catch (error) {
    throw error instanceof ProtocolError ? refusedFor(error) : error;
  }
}

async function session(arrival: Arrival, { mockSecret, strict }: HandshakeOptions): Promise<Ready> {
  const opening = await open(arrival);
  const permit = await admit(arrival, opening, mockSecret);
  const { resource, grant, attempt } = permit;
  const { login, client } = opening;
  const upstream = await connectUpstream({
    resource,
    grant,
    database: attempt.database,
    login,
    strict,
    signal: arrival.signal,
  });
  try {
    return {
      permit,
      client: arrival.socket,
      server: upstream.socket,
      greeting: greeting(permit, opening, upstream),
      takeOver: () => ({ fromClient: client.leave(), fromServer: upstream.exchange.leave() }),
      ...sessionParts(login.version, upstream.version),
    };
  } catch (error) {
    upstream.socket.destroy();
    throw error;
  }
}

/** A function of its own, since its parts live as long as the session and would keep alive whatever they were made beside. */
function sessionParts(
  clients: number,
  version: number,
): Pick<Ready, 'walker' | 'cancelUpstream' | 'answer' | 'version'> {
  return {
    walker: (sink) => new sqlserver.SqlServerSession(sink, { version }),
    // There is no other connection to ask on, and this one's stream may stand within a message. A server that loses its
    // client stops what it runs for it, and losing it is what comes next.
    cancelUpstream: () => Promise.resolve(),
    answer: null,
    version: clients,
  };
}
