/** MySQL and MariaDB, as the relay knows engines. */
import type { Buffer } from 'node:buffer';
import type { RelayEngine } from '../../relay/engine.ts';
import { farewellMessage, refusalMessage } from './errors.ts';
import { handshake } from './handshake.ts';
import { Servers } from './servers.ts';
import { meet } from './upstream-meet.ts';

export function mysqlEngine(mockSecret: Buffer): RelayEngine {
  const servers = new Servers(meet);
  return {
    engine: 'mysql',
    saysGoodbye: true,
    accept: (arrival) => handshake(arrival, { mockSecret, servers }),
    resources: (all) => servers.resources(all),
    refusal: refusalMessage,
    farewell: farewellMessage,
  };
}
