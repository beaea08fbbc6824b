import { join } from 'node:path';
import type { Place } from '../place.ts';
import type { Product } from '../product.ts';

export const MARIADB: Product = {
  name: 'MariaDB',
  accounts: ['tidegate', 'mysql', 'nobody'],
  program: 'mariadbd',
  pidFile: 'mariadbd.pid',
  logFile: 'mariadb.log',
  ready: 'ready for connections',
  // It heeds no SIGINT, and has no way to end at once but being killed: InnoDB recovers at the next start.
  endings: { fast: 'SIGTERM', immediate: 'SIGKILL' },
  socketFile: () => 'mariadb.sock',
};

export const optionsFile = (place: Place) => join(place.root, 'mariadb.cnf');
