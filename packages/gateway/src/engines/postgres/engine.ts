/** PostgreSQL, as the relay knows engines. */
import type { Buffer } from 'node:buffer';
import type { RelayEngine } from '../../relay/engine.ts';
import { farewellMessage, refusalMessage } from './errors.ts';
import { handshake } from './handshake.ts';
import { UpstreamKeys } from './upstream-keys.ts';

export function postgresEngine(mockSecret: Buffer): RelayEngine {
  const keys = new UpstreamKeys();
  return {
    engine: 'postgres',
    saysGoodbye: true,
    accept: (arrival) => handshake(arrival, { keys, mockSecret }),
    refusal: refusalMessage,
    farewell: farewellMessage,
  };
}
