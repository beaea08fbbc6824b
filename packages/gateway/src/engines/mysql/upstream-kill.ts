/** KILL towards the real server: a connection of its own, as the same principal, that says one thing and is closed. */
import { Buffer } from 'node:buffer';
import { mysql } from '@tidegate/wire';
import type { CancelScope } from '../../relay/engine.ts';
import { sameServer } from '../../relay/upstream.ts';
import type { RelayGrant, RelayResource } from '../../worker-protocol.ts';
import { addressOf } from './address.ts';
import { connectUpstream } from './upstream.ts';

/** The database may be out of reach; whoever asked is not kept waiting for that. */
const KILL_MS = 5_000;
/** "Unknown thread id": what was to be killed is over. */
const UNKNOWN_THREAD = 1094;
const UTF8MB4_GENERAL_CI = 45;
const MAX_PACKET = 2 ** 24;

export interface KillTarget {
  readonly resource: RelayResource;
  readonly grant: RelayGrant;
  /** Of the session's own connection: a name may lead to several servers. */
  readonly remoteAddress: string;
  /** The server's number of it. */
  readonly thread: number;
}

/** Resolves when the server has answered; rejects when it refuses, or takes too long. */
export async function killUpstream(target: KillTarget, scope: CancelScope): Promise<void> {
  const { resource, grant, remoteAddress, thread } = target;
  const signal = AbortSignal.timeout(KILL_MS);
  const { socket, exchange, begin } = await connectUpstream({
    resource,
    grant,
    address: sameServer(addressOf(resource), remoteAddress),
    database: '',
    session: { capabilities: mysql.Capability.protocol41, mariadbCapabilities: 0 },
    collation: UTF8MB4_GENERAL_CI,
    maxPacket: MAX_PACKET,
    attributes: new Map(),
    signal,
  });
  try {
    begin();
    const kill = scope === 'statement' ? 'KILL QUERY' : 'KILL';
    exchange.send(Buffer.concat([Buffer.of(mysql.Command.query), Buffer.from(`${kill} ${thread}`)]));
    const answer = await exchange.receive();
    if (answer[0] === 0xff) {
      const { number, state } = mysql.readError(answer);
      if (number !== UNKNOWN_THREAD) throw new Error(`the database refused to kill: ${number} (${state})`);
    }
    begin();
    exchange.send(Buffer.of(mysql.Command.quit));
    socket.end();
  } finally {
    exchange.leave();
    socket.destroy();
  }
}
