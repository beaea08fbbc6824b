import { join } from 'node:path';
import type { Place } from '../place.ts';
import type { Product } from '../product.ts';

export const POSTGRESQL: Product = {
  name: 'PostgreSQL',
  accounts: ['tidegate', 'postgres', 'nobody'],
  program: 'postgres',
  pidFile: 'postmaster.pid',
  logFile: 'postgresql.log',
  ready: 'database system is ready to accept connections',
  endings: { fast: 'SIGINT', immediate: 'SIGQUIT' },
  socketFile: (port) => `.s.PGSQL.${port}`,
};

export const serverConfFile = (place: Place) => join(place.root, 'postgresql.conf');
export const accessRulesFile = (place: Place) => join(place.root, 'pg_hba.conf');
