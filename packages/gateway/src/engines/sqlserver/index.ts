/** SQL Server 2016 and later, Azure SQL Database and Managed Instance. */
import type { EngineModule } from '../engine.ts';
import { sqlserverRecord } from './record.ts';

export const sqlserver: EngineModule = {
  engine: 'sqlserver',
  port: { variable: 'TIDEGATE_SQLSERVER_PORT', standard: 7433 },
  plainOnLoopback: false,
  relay: async (mockSecret) => (await import('./engine.ts')).sqlserverEngine(mockSecret),
  provisioner: async () => (await import('./principal/index.ts')).sqlserverProvisioner,
  record: sqlserverRecord,
  shape: null,
};
