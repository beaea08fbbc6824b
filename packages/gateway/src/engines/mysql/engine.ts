/** MySQL and MariaDB, as the relay knows engines. */
import type { Buffer } from 'node:buffer';
import type { RelayEngine } from '../../relay/engine.ts';
import { farewellMessage, refusalMessage } from './errors.ts';
import { handshake } from './handshake.ts';
import { Servers } from './servers.ts';

export function mysqlEngine(mockSecret: Buffer): RelayEngine {
  const servers = new Servers();
  return {
    engine: 'mysql',
    accept: (arrival) => handshake(arrival, { mockSecret, servers }),
    refusal: refusalMessage,
    farewell: farewellMessage,
  };
}
