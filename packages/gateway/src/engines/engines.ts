/** The engines whose clients the relay lets through. One line each. */
import type { Buffer } from 'node:buffer';
import type { Engine } from '@tidegate/core';
import type { RelayEngine } from '../relay/engine.ts';
import { postgresEngine } from './postgres/engine.ts';

/** `mockSecret`: see `HandshakeOptions`; what each engine needs to treat unknown login names like known ones. */
export function relayEngines(mockSecret: Buffer): Readonly<Record<Engine, RelayEngine>> {
  return {
    postgres: postgresEngine(mockSecret),
  };
}
