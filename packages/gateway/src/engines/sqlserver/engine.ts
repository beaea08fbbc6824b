/** SQL Server and Azure SQL, as the relay knows engines. */
import type { Buffer } from 'node:buffer';
import type { ResourceName } from '@tidegate/core';
import type { RelayEngine } from '../../relay/engine.ts';
import { farewellMessage, refusalMessage } from './errors.ts';
import { handshake } from './handshake.ts';

export function sqlserverEngine(mockSecret: Buffer): RelayEngine {
  const strict = new Set<ResourceName>();
  return {
    engine: 'sqlserver',
    saysGoodbye: false,
    accept: (arrival) => handshake(arrival, { mockSecret, strict }),
    refusal: refusalMessage,
    farewell: farewellMessage,
  };
}
