/** MySQL 8.0 and later, MariaDB 10.6 and later, and Azure Database for MySQL. */
import type { EngineModule } from '../engine.ts';
import { mysqlRecord } from './record.ts';

export const mysql: EngineModule = {
  engine: 'mysql',
  port: { variable: 'TIDEGATE_MYSQL_PORT', standard: 7306 },
  plainOnLoopback: true,
  relay: async (mockSecret) => (await import('./engine.ts')).mysqlEngine(mockSecret),
  provisioner: async () => (await import('./principal/index.ts')).mysqlProvisioner,
  record: mysqlRecord,
  shape: null,
};
