/** MySQL 5.7 and later, MariaDB 10.2 and later, and Azure Database for MySQL. */
import type { EngineModule } from '../engine.ts';
import { ProvisionError } from '../provisioner.ts';
import { mysqlRecord } from './record.ts';

export const mysql: EngineModule = {
  engine: 'mysql',
  port: { variable: 'TIDEGATE_MYSQL_PORT', standard: 7306 },
  plainOnLoopback: true,
  relay: async (mockSecret) => (await import('./engine.ts')).mysqlEngine(mockSecret),
  provisioner: () => Promise.reject(new ProvisionError('this gateway makes no principals on MySQL', 'not_supported')),
  record: mysqlRecord,
  shape: null,
};
