/** SQL Server and Azure SQL, as the relay knows engines. */
import type { Buffer } from 'node:buffer';
import type { RelayEngine } from '../../relay/engine.ts';
import { farewellMessage, refusalMessage } from './errors.ts';
import { handshake } from './handshake.ts';

export function sqlserverEngine(mockSecret: Buffer): RelayEngine {
  return {
    engine: 'sqlserver',
    saysGoodbye: false,
    accept: (arrival) => handshake(arrival, { mockSecret }),
    refusal: refusalMessage,
    farewell: farewellMessage,
  };
}
