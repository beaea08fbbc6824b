/** PostgreSQL 14 and later, and Azure Database for PostgreSQL. */
import type { EngineModule } from '../engine.ts';
import { postgresRecord } from './record.ts';

export const postgres: EngineModule = {
  engine: 'postgres',
  port: { variable: 'TIDEGATE_POSTGRES_PORT', standard: 7432 },
  plainOnLoopback: true,
  relay: async (mockSecret) => (await import('./engine.ts')).postgresEngine(mockSecret),
  provisioner: async () => (await import('./principal/index.ts')).postgresProvisioner,
  record: postgresRecord,
  shape: async () => (await import('./fingerprint.ts')).loadShape(),
};
